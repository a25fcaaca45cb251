/**
 * A session between a client and a connector, as programs see it: secure channel, link and mux put together, with JSON where
 * the mux has bytes. It outlives its carriers: the initiator gives it another, and its streams go on. Sessions begin in
 * open-session.ts; what they are made of is in tunnel-session.ts.
 */
import type { Clock, Random } from '../clock.ts';
import type { CodeName, Fault } from '../errors.ts';
import type { NetworkId } from '../ids.ts';
import type { AgreementKey } from '../keys.ts';
import type { MuxStream } from '../mux/stream.ts';
import type { Carrier } from './carrier.ts';
import type { ProvenPath } from './proven-path.ts';

export interface SessionHandlers {
  /**
   * The peer opened a stream; `payload` is parsed JSON, unchecked. Answered, then or later, by `accept` or `reset`.
   * Without this handler every stream is refused as `denied`.
   */
  stream?(stream: MuxStream, payload: unknown): void;
  /** A grant, unverified. */
  grant?(jws: string): void;
  /** A note: parsed JSON, unchecked. */
  note?(note: unknown): void;
  /** The peer takes no new streams from now on; those that are open go on. */
  draining?(): void;
  /** The carrier died of this fault. The session ends in 60 s unless its initiator resumes it. */
  lost?(fault: Fault): void;
}

export interface Session {
  /** The other side's static key, raw X25519. */
  readonly peerKey: Buffer;
  /** 32 bytes that both sides share. */
  readonly handshakeHash: Buffer;
  /** 16 bytes, chosen by the responder. */
  readonly sessionId: Buffer;
  /** Whether ML-KEM-768 took part in the keys. */
  readonly kem: boolean;
  /** Smoothed, measured in the data path; undefined before the first answer. */
  readonly rttMs: number | undefined;
  /** Streams open now. */
  readonly streams: number;
  /** Whether it has a carrier now. */
  readonly hasPath: boolean;
  /** Whether it has ended; `closed` says of what. */
  readonly isOver: boolean;
  /**
   * Milliseconds there and back of one ping, over the path that it is on now or moves to meanwhile. Rejects with the Fault
   * `timeout` when it has not come back by then, or with `connector-lost` where there is no path.
   */
  ping(timeoutMs: number): Promise<number>;
  /** May be written at once. Throws a Fault: `limit`, `draining`, or what ended the session. */
  openStream(payload: object): MuxStream;
  sendGrant(jws: string): void;
  /** At most 1,024 bytes as JSON. */
  sendNote(note: object): void;
  /**
   * Initiator only: a handshake with the same peer on another carrier, and three pings there and back while the session
   * still has one. The session itself is not touched. Rejects with the Fault that ended it, the carrier being closed then.
   */
  prove(carrier: Carrier): Promise<ProvenPath>;
  /**
   * Initiator only: continues on a path that `prove` gave. A path that it has now serves on when this fails. One call at a
   * time (`busy`). Rejects with the Fault that ended the attempt, the path being closed then; a session that the responder
   * no longer knows has ended by then.
   */
  moveTo(path: ProvenPath): Promise<void>;
  /** `prove` and `moveTo`, one call at a time (`busy`). */
  resume(carrier: Carrier): Promise<void>;
  /** No new streams either way; open ones stay. */
  drain(code?: CodeName): void;
  /** Ends every stream and the session; the peer sees the code. Ending twice is the same as once. */
  close(code?: CodeName): void;
  /** Never rejects. */
  readonly closed: Promise<Fault>;
}

export interface SessionOptions {
  readonly carrier: Carrier;
  readonly own: AgreementKey;
  /** Part of the prologue: both sides must mean the same network. */
  readonly networkId: NetworkId;
  /** Called once the peer is proven and before its first frame is looked at. */
  handle(session: Session): SessionHandlers;
  /** Default true. */
  readonly kem?: boolean;
  readonly clock: Clock;
  readonly random: Random;
}
