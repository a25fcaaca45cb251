/**
 * The link of WIRE A7: numbered records over a secure channel, acknowledged, with pings in the data path and an
 * authenticated end. It is the mux's `RecordSink`. Its formats know resuming over a new carrier; this version answers
 * RESUME with GONE and ends with its carrier.
 */
import type { Clock } from '../clock.ts';
import { codeName, codes, Fault, type CodeName } from '../errors.ts';
import { frameHeaderBytes, hopRecordBytes } from '../mux/frames.ts';
import type { RecordSink } from '../mux/outbox.ts';
import { Liveness } from './liveness.ts';
import { messageHeaderBytes } from './message-reader.ts';
import { RecordSizes } from './record-sizes.ts';
import { sealTailroom, type SecureChannel } from './secure-channel.ts';

/** First byte of every plaintext. */
export const linkKinds = {
  record: 0,
  start: 1,
  resume: 2,
  resumed: 3,
  gone: 4,
  ack: 5,
  ping: 6,
  pong: 7,
  bye: 8,
} as const;

/** Exact lengths of the kinds that have one, the kind byte included. */
const lengths: Readonly<Record<number, number>> = {
  [linkKinds.start]: 1,
  [linkKinds.resume]: 1 + 16 + 4 + 8 + 16,
  [linkKinds.resumed]: 9,
  [linkKinds.gone]: 3,
  [linkKinds.ack]: 9,
  [linkKinds.ping]: 9,
  [linkKinds.pong]: 9,
  [linkKinds.bye]: 11,
};

/** What an initiator may say before START. */
const firstKinds = new Set<number>([linkKinds.start, linkKinds.resume, linkKinds.ping]);

/** An ACK is due after this much, or this long after the first record it covers. */
const ackBytes = 256 * 1_024;
const ackMs = 50;
/** Above this much unacknowledged, nothing more is sent. */
const maxUnacknowledgedBytes = 32 * 1_024 * 1_024;
/** Frame bytes of one record: sealed and framed, it is one record of the hop and crosses the relay in one piece. */
const maxRecordFrames = hopRecordBytes - frameHeaderBytes - messageHeaderBytes - sealTailroom - 1;

export interface LinkHandlers {
  /** The frames of one record, in order; the receiver's from now on. Returns the Fault that must end the session. */
  frames(frames: Buffer): Fault | undefined;
  /** Records may be sent again after `send` returned false. */
  drain(): void;
  /** Once, whoever ended it. */
  closed(fault: Fault): void;
}

export class Link implements RecordSink {
  readonly headroom: number;
  readonly tailroom = sealTailroom;
  readonly maxFrames = maxRecordFrames;
  readonly #channel: SecureChannel;
  readonly #clock: Clock;
  readonly #handlers: LinkHandlers;
  readonly #liveness: Liveness;
  readonly #sizes = new RecordSizes();
  #isStarted: boolean;
  #isOver = false;
  #sent = 0;
  #acknowledged = 0;
  #received = 0;
  #acknowledgedToPeer = 0;
  #unacknowledgedToPeer = 0;
  #cancelAck: (() => void) | undefined;
  #isChannelBlocked = false;
  /** The latest ping that could not be answered yet. */
  #owedPong: Buffer | undefined;
  #isBlocked = false;

  /** The link owns the channel, which is up and not started. The initiator's START goes out at once. */
  constructor(channel: SecureChannel, side: 'initiator' | 'responder', clock: Clock, handlers: LinkHandlers) {
    this.#channel = channel;
    this.headroom = channel.sealHeadroom + 1;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#isStarted = side === 'initiator';
    this.#liveness = new Liveness(
      clock,
      (payload) => this.#sendKind(linkKinds.ping, payload),
      () => this.#fail(new Fault('connector-lost', 'The other side has been silent for 6 s.')),
    );
    if (this.#isStarted) this.#sendKind(linkKinds.start);
  }

  get rttMs(): number | undefined {
    return this.#liveness.rttMs;
  }

  get minRttMs(): number | undefined {
    return this.#liveness.minRttMs;
  }

