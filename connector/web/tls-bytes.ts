/**
 * A stream in the shape in which `TLSSocket` uses one, and no more than that. TLS copies what it is given at once, so what
 * arrives is lent to it; and it waits until its bytes have gone out, so they go past the queue of node:stream. Both are done
 * for each request of a kept connection.
 */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { MuxStream } from '../../protocol/mux/stream.ts';

/** For the `TLSSocket` that `stream` belongs to from now on; nobody else reads or writes it. */
export function tlsBytes(stream: MuxStream): Duplex {
  return new TlsBytes(stream) as unknown as Duplex;
}

class TlsBytes extends EventEmitter {
  readonly allowHalfOpen = true;
  readonly readable = true;
  readonly writable = true;
  readonly #stream: MuxStream;

  constructor(stream: MuxStream) {
    super();
    this.#stream = stream;
    stream.pause();
    stream.onLentData((bytes) => this.emit('data', bytes));
    stream.on('error', (error) => this.emit('error', error));
    stream.once('end', () => this.emit('end'));
    stream.once('close', () => this.emit('close'));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  write(bytes: Buffer, written: (error?: Error | null) => void): void {
    this.#stream.writeNext(bytes, written);
  }

  /** Each piece goes out when it can, whatever comes after it. */
  cork(): void {}
  uncork(): void {}

  end(ended: () => void): void {
    this.#stream.end(ended);
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
