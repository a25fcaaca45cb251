/**
 * What an origin sends in plain text, read by one buffer for all connections: a read, with what TLS towards the browser adds,
 * is one DATA frame and so one message to the relay. Node's own reads of 64 KiB are a frame and a crumb, and each crumb costs
 * a message, a record and a write of the relay's.
 */
import { Socket } from 'node:net';
import { maxDataBytes } from '../../protocol/mux/frames.ts';

/** A TLS record carries at most this much (RFC 8446 §5.1), … */
const tlsRecordBytes = 16 * 1_024;
/** … and adds at most this much by the suites of the door: header, explicit nonce of TLS 1.2 or type of 1.3, and tag. */
const tlsOverheadBytes = 5 + 8 + 16;
/** A chunked answer (RFC 9112 §7.1) has the length before each chunk and a line's end after it. */
const chunkOverheadBytes = 12;

/** The most that is read at once. */
export const originReadBytes =
  maxDataBytes - Math.ceil(maxDataBytes / tlsRecordBytes) * tlsOverheadBytes - chunkOverheadBytes;

/** A read is copied out of it at once, so no two connections use it at a time. */
const shared = Buffer.allocUnsafeSlow(originReadBytes);

/**
 * A connection to an origin. Whoever waits for `readable` is handed what was read there and then, past the queue of
 * node:stream; for any other reader it is like every socket.
 */
export class OriginSocket extends Socket {
  /** What is being handed over; null once it is taken. */
  #handed: Buffer | null | undefined;

  constructor() {
    super({
      allowHalfOpen: true,
      onread: { buffer: shared, callback: (length) => this.#take(length) },
    });
  }

  override read(size?: number): Buffer | null {
    const handed = this.#handed;
    if (handed === undefined || size !== undefined) return super.read(size) as Buffer | null;
    this.#handed = null;
    return handed;
  }

  /** False: no more for now. */
  #take(length: number): boolean {
    const bytes = Buffer.from(shared.subarray(0, length));
    if (this.readableFlowing !== false || this.readableLength > 0) return this.push(bytes);
    this.#handed = bytes;
    this.emit('readable');
    const isTaken = this.#handed === null;
    this.#handed = undefined;
    return isTaken || this.push(bytes);
  }
}
