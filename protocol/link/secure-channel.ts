/**
 * The secure channel of WIRE A6: a Noise handshake over a carrier, then sealed records with strictly growing counters
 * and fresh keys every two minutes. The tunnel link and the control channel run on it. It dies of the first byte that
 * is wrong, never repairs, and knows nothing of what the records say.
 *
 *     initiator                              responder
 *     waiting ── INIT ─────────────────────▶ (mac1, budget, then Diffie-Hellman)
 *        ◀────────────────────────── RESP ── unproven
 *     up ────── first DATA ────────────────▶ up
 *
 * An empty record is only the proof of new keys; whoever uses the channel never sees it.
 */
import type { Clock, Random } from '../clock.ts';
import { Fault } from '../errors.ts';
import type { AgreementKey } from '../keys.ts';
import { smallRecordBytes, takeBlock } from '../mux/record-block.ts';
import { tagBytes } from '../noise/aead.ts';
import type { Carrier } from './carrier.ts';
import { ChannelKeys } from './channel-keys.ts';
import type { HandshakeBudget } from './handshake-budget.ts';
import {
  answerInit,
  hasMac1,
  InitSender,
  type HandshakeOutcome,
  type HandshakeSide,
} from './handshake-messages.ts';
import { KeyRenewal } from './key-renewal.ts';
import { maxBodyBytes, messageHeaderBytes, MessageReader } from './message-reader.ts';

const types = { init: 1, resp: 2, data: 3 } as const;

/** What a record is longer than its plaintext. */
export const sealOverheadBytes = messageHeaderBytes + tagBytes;
export const maxPlaintextBytes = maxBodyBytes - tagBytes;

/** RESP, and after it the first DATA, must come within this. */
const handshakeMs = 5_000;
/** The largest body of an initiator that has not proven its keys. */
const unprovenBytes = 4_096;
/** The first record an initiator sends may hold this much plaintext. */
export const maxFirstPlaintextBytes = unprovenBytes - tagBytes;

/** Bytes in either direction after which keys are renewed; at twice as many the carrier dies. */
const defaultKeyBytes = 2 ** 32;
export interface ChannelEvents {
  /** The plaintext of one record, in order; valid during the call only. */
  record(plaintext: Buffer): void;
  drain(): void;
  /** Once, whoever ended it. */
  closed(fault: Fault): void;
}

export interface SecureChannelOptions {
  readonly own: AgreementKey;
  /** Binds version, use and network; both sides must name the same. */
  readonly prologue: Uint8Array;
  /** Whether this side offers (initiator) or takes (responder) ML-KEM-768. */
  readonly kem: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes in either direction after which keys are renewed; default 2^32. */
  readonly keyBytes?: number;
  /** What counts as sealed and opened under the first keys already; default 0. For tests near the limits. */
  readonly usedBytes?: number;
}

/**
 * Initiator: sends INIT and resolves when RESP proved the responder to hold `peer`'s key (raw X25519, 32 bytes). Rejects
 * with a Fault: `timeout` after 5 s, `protocol`, or what ended the carrier (`busy` when the responder said so).
 */
export function openSecureChannel(
  carrier: Carrier,
  options: SecureChannelOptions & { readonly peer: Buffer },
): Promise<SecureChannel> {
  return new Promise((resolve, reject) => {
    const channel = new SecureChannel(carrier, options, { up: () => resolve(channel), failed: reject });
    channel.initiate(options.peer);
  });
}

/**
 * Responder: resolves when the initiator's first DATA opened, which proves its static key (`peerKey`). Before that
 * nothing is kept but 4 KiB for 5 s. `source` is whom the handshake is counted against in `budget`. Rejects with a Fault.
 */
export function acceptSecureChannel(
  carrier: Carrier,
  options: SecureChannelOptions & { readonly budget: HandshakeBudget; readonly source: string },
): Promise<SecureChannel> {
  const { budget, source } = options;
  return new Promise((resolve, reject) => {
    const up = (): void => {
      budget.proved(source);
      resolve(channel);
    };
    const channel = new SecureChannel(carrier, options, { up, failed: reject });
    channel.respond(() => budget.take(source));
  });
}

type State =
  | { readonly state: 'fresh' }
  | { readonly state: 'waiting'; readonly init: InitSender }
  | { readonly state: 'listening'; readonly allows: () => boolean }
  | { readonly state: 'unproven' }
  | { readonly state: 'up' }
  | { readonly state: 'closed'; readonly fault: Fault };

