/**
 * When the keys of a secure channel are renewed, and the exchange that brings the next ones (WIRE A6). The initiator asks
 * inside the old epoch and sends with the new keys after RESP; the responder follows with the first record of the new epoch.
 * Each side then erases the old keys. Used by the secure channel alone, from when both sides are proven.
 */
import type { Clock } from '../clock.ts';
import type { ChannelKeys } from './channel-keys.ts';
import { answerInit, InitSender, type HandshakeSide } from './handshake-messages.ts';

/** Keys are renewed after this time, and the carrier dies when they were not by then. */
const rekeyAfterMs = 120_000;
const keysEndMs = 180_000;
/** An initiator that asks for new keys in less than half the time or bytes only wants us to compute. */
const soonest = 0.5;

export interface RenewalOptions {
  readonly keys: ChannelKeys;
  readonly side: HandshakeSide;
  readonly clock: Clock;
  readonly isInitiator: boolean;
  /** The other side's static key, which new keys are agreed with. */
  readonly peerKey: Buffer;
  /** Bytes in either direction after which keys are renewed; at twice as many the carrier dies. */
  readonly keyBytes: number;
  /** Sends INIT or RESP, by their side, with the body. */
  sendMessage(this: void, epoch: number, body: Buffer): void;
  /** Sends an empty record: only the proof of new keys. */
  sendProof(this: void): void;
  /** The channel has to end. */
  broken(this: void, why: string): void;
}

export class KeyRenewal {
  readonly #options: RenewalOptions;
  readonly #keys: ChannelKeys;
  #keysSinceMs = 0;
  /** What we asked for new keys with; undefined while we have not. */
  #asking: InitSender | undefined;
  #isOver = false;
  #cancelTimer: () => void = () => {};

  /** The first keys are in use from now on. */
  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#newEpoch();
  }

  /** Ends its timer, and it. */
  stop(): void {
    this.#isOver = true;
    this.#cancelTimer();
  }

  /** Keys have been used for as many bytes as they should, or more. */
  checkBytes(): void {
    const { keyBytes, isInitiator, broken } = this.#options;
    if (this.#keys.usedBytes >= 2 * keyBytes) return broken('keys that were not renewed');
    if (isInitiator) this.#ask();
  }

  /** Responder: the initiator asks for new keys. */
  takeInit(epoch: number, body: Buffer): void {
    const { clock, side, peerKey, keyBytes, broken, sendMessage } = this.#options;
    const age = clock.nowMs() - this.#keysSinceMs;
    const isSoon = age < soonest * rekeyAfterMs && this.#keys.usedBytes < soonest * keyBytes;
    if (this.#keys.isSwitching || isSoon) return broken('a rekey too soon');
    const answer = answerInit(side, body, true);
    if (answer === undefined || !answer.outcome.peer.equals(peerKey)) {
      return broken('a malformed or forged rekey');
    }
    this.#keys.agree(answer.outcome.result);
    return sendMessage(epoch, answer.resp);
  }

  /** Initiator: the answer. */
  takeResp(body: Buffer): void {
    const { broken, sendProof } = this.#options;
    const outcome = this.#asking?.read(body);
    if (outcome === undefined) return broken('a malformed or forged rekey');
    this.#asking = undefined;
    this.#keys.lead(outcome.result);
    return sendProof();
  }

  /** The first record of the new epoch is here. */
  switchKeys(): void {
    const hasFollowed = this.#keys.switch();
    this.#newEpoch();
    // So that an initiator that only sends learns at once that its new keys are in use.
    if (hasFollowed) this.#options.sendProof();
  }

  #ask(): void {
    if (this.#isOver || this.#asking !== undefined || this.#keys.isSwitching) return;
    const { side, peerKey, broken, sendMessage } = this.#options;
    const init = new InitSender(side, peerKey);
    const body = init.write(true);
    if (body === undefined) return broken('the other side has an unusable key');
    this.#asking = init;
    sendMessage(this.#keys.nextEpoch, body);
  }

  #newEpoch(): void {
    const { clock, isInitiator, broken } = this.#options;
    this.#keysSinceMs = clock.nowMs();
    const die = (): void => broken('keys that were not renewed');
    if (!isInitiator) return this.#setTimer(keysEndMs, die);
    this.#setTimer(rekeyAfterMs, () => {
      this.#setTimer(keysEndMs - rekeyAfterMs, die);
      this.#ask();
    });
  }

  #setTimer(ms: number, run: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, run);
  }
}
