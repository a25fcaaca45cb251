/**
 * One carrier's time under a link: the secure channel that runs on it, whether it takes more, and the pings that tell
 * whether it passes anything. Answers pings itself and hands everything else to the link, which outlives it.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../errors.ts';
import { encodePing, hasForm, linkKinds } from './link-messages.ts';
import { Liveness } from './liveness.ts';
import type { SecureChannel } from './secure-channel.ts';

export interface PathHandlers {
  /** A plaintext: a record, or another message that has the form of its kind. The receiver's from now on. */
  message(plaintext: Buffer): void;
  /** A message of no known form. */
  malformed(): void;
  /** It takes more again. */
  drain(): void;
  /** Once, unless `close` was called: the carrier is gone. */
  lost(fault: Fault): void;
}

/** In the first four bytes of a ping that somebody asked for; those of the liveness have zeros there. */
const askedMark = 1;

export class Path {
  readonly liveness: Liveness;
  readonly #channel: SecureChannel;
  readonly #clock: Clock;
  readonly #handlers: PathHandlers;
  #isReady = true;
  #isOver = false;
  /** Who waits for an answer to a ping of their own, by its number. */
  readonly #asked = new Map<number, () => void>();
  #lastAsked = 0;
  /** The latest ping that could not be answered yet. */
  #owedPong: Buffer | undefined;

  /** Owns the channel, which is up. */
  constructor(channel: SecureChannel, clock: Clock, handlers: PathHandlers) {
    this.#channel = channel;
    this.#clock = clock;
    this.#handlers = handlers;
    this.liveness = new Liveness(
      clock,
      (payload) => this.send(encodePing(linkKinds.ping, payload)),
      () => this.#lose(new Fault('connector-lost', 'The other side has been silent for 6 s.')),
    );
  }

  /** False while what was sent waits in the carrier. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Begins to deliver and to ping; exactly once. */
  start(): void {
    this.liveness.start();
    this.#channel.start({
      record: (plaintext) => this.#take(plaintext),
      drain: () => this.#drained(),
      closed: (fault) => this.#lose(fault),
    });
  }

  /** Seals a copy of the plaintext and sends it, ready or not. */
  send(plaintext: Buffer): void {
    if (!this.#channel.send(plaintext)) this.#isReady = false;
  }

  /**
   * Pings now; `answered` is called with the milliseconds there and back when that comes back, unless the returned function
   * was called before.
   */
  ping(answered: (rttMs: number) => void): () => void {
    const sinceMs = this.#clock.nowMs();
    const number = ++this.#lastAsked >>> 0;
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(askedMark);
    payload.writeUInt32BE(number, 4);
    this.#asked.set(number, () => answered(this.#clock.nowMs() - sinceMs));
    this.send(encodePing(linkKinds.ping, payload));
    return () => this.#asked.delete(number);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** Ends it, in order or with a fault; nobody is told here. */
  close(fault?: Fault): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.liveness.stop();
    this.#channel.close(fault);
  }

  #take(plaintext: Buffer): void {
    if (this.#isOver) return undefined;
    const kind = plaintext[0] as number;
    if (kind === linkKinds.record) return this.#handlers.message(plaintext);
    if (!hasForm(plaintext)) return this.#handlers.malformed();
    if (kind === linkKinds.ping) return this.#answer(plaintext.subarray(1));
    if (kind === linkKinds.pong) return this.#pong(plaintext.subarray(1));
    return this.#handlers.message(plaintext);
  }

  #pong(payload: Buffer): void {
    if (payload.readUInt32BE() !== askedMark) return this.liveness.pong(payload);
    const number = payload.readUInt32BE(4);
    const answered = this.#asked.get(number);
    this.#asked.delete(number);
    return answered?.();
  }

  /** A peer that pings and does not read gets one answer when it reads, not all of them into memory. */
  #answer(payload: Buffer): void {
    this.#owedPong = this.#isReady ? undefined : Buffer.from(payload);
    if (this.#isReady) this.send(encodePing(linkKinds.pong, payload));
  }

  #drained(): void {
    this.#isReady = true;
    if (this.#owedPong !== undefined) this.#answer(this.#owedPong);
    this.#handlers.drain();
  }

  #lose(fault: Fault): void {
    if (this.#isOver) return;
    this.close(fault);
    this.#handlers.lost(fault);
  }
}