export class SecureChannel {
  readonly #carrier: Carrier;
  readonly #options: SecureChannelOptions;
  readonly #side: HandshakeSide;
  readonly #outcome: { readonly up: () => void; readonly failed: (fault: Fault) => void };
  readonly #reader: MessageReader;
  readonly #keyBytes: number;
  #isInitiator = false;
  #state: State = { state: 'fresh' };
  #events: ChannelEvents | undefined;
  #held: Buffer[] = [];
  #first: HandshakeOutcome | undefined;

  readonly #keys: ChannelKeys;
  /** From when both sides are proven. */
  #renewal: KeyRenewal | undefined;
  #cancelTimer: () => void = () => {};

  constructor(
    carrier: Carrier,
    options: SecureChannelOptions,
    outcome: { readonly up: () => void; readonly failed: (fault: Fault) => void },
  ) {
    this.#carrier = carrier;
    this.#options = options;
    this.#side = options;
    this.#outcome = outcome;
    this.#keys = new ChannelKeys(options.usedBytes);
    this.#keyBytes = options.keyBytes ?? defaultKeyBytes;
    this.#reader = new MessageReader(unprovenBytes, (type, epoch, body) => this.#message(type, epoch, body));
  }

  /** The other side's static key, raw X25519. */
  get peerKey(): Buffer {
    return this.#established.peer;
  }

  /** 32 bytes that both sides of this channel share; of the first handshake, whatever rekeys follow. */
  get handshakeHash(): Buffer {
    return this.#established.result.hash;
  }

  /** The responder's name for the session, 16 bytes. */
  get sessionId(): Buffer {
    return this.#established.sessionId;
  }

  /** Proves, to resume, that one took part in the first handshake. Secret. */
  get resumeSecret(): Buffer {
    return this.#established.result.resumeSecret;
  }

  /** Streams the responder takes at once. */
  get maxStreams(): number {
    return this.#established.maxStreams;
  }

  /** Whether ML-KEM-768 took part in the keys. */
  get kem(): boolean {
    return this.#established.kem;
  }

