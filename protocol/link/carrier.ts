/**
 * A carrier: an ordered stream of bytes between two nodes, authenticated by nobody. The secure channel runs on it and
 * trusts it with nothing but passage. Every implementation passes the suite in test/link/carriers.test.ts.
 */
import type { Fault } from '../errors.ts';

export interface CarrierEvents {
  /** Bytes in order, cut anywhere. Valid during the call only, in which the receiver may overwrite them. */
  data(bytes: Buffer): void;
  /** The carrier takes bytes again after a `write` that returned false. */
  drain(): void;
  /** Called once, whoever ended it. Undefined when the other side ended it in order. Nothing follows. */
  closed(fault: Fault | undefined): void;
}

export interface Carrier {
  /** Begins to read; exactly once. What arrived before waits. */
  start(events: CarrierEvents): void;
  /**
   * Takes bytes, which belong to the carrier from now on. False: they are taken, but wait for `drain` before the next.
   * Bytes written after the end are dropped.
   * @param block the record block that they lie in, to be given back once they are sent
   */
  write(bytes: Buffer, block?: Buffer): boolean;
  /** Stops reading soon; what was read already may still arrive. */
  pause(): void;
  resume(): void;
  /**
   * Ends it: in order, with what was written before still delivered, or at once with a fault, whose code travels where
   * the carrier can carry one. Ending twice is the same as once.
   */
  close(fault?: Fault): void;
}
