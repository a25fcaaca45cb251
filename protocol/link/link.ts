/**
 * The link of WIRE A7: numbers records, keeps what the peer has not acknowledged, and continues on another carrier where
 * the last one broke off, byte for byte. It is the mux's `RecordSink`. A carrier may die of anything; the link ends by
 * an authenticated BYE, by a peer that breaks the protocol, or after 60 s without a carrier.
 *
 *     on a path ──── its carrier dies, or `leave` ────▶ between paths ──── 60 s ────▶ over
 *      │  ▲  ▲ ◀─────────────── continueOn ───────────────────┘
 *    hold │  └ continueOn, on another
 *      ▼ release
 *     held
 */
import type { Clock } from '../clock.ts';
import { codeName, Fault, type CodeName } from '../errors.ts';
import { frameHeaderBytes, frameTypes, hopRecordBytes, withoutFrames } from '../mux/frames.ts';
import type { RecordSink } from '../mux/outbox.ts';
import { decodeReceived, encodeBye, encodeReceived, linkKinds } from './link-messages.ts';
import { Path } from './path.ts';
import { maxSessionBytes, processBudget, Replay, type ReplayBudget } from './replay.ts';
import { sealOverheadBytes, type SecureChannel } from './secure-channel.ts';

/** An ACK is due after this much, or this long after the first record it covers. */
const ackBytes = 256 * 1_024;
const ackMs = 50;
/** A session without a carrier for so long is over. */
const longestGapMs = 60_000;
/** Frame bytes of one record: sealed and framed, it is one record of the hop and crosses the relay in one piece. */
const maxRecordFrames = hopRecordBytes - frameHeaderBytes - sealOverheadBytes - 1;

export interface LinkHandlers {
  /** The frames of one record, in order; valid during the call only. Returns the Fault that must end the session. */
  frames(frames: Buffer): Fault | undefined;
  /** Records may be sent again after `send` returned false. */
  drain(): void;
  /** The carrier died of this; whoever can has 60 s to find another. */
  lost(fault: Fault): void;
  /** Once, whoever ended it. */
  closed(fault: Fault): void;
}

export class Link implements RecordSink {
  /** The byte that says what a plaintext is. */
  readonly headroom = 1;
  readonly maxFrames = maxRecordFrames;
  readonly #clock: Clock;
  readonly #handlers: LinkHandlers;
  readonly #budget: ReplayBudget;
  readonly #replay: Replay;
  /** Undefined between carriers. */
  #path: Path | undefined;
  #minRttMs: number | undefined;
  /** Who waits for a ping to come back, each with what makes the path forget it. */
  readonly #pings = new Map<(rttMs: number) => void, () => void>();
  #isStarted = false;
  #isOver = false;
  #isPaused = false;
  /** What arrived on a path that is held, in order; undefined while none is. */
  #held: Buffer[] | undefined;
  /** The mux waits for `drain`. */
  #isBlocked = false;
  #sent = 0;
  #acknowledged = 0;
  /** How many records of the replay, oldest first, have gone out on this path. */
  #onPath = 0;
  #received = 0;
  #acknowledgedToPeer = 0;
  #unacknowledgedToPeer = 0;
  #cancelAck: (() => void) | undefined;
  #cancelGap: () => void = () => undefined;

