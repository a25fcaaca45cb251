/**
 * One session and the circuits it runs over: when its carrier dies it continues on another, through whichever relay leads
 * to its connector, until the session itself is over. New grants go out on it. Who uses it is not its business.
 */
import type { Clock, Random } from '../protocol/clock.ts';
import { toFault, type Fault } from '../protocol/errors.ts';
import type { Carrier } from '../protocol/link/carrier.ts';
import type { Session } from '../protocol/link/session.ts';

export interface KeptSessionOptions {
  readonly session: Session;
  /** The relay it was opened through. */
  readonly relay: string;
  /** Where its connector can be met now. */
  relays(): readonly string[];
  /** A circuit to its connector; undefined while that relay is not attached. */
  circuit(relay: string): Carrier | undefined;
  /** Whether flows wait for it: then no try is put off for long. */
  isWanted(): boolean;
  /** It runs again. */
  resumed(): void;
  /** No relay led to its connector in a whole round; it goes on trying. */
  stranded(fault: Fault | undefined): void;
  readonly clock: Clock;
  readonly random: Random;
}

/** After a whole round without success; doubled with each, with jitter. */
const firstDelayMs = 50;
const longestDelayMs = 1_000;
const wantedDelayMs = 60;
/** A path that lasted less is one more failure: whoever cuts it at once is not obeyed at once. */
const steadyMs = 5_000;

export class KeptSession {
  readonly session: Session;
  readonly #options: KeptSessionOptions;
  #relay: string;
  #sentGrants: ReadonlySet<string>;
  #upSinceMs: number;
  #failures = 0;
  #isTrying = false;
  #cancelRetry: () => void = () => undefined;

  /** @param sentGrants those that went out with the handshake */
  constructor(options: KeptSessionOptions, sentGrants: readonly string[]) {
    this.#options = options;
    this.session = options.session;
    this.#relay = options.relay;
    this.#sentGrants = new Set(sentGrants);
    this.#upSinceMs = options.clock.nowMs();
    void this.session.closed.then(() => this.#cancelRetry());
  }

  /** The relay it runs through, or ran through last. */
  get relay(): string {
    return this.#relay;
  }

  /** Its carrier died. */
  lost(): void {
    const livedMs = this.#options.clock.nowMs() - this.#upSinceMs;
    if (livedMs >= steadyMs) this.#failures = 0;
    if (this.#failures === 0) void this.#try();
    else this.#retryLater();
  }

  /** A relay is attached again, or the connector is met elsewhere: worth a try at once. */
  poke(): void {
    if (!this.session.hasPath) void this.#try();
  }

  /** Sends what it has not sent yet. */
  sendGrants(grants: readonly string[]): void {
    for (const grant of grants) if (!this.#sentGrants.has(grant)) this.session.sendGrant(grant);
    this.#sentGrants = new Set(grants);
  }

  async #try(): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    this.#cancelRetry();
    const outcome = await this.#round();
    this.#isTrying = false;
    if (outcome === 'over') return;
    this.#failures += 1;
    if (outcome === 'resumed') {
      this.#upSinceMs = this.#options.clock.nowMs();
      // It may have been lost again while we were told.
      if (!this.session.hasPath) return this.#retryLater();
      return this.#options.resumed();
    }
    this.#retryLater();
    this.#options.stranded(outcome.fault);
  }

  /** The relay that lost it is the last to be asked: it may only look alive. */
  async #round(): Promise<'resumed' | 'over' | { readonly fault: Fault | undefined }> {
    const relays = this.#options.relays();
    let fault: Fault | undefined;
    for (const relay of [
      ...relays.filter((id) => id !== this.#relay),
      ...relays.filter((id) => id === this.#relay),
    ]) {
      const carrier = this.#options.circuit(relay);
      if (carrier === undefined) continue;
      const failed = await this.session.resume(carrier).then(() => undefined, toFault);
      if (this.#isOver) return 'over';
      if (failed === undefined) {
        this.#relay = relay;
        return 'resumed';
      }
      fault = failed;
    }
    return this.#isOver ? 'over' : { fault };
  }

  get #isOver(): boolean {
    return this.session.isOver;
  }

  #retryLater(): void {
    const { clock, random } = this.#options;
    const longest = this.#options.isWanted() ? wantedDelayMs : longestDelayMs;
    const ceiling = Math.min(longest, firstDelayMs * 2 ** Math.min(this.#failures, 10));
    const fraction = random(4).readUInt32BE() / 2 ** 32;
    this.#cancelRetry();
    this.#cancelRetry = clock.after(ceiling / 2 + (ceiling / 2) * fraction, () => this.poke());
  }
}
