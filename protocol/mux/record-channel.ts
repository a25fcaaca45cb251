/**
 * What a mux stands on: something that carries whole records in order, each holding one or more whole frames. The
 * tunnel's link seals them; the hop sends each as one WebSocket message. Back-pressure in both directions.
 */
import type { Fault } from '../errors.ts';

export interface RecordEvents {
  /** One record: whole frames. The bytes are the receiver's from now on; the channel never touches them again. */
  record(bytes: Buffer): void;
  /** After `send` returned false: room again. */
  drain(): void;
  /** Called once, also after an own close. */
  closed(fault: Fault): void;
}

export interface RecordChannel {
  /** Bytes left free before the payload in every buffer given to `send`, for the channel's own header. */
  readonly headroom: number;
  /** Bytes left free behind the payload, for the channel's tag. */
  readonly tailroom: number;
  /** Most payload bytes of one record; at least one whole frame of the largest size (65,008). */
  readonly maxRecordBytes: number;
  /** Exactly once; nothing is read before. */
  start(events: RecordEvents): void;
  /**
   * Sends `buffer[headroom … headroom + length)`; the buffer has at least `headroom + length + tailroom` bytes and is the
   * channel's from now on. False: sent all the same, but wait for `drain` before the next.
   */
  send(buffer: Buffer, length: number): boolean;
  /** Stops reading until `resume`; used to bound what waits above. */
  pause(): void;
  resume(): void;
  close(fault: Fault): void;
}
