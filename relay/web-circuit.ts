/**
 * A web circuit: a browser's TCP connection and a stream to the connector, joined. As with the circuits of nodes, bytes
 * pass with back-pressure and each direction ends by itself; nothing is looked at.
 */
import type { Socket } from 'node:net';
import type { CodeName } from '../protocol/errors.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';
import { giveBackBlock } from '../protocol/mux/waiting-blocks.ts';
import type { Meter } from './rate-shares.ts';

export class WebCircuit {
  readonly isBrowsers = true;
  place: number | undefined;
  readonly #socket: Socket;
  readonly #stream: MuxStream;
  #taken = 0;

  /**
   * Joins the two, both the circuit's from now on; the connector has accepted.
   * @param over called once, when both are gone
   * @param meter where what passes is counted
   */
  constructor(socket: Socket, stream: MuxStream, over: () => void, meter: Meter) {
    this.#socket = socket;
    this.#stream = stream;
    let open = 2;
    const gone = (): void => {
      open--;
      if (open === 0) over();
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      if (!stream.write(bytes)) socket.pause();
      meter.count(bytes.length, socket, stream);
    });
    stream.on('drain', () => socket.resume());
    // Its end may have come, and been told, while nobody took it.
    if (socket.readableEnded) stream.end();
    else socket.once('end', () => stream.end());
    stream.useBlocks();
    stream.on('data', (bytes: Buffer) => {
      this.#taken += bytes.length;
      if (!socket.write(bytes, () => giveBackBlock(bytes))) stream.pause();
      meter.count(bytes.length, stream, socket);
    });
    socket.on('drain', () => stream.resume());
    stream.on('end', () => socket.end());
    socket.once('close', () => {
      // What is whole has ended in both directions; anything else was cut.
      const isWhole = socket.readableEnded && socket.writableFinished && stream.writableFinished;
      if (!isWhole) stream.reset('cancelled');
      gone();
    });
    const parted = (): void => {
      if (!stream.readableEnded || stream.errored !== null) socket.destroy();
      gone();
    };
    // A connector that refuses what it finds in the hello may have let it go in the same moment in which it accepted.
    if (stream.closed) parted();
    else stream.once('close', parted);
    socket.resume();
  }

  /** Bytes the relay holds of this circuit now. */
  get heldBytes(): number {
    const up = this.#socket.readableLength + (this.#stream.destroyed ? 0 : this.#stream.writableLength);
    const waiting = this.#stream.destroyed ? 0 : this.#stream.bytesReceived - this.#taken;
    return up + waiting + (this.#socket.destroyed ? 0 : this.#socket.writableLength);
  }

  /** Ends it on both sides. */
  cut(code: CodeName): void {
    this.#stream.reset(code);
    this.#socket.destroy();
  }
}