  /**
   * Begins to deliver records; what arrived before waits, and the carrier with it. Again when somebody else owns the
   * channel from here on, also from within `record`: what follows goes to the new one.
   */
  start(events: ChannelEvents): void {
    const isFirst = this.#events === undefined;
    this.#events = events;
    if (this.#state.state === 'closed') return events.closed(this.#state.fault);
    if (!isFirst) return undefined;
    const held = this.#held;
    this.#held = [];
    for (const plaintext of held) if (this.#isUp) this.#events.record(plaintext);
    if (this.#isUp) this.#carrier.resume();
    return undefined;
  }

  /**
   * Seals the plaintext, at most `maxPlaintextBytes`, into memory of its own and sends it as one record; it stays the
   * caller's and as it is. False: it is taken, but wait for `drain`.
   */
  send(plaintext: Buffer): boolean {
    if (this.#state.state !== 'up') return true;
    const length = plaintext.length + sealOverheadBytes;
    const block = length < smallRecordBytes ? undefined : takeBlock();
    const message = block?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    this.#writeHeader(message, types.data, this.#keys.sendEpoch, plaintext.length + tagBytes);
    this.#keys.seal(plaintext, message.subarray(messageHeaderBytes));
    const isReady = this.#carrier.write(message, block);
    if (this.#keys.usedBytes >= this.#keyBytes) this.#renewal?.checkBytes();
    return isReady;
  }

  pause(): void {
    this.#carrier.pause();
  }

  resume(): void {
    this.#carrier.resume();
  }

  /** Ends it: in order when `fault` is left out, else at once; the fault's code travels where the carrier can carry it. */
  close(fault?: Fault): void {
    this.#close(fault ?? new Fault('cancelled'), fault);
  }

  // The two ways to begin; for the functions above.

  initiate(peer: Buffer): void {
    this.#isInitiator = true;
    const init = new InitSender(this.#side, peer);
    const body = init.write(false);
    this.#state = { state: 'waiting', init };
    this.#begin();
    if (body === undefined) return this.#broken('the other side has an unusable key');
    this.#sendPlain(types.init, 0, body);
  }

  respond(allows: () => boolean): void {
    this.#state = { state: 'listening', allows };
    this.#begin();
  }

  #begin(): void {
    this.#setTimer(handshakeMs, () => this.#close(new Fault('timeout'), new Fault('timeout')));
    this.#carrier.start({
      data: (bytes) => {
        if (!this.#reader.feed(bytes)) this.#broken('a message of an impossible length');
      },
      drain: () => this.#events?.drain(),
      closed: (fault) => this.#close(fault ?? new Fault('cancelled'), undefined),
    });
  }

  get #isUp(): boolean {
    return this.#state.state === 'up';
  }

  get #established(): HandshakeOutcome {
    if (this.#first === undefined) throw new Error('the handshake is not complete');
    return this.#first;
  }

  #message(type: number, epoch: number, body: Buffer): void {
    if (type === types.data) return this.#data(epoch, body);
    const { state } = this.#state;
    if (type === types.init && state === 'listening' && epoch === 0) return this.#init(body);
    if (type === types.resp && state === 'waiting' && epoch === 0) return this.#resp(body);
    if (state !== 'up' || epoch !== this.#keys.nextEpoch) return this.#broken('an unexpected message');
    if (type === types.init && !this.#isInitiator) return this.#renewal?.takeInit(epoch, body);
    if (type === types.resp && this.#isInitiator) return this.#renewal?.takeResp(body);
    this.#broken('an unexpected message');
  }

  #init(body: Buffer): void {
    if (this.#state.state !== 'listening') return;
    const { allows } = this.#state;
    if (!hasMac1(body, this.#options.own)) return this.#broken('a wrong mac1');
    if (!allows()) return this.#close(new Fault('busy'), new Fault('busy'));
    const answer = answerInit(this.#side, body, false);
    if (answer === undefined) return this.#broken('a malformed or forged INIT');
    this.#establish(answer.outcome);
    this.#state = { state: 'unproven' };
    this.#setTimer(handshakeMs, () => this.#close(new Fault('timeout'), new Fault('timeout')));
    this.#sendPlain(types.resp, 0, answer.resp);
  }

  #resp(body: Buffer): void {
    if (this.#state.state !== 'waiting') return;
    const outcome = this.#state.init.read(body);
    if (outcome === undefined) return this.#broken('a malformed or forged RESP');
    this.#establish(outcome);
    this.#up();
  }

  #establish(outcome: HandshakeOutcome): void {
    this.#first = outcome;
    this.#keys.establish(outcome.result);
  }

  /** The other side is proven. Nothing more is read until `start`. */
  #up(): void {
    this.#state = { state: 'up' };
    this.#reader.limit = maxBodyBytes;
    this.#cancelTimer();
    this.#renewal = this.#newRenewal();
    this.#carrier.pause();
    this.#outcome.up();
  }

  #data(epoch: number, body: Buffer): void {
    const { state } = this.#state;
    if (state !== 'up' && state !== 'unproven') return this.#broken('a record before the handshake');
    const place = this.#keys.place(epoch);
    if (place === 'wrong') return this.#broken('a record of another epoch');
    if (place === 'next') this.#renewal?.switchKeys();
    const plaintext = this.#keys.open(body);
    if (plaintext === undefined) return this.#broken('a record that does not open');
    if (state === 'unproven') this.#up();
    if (this.#keys.usedBytes >= this.#keyBytes) this.#renewal?.checkBytes();
    if (plaintext.length === 0 || !this.#isUp) return;
    if (this.#events === undefined) this.#held.push(Buffer.from(plaintext));
    else this.#events.record(plaintext);
  }

  #newRenewal(): KeyRenewal {
    const type = this.#isInitiator ? types.init : types.resp;
    return new KeyRenewal({
      keys: this.#keys,
      side: this.#side,
      clock: this.#options.clock,
      isInitiator: this.#isInitiator,
      peerKey: this.peerKey,
      keyBytes: this.#keyBytes,
      sendMessage: (epoch, body) => this.#sendPlain(type, epoch, body),
      sendProof: () => void this.send(Buffer.alloc(0)),
      broken: (why) => this.#broken(why),
    });
  }

  #sendPlain(type: number, epoch: number, body: Buffer): void {
    const message = Buffer.allocUnsafe(messageHeaderBytes + body.length);
    this.#writeHeader(message, type, epoch, body.length);
    body.copy(message, messageHeaderBytes);
    this.#carrier.write(message);
  }

  #writeHeader(message: Buffer, type: number, epoch: number, bodyLength: number): void {
    const n = bodyLength + 2;
    message[0] = n >>> 8;
    message[1] = n;
    message[2] = type;
    message[3] = epoch;
  }

  #setTimer(ms: number, run: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, run);
  }

  #broken(why: string): void {
    const fault = new Fault('protocol', `The other side broke the protocol: ${why}.`);
    this.#close(fault, fault);
  }

  #close(fault: Fault, toCarrier: Fault | undefined): void {
    if (this.#state.state === 'closed') return;
    const wasUp = this.#isUp;
    this.#state = { state: 'closed', fault };
    this.#cancelTimer();
    this.#renewal?.stop();
    this.#reader.stop();
    this.#held = [];
    this.#keys.erase();
    this.#carrier.close(toCarrier);
    if (wasUp) this.#events?.closed(fault);
    else this.#outcome.failed(fault);
  }
}
