/**
 * What an origin sends in plain text, read by one buffer for all connections: a read, with what TLS towards the browser adds,
 * is one DATA frame and so one message to the relay. Node's own reads of 64 KiB are a frame and a crumb, and each crumb costs
 * a message, a record and a write of the relay's.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { ReadsOf } from '../dial/dial.ts';
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

/** For one connection, whose reader gets what it brings as from any other socket. */
export class OriginReads implements ReadsOf {
  #socket: Socket | undefined;

  readonly onread: OnReadOpts = {
    buffer: shared,
    callback: (length) => this.#push(length),
  };

  begin(socket: Socket): void {
    this.#socket = socket;
  }

  /** False: no more for now. */
  #push(length: number): boolean {
    return this.#socket?.push(Buffer.from(shared.subarray(0, length))) ?? false;
  }
}
