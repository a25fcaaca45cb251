/**
 * A path that a session may continue on: the handshake is done and pings came back, but the session has not moved yet.
 * The initiator's side of WIRE A7; whether and when to move is the caller's to decide.
 */
import type { Clock } from '../clock.ts';
import { codeName, Fault } from '../errors.ts';
import {
  decodeReceived,
  encodePing,
  encodeResume,
  hasForm,
  linkKinds,
  type ResumeRequest,
} from './link-messages.ts';
import { outOfForm } from './resume.ts';
import type { SecureChannel } from './secure-channel.ts';

/** All pings of a proof must be back within this. */
const proofMs = 5_000;
/** A path that is proven and then not used is closed: the responder waits no longer for its first word either. */
const shelfMs = 3_000;
/** RESUMED comes within so many round trips, or this long where they are short. */
const answerRoundTrips = 4;
const answerMs = 2_000;

export class ProvenPath {
  readonly channel: SecureChannel;
  readonly #clock: Clock;
  #rttMs: number;
  #fault: Fault | undefined;
  #state: 'proving' | 'proven' | 'asking' | 'over' = 'proving';
  #pingsLeft: number;
  #sentAtMs = 0;
  #cancelTimer: () => void = () => undefined;
  #resumed: (received: number) => void = () => undefined;
  #settle: { resolve(): void; reject(fault: Fault): void } | undefined;

  private constructor(channel: SecureChannel, clock: Clock, pings: number, handshakeMs: number) {
    this.channel = channel;
    this.#clock = clock;
    this.#pingsLeft = pings;
    this.#rttMs = handshakeMs;
  }

  /**
   * Proves a channel that is up and belongs to the path from now on, by `pings` one after the other.
   *
   * @param handshakeMs how long its handshake took
   * Rejects with the Fault that ended it, `timeout` after 5 s; the channel is closed then.
   */
  static prove(
    channel: SecureChannel,
    clock: Clock,
    pings: number,
    handshakeMs: number,
  ): Promise<ProvenPath> {
    const path = new ProvenPath(channel, clock, pings, handshakeMs);
    return path.#expect(proofMs, () => path.#begin()).then(() => path);
  }

  /** The shortest of its pings there and back; where there were none, of the handshake. */
  get rttMs(): number {
    return this.#rttMs;
  }

  /**
   * Says RESUME. Once the responder agrees, `resumed` is called with the number of records it has, and starts the channel
   * anew, whose it is from then on: what follows may have arrived already. Rejects, the channel being closed, with a
   * GoneFault when the responder knows the session no longer, or with what ended it.
   */
  ask(request: ResumeRequest, secret: Buffer, resumed: (received: number) => void): Promise<void> {
    if (this.#state !== 'proven') return Promise.reject(this.#fault ?? new Fault('cancelled'));
    this.#cancelTimer();
    this.#state = 'asking';
    this.#resumed = resumed;
    return this.#expect(Math.max(answerMs, answerRoundTrips * this.#rttMs), () => {
      this.channel.send(encodeResume(request, secret, this.channel.handshakeHash));
    });
  }

  /** Gives it up. */
  close(): void {
    this.#end(new Fault('cancelled'), undefined);
  }

  #expect(withinMs: number, begin: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#cancelTimer = this.#clock.after(withinMs, () => this.#fail(new Fault('timeout')));
      begin();
    });
  }

  #begin(): void {
    this.channel.start({
      record: (plaintext) => this.#take(plaintext),
      drain: () => undefined,
      closed: (fault) => this.#fail(fault),
    });
    if (this.#state === 'proving') this.#next();
  }

  #next(): void {
    if (this.#pingsLeft > 0) {
      this.#sentAtMs = this.#clock.nowMs();
      return void this.channel.send(encodePing(linkKinds.ping, Buffer.alloc(8, this.#pingsLeft)));
    }
    this.#cancelTimer();
    this.#state = 'proven';
    this.#cancelTimer = this.#clock.after(shelfMs, () => this.close());
    return this.#resolve();
  }

  #take(plaintext: Buffer): void {
    if (this.#state === 'over') return undefined;
    const kind = plaintext[0];
    if (!hasForm(plaintext)) return this.#fail(outOfForm());
    if (kind === linkKinds.pong && this.#state === 'proving') {
      this.#rttMs = Math.min(this.#rttMs, this.#clock.nowMs() - this.#sentAtMs);
      this.#pingsLeft -= 1;
      return this.#next();
    }
    if (kind === linkKinds.gone && this.#state === 'asking')
      return this.#fail(new GoneFault(codeName(plaintext.readUInt16BE(1))));
    if (kind !== linkKinds.resumed || this.#state !== 'asking') return this.#fail(outOfForm());
    this.#cancelTimer();
    this.#state = 'over';
    this.#resumed(decodeReceived(plaintext));
    return this.#resolve();
  }

  #resolve(): void {
    this.#settle?.resolve();
    this.#settle = undefined;
  }

  #fail(fault: Fault): void {
    this.#end(fault, fault);
  }

  #end(fault: Fault, told: Fault | undefined): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#fault = fault;
    this.#cancelTimer();
    this.channel.close(told);
    this.#settle?.reject(fault);
    this.#settle = undefined;
  }
}

/** The responder does not know the session, or does not believe us: it cannot be continued anywhere. */
export class GoneFault extends Fault {}
