/** A token bucket: so many at once, so many per second after that. Used wherever a peer could make us work for free. */
import type { Clock } from '../clock.ts';

export class TokenBucket {
  readonly #clock: Clock;
  #burst: number;
  #perMs: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, limits: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#burst = limits.burst;
    this.#perMs = limits.perSecond / 1_000;
    this.#tokens = limits.burst;
    this.#atMs = clock.nowMs();
  }

  /** Has other limits from now on; what is there beyond them is gone. */
  limit(limits: { readonly burst: number; readonly perSecond: number }): void {
    this.#refill();
    this.#burst = limits.burst;
    this.#perMs = limits.perSecond / 1_000;
    this.#tokens = Math.min(this.#tokens, limits.burst);
  }

  /** Takes one; false when there is none. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Nothing was taken for long enough that forgetting the bucket changes nothing. */
  get isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#burst;
  }

  #refill(): void {
    const now = this.#clock.nowMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#atMs) * this.#perMs);
    this.#atMs = now;
  }
}