  /** The link owns the channel, which is up. Nothing is delivered before `start`. */
  constructor(channel: SecureChannel, clock: Clock, handlers: LinkHandlers, budget = processBudget) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.#budget = budget;
    this.#replay = new Replay(budget);
    this.#path = this.#newPath(channel);
  }

  /** Smoothed, of the path it is on; undefined between paths and before the first answer. */
  get rttMs(): number | undefined {
    return this.#path?.liveness.rttMs;
  }

  /** The shortest of the path, or of the last one. */
  get minRttMs(): number | undefined {
    return this.#path?.liveness.minRttMs ?? this.#minRttMs;
  }

  get hasPath(): boolean {
    return this.#path !== undefined;
  }

  /**
   * Pings over the path that it is on, and over the next where it leaves that meanwhile; `answered` is called with the
   * milliseconds there and back when one comes back, unless the returned function was called before. Undefined between paths.
   */
  ping(answered: (rttMs: number) => void): (() => void) | undefined {
    const path = this.#path;
    if (path === undefined || this.#isOver) return undefined;
    this.#pingOver(path, answered);
    return () => {
      this.#pings.get(answered)?.();
      this.#pings.delete(answered);
    };
  }

  /** Records that have arrived: what a RESUME tells. Does not grow between paths. */
  get received(): number {
    return this.#received;
  }

  /** Begins to deliver frames and to ping; exactly once. `isInitiator`: says START first. */
  start(isInitiator: boolean): void {
    this.#isStarted = true;
    if (isInitiator) this.#path?.send(Buffer.from([linkKinds.start]));
    this.#pump();
    this.#path?.start();
    this.#unblock();
  }

  send(block: Buffer, end: number): boolean {
    block[0] = linkKinds.record;
    this.#sent++;
    this.#replay.push(block, end);
    this.#pump();
    this.#isBlocked = this.#mustWait();
    return !this.#isBlocked;
  }

  pause(): void {
    this.#isPaused = true;
    this.#path?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#held === undefined) this.#path?.resume();
  }

  /**
   * Neither takes from its path nor gives to it until `continueOn` or `release`: what a RESUME counts must stay as it is.
   * Without a path nothing happens.
   */
  hold(): void {
    if (this.#path === undefined || this.#isOver) return;
    this.#held ??= [];
    this.#path.pause();
  }

  /** Goes on with the path that was held, where it still lives. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const plaintext of held) if (!this.#isOver) this.#take(plaintext);
    if (this.#isOver) return;
    if (!this.#isPaused) this.#path?.resume();
    this.#sendAck();
    this.#pump();
    this.#unblock();
  }

  /** Whether the peer may have exactly so many records: not fewer than it acknowledged, nor more than there are. */
  hasSent(records: number): boolean {
    return !this.#isOver && records >= this.#acknowledged && records <= this.#sent;
  }

  /** Leaves its path, which is neither read nor written from here on; the 60 s begin. */
  leave(): void {
    const path = this.#path;
    if (path === undefined || this.#isOver) return;
    this.#forgetPath(path);
    path.close();
  }

  /**
   * Continues on a channel on which the peer said that it has `peerReceived` records: sends it the rest again. False,
   * and nothing has changed, when that number cannot be.
   */
  continueOn(channel: SecureChannel, peerReceived: number): boolean {
    if (!this.hasSent(peerReceived)) return false;
    this.leave();
    this.#cancelGap();
    this.#drop(peerReceived);
    const path = this.#newPath(channel);
    this.#path = path;
    path.start();
    if (this.#isPaused) path.pause();
    for (const answered of this.#pings.keys()) this.#pingOver(path, answered);
    // The peer may have counted less than it was told: what it counts now is in RESUME and RESUMED.
    this.#acknowledgedToPeer = this.#received;
    this.#pump();
    this.#unblock();
    return true;
  }

  /** Ends it with BYE, which says that nothing was cut off. Between paths, the peer learns of it by its own 60 s. */
  close(code: CodeName): void {
    if (this.#isOver) return;
    const path = this.#path;
    if (path === undefined) return this.#end(new Fault(code));
    while (this.#onPath < this.#replay.count) path.send(this.#replay.at(this.#onPath++));
    path.send(encodeBye(code, this.#sent));
    this.#end(new Fault(code));
    return path.close();
  }

  /** Ends it at once: the peer broke the protocol. */
  fail(fault: Fault): void {
    if (this.#isOver) return;
    const path = this.#path;
    path?.send(encodeBye(fault.code, this.#acknowledged + this.#onPath));
    this.#end(fault);
    path?.close();
  }

  #newPath(channel: SecureChannel): Path {
    const path: Path = new Path(channel, this.#clock, {
      message: (plaintext) => this.#arrive(plaintext),
      malformed: () => this.#broken('a link message of a wrong form'),
      drain: () => {
        this.#pump();
        this.#unblock();
      },
      lost: (fault) => this.#lost(path, fault),
    });
    return path;
  }

  #pingOver(path: Path, answered: (rttMs: number) => void): void {
    const forget = path.ping((rttMs) => {
      this.#pings.delete(answered);
      answered(rttMs);
    });
    this.#pings.set(answered, forget);
  }

  #lost(path: Path, fault: Fault): void {
    if (this.#isOver || path !== this.#path) return;
    this.#forgetPath(path);
    this.#handlers.lost(fault);
  }

  #forgetPath({ liveness }: Path): void {
    this.#minRttMs = liveness.minRttMs ?? this.#minRttMs;
    this.#path = undefined;
    this.#held = undefined;
    this.#onPath = 0;
    // Datagrams that a path lost are lost; the record that held them keeps its number.
    this.#replay.rewrite(withoutDatagrams);
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#cancelGap = this.#clock.after(longestGapMs, () =>
      this.#end(new Fault('connector-lost', 'There was no way to the other side for 60 s.')),
    );
  }

  #arrive(plaintext: Buffer): void {
    if (this.#held === undefined) this.#take(plaintext);
    else this.#held.push(Buffer.from(plaintext));
  }

  #take(plaintext: Buffer): void {
    switch (plaintext[0]) {
      case linkKinds.record:
        return this.#takeRecord(plaintext);
      case linkKinds.ack:
        return this.#takeAck(decodeReceived(plaintext));
      case linkKinds.bye:
        return this.#takeBye(plaintext.readUInt16BE(1), Number(plaintext.readBigUInt64BE(3)));
      default:
        // START and RESUME come first or not at all, and their answers to one that asked.
        return this.#broken('a link message out of turn');
    }
  }

  #takeRecord(plaintext: Buffer): void {
    this.#received++;
    this.#unacknowledgedToPeer += plaintext.length;
    if (this.#unacknowledgedToPeer >= ackBytes) this.#sendAck();
    else this.#cancelAck ??= this.#clock.after(ackMs, () => this.#sendAck());
    const fault = this.#handlers.frames(plaintext.subarray(1));
    if (fault !== undefined) this.fail(fault);
  }

  #takeAck(number: number): void {
    if (number < this.#acknowledged || number > this.#acknowledged + this.#onPath)
      return this.#broken('an ACK of what was never sent');
    if (number > this.#acknowledged) this.#path?.liveness.confirmed(number === this.#sent);
    this.#drop(number);
    this.#unblock();
  }

  /** The peer has everything up to this number. */
  #drop(number: number): void {
    const records = number - this.#acknowledged;
    this.#replay.shift(records);
    this.#onPath = Math.max(0, this.#onPath - records);
    this.#acknowledged = number;
  }

  #takeBye(code: number, last: number): void {
    if (last !== this.#received) return this.#broken('a BYE that counts other records');
    const path = this.#path;
    this.#end(new Fault(codeName(code)));
    path?.close();
  }

  /** Sends what has not gone out on this path, while the path takes it. */
  #pump(): void {
    const path = this.#path;
    if (path === undefined || !this.#isStarted || this.#held !== undefined) return;
    while (path.isReady && this.#onPath < this.#replay.count) {
      path.liveness.outstanding();
      path.send(this.#replay.at(this.#onPath++));
    }
  }

  #mustWait(): boolean {
    if (this.#path?.isReady !== true || this.#onPath < this.#replay.count) return true;
    if (this.#replay.bytes > maxSessionBytes) return true;
    if (this.#budget.isSpent) this.#budget.wait(this.#unblock);
    return this.#budget.isSpent;
  }

  readonly #unblock = (): void => {
    if (!this.#isBlocked || this.#isOver || this.#mustWait()) return;
    this.#isBlocked = false;
    this.#handlers.drain();
  };

  #sendAck(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#unacknowledgedToPeer = 0;
    if (this.#isOver || this.#held !== undefined || this.#acknowledgedToPeer === this.#received) return;
    this.#acknowledgedToPeer = this.#received;
    this.#path?.send(encodeReceived(linkKinds.ack, this.#received));
  }

  #broken(why: string): void {
    this.fail(new Fault('protocol', `The other side broke the protocol: ${why}.`));
  }

  #end(fault: Fault): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#path?.liveness.stop();
    this.#cancelAck?.();
    this.#cancelGap();
    this.#budget.cancel(this.#unblock);
    this.#replay.shift(this.#replay.count);
    this.#handlers.closed(fault);
  }
}

function withoutDatagrams(record: Buffer): Buffer {
  const frames = record.subarray(1);
  const kept = withoutFrames(frames, frameTypes.datagram);
  return kept === frames ? record : Buffer.concat([record.subarray(0, 1), kept]);
}