  /** Begins to deliver frames and to ping; exactly once. */
  start(): void {
    this.#liveness.start();
    this.#channel.start({
      record: (plaintext) => this.#take(plaintext),
      drain: () => {
        this.#isChannelBlocked = false;
        if (this.#owedPong !== undefined) this.#answerPing(this.#owedPong);
        this.#unblock();
      },
      // Only a BYE ends a session in order: whatever else a carrier says of its end, somebody in between may have said.
      closed: (fault) =>
        this.#end(
          fault.code === 'protocol' ? fault : new Fault('connector-lost', undefined, { cause: fault }),
        ),
    });
  }

  send(block: Buffer, start: number, end: number): boolean {
    block[start + this.headroom - 1] = linkKinds.record;
    this.#sent++;
    this.#sizes.push(end - start);
    this.#liveness.outstanding();
    this.#isChannelBlocked = !this.#channel.sendSealed(block, start, end);
    this.#isBlocked = this.#isChannelBlocked || this.#sizes.bytes > maxUnacknowledgedBytes;
    return !this.#isBlocked;
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** Ends it with BYE, which says that nothing was cut off. */
  close(code: CodeName): void {
    if (this.#isOver) return;
    const payload = Buffer.alloc(10);
    payload.writeUInt16BE(codes[code]);
    payload.writeBigUInt64BE(BigInt(this.#sent), 2);
    this.#sendKind(linkKinds.bye, payload);
    this.#end(new Fault(code));
    this.#channel.close();
  }

  /** Ends it at once, without a BYE: the peer broke the protocol or is silent. */
  fail(fault: Fault): void {
    this.#fail(fault);
  }

  #take(plaintext: Buffer): void {
    const kind = plaintext[0] as number;
    if (kind === linkKinds.record && this.#isStarted) return this.#takeRecord(plaintext);
    if (plaintext.length !== lengths[kind]) return this.#broken('a link message of a wrong form');
    if (!this.#isStarted && !firstKinds.has(kind)) return this.#broken('a link message before START');
    switch (kind) {
      case linkKinds.ping:
        return this.#answerPing(plaintext.subarray(1));
      case linkKinds.pong:
        return this.#liveness.pong(plaintext.subarray(1));
      case linkKinds.start:
        if (this.#isStarted) return this.#broken('a second START');
        this.#isStarted = true;
        return undefined;
      case linkKinds.ack:
        return this.#takeAck(Number(plaintext.readBigUInt64BE(1)));
      case linkKinds.resume:
        if (this.#isStarted) return this.#broken('a RESUME after START');
        return this.#refuseResume();
      case linkKinds.bye:
        return this.#takeBye(plaintext.readUInt16BE(1), Number(plaintext.readBigUInt64BE(3)));
      default:
        // RESUMED and GONE answer a RESUME, which this version never sends.
        return this.#broken('an answer to nothing');
    }
  }

  /** A peer that pings and does not read gets one answer when it reads, not all of them into memory. */
  #answerPing(payload: Buffer): void {
    this.#owedPong = this.#isChannelBlocked ? Buffer.from(payload) : undefined;
    if (!this.#isChannelBlocked) this.#sendKind(linkKinds.pong, payload);
  }

  #takeRecord(plaintext: Buffer): void {
    this.#received++;
    this.#unacknowledgedToPeer += plaintext.length;
    if (this.#unacknowledgedToPeer >= ackBytes) this.#sendAck();
    else this.#cancelAck ??= this.#clock.after(ackMs, () => this.#sendAck());
    const fault = this.#handlers.frames(plaintext.subarray(1));
    if (fault !== undefined) this.#fail(fault);
  }

  #takeAck(number: number): void {
    if (number < this.#acknowledged || number > this.#sent)
      return this.#broken('an ACK of what was never sent');
    this.#sizes.shift(number - this.#acknowledged);
    if (number > this.#acknowledged) this.#liveness.confirmed(number === this.#sent);
    this.#acknowledged = number;
    this.#unblock();
  }

  #takeBye(code: number, last: number): void {
    if (last !== this.#received) return this.#broken('a BYE that counts other records');
    this.#end(new Fault(codeName(code)));
    this.#channel.close();
  }

  #refuseResume(): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(codes['connector-lost']);
    this.#sendKind(linkKinds.gone, payload);
    this.#end(new Fault('connector-lost'));
    this.#channel.close();
  }

  #unblock(): void {
    if (!this.#isBlocked || this.#isChannelBlocked || this.#sizes.bytes > maxUnacknowledgedBytes) return;
    this.#isBlocked = false;
    this.#handlers.drain();
  }

  #sendAck(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#unacknowledgedToPeer = 0;
    if (this.#isOver || this.#acknowledgedToPeer === this.#received) return;
    this.#acknowledgedToPeer = this.#received;
    const payload = Buffer.allocUnsafe(8);
    payload.writeBigUInt64BE(BigInt(this.#received));
    this.#sendKind(linkKinds.ack, payload);
  }

  #sendKind(kind: number, payload?: Buffer): void {
    const message = Buffer.allocUnsafe(1 + (payload?.length ?? 0));
    message[0] = kind;
    payload?.copy(message, 1);
    if (!this.#channel.send(message)) this.#isChannelBlocked = true;
  }

  #broken(why: string): void {
    this.#fail(new Fault('protocol', `The other side broke the protocol: ${why}.`));
  }

  #fail(fault: Fault): void {
    if (this.#isOver) return;
    this.#end(fault);
    this.#channel.close(fault);
  }

  #end(fault: Fault): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#liveness.stop();
    this.#cancelAck?.();
    this.#handlers.closed(fault);
  }
}
