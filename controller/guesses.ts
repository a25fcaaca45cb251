/**
 * Wrong secrets per source: how many different ones it has shown lately, and so whether it is guessing. A program that
 * shows the same wrong key or token without end is no guesser and locks nobody out who shares its address. Counted by all
 * controllers together and bounded, as `Throttle` is.
 */
import { sourceOfAddress } from '../protocol/source-address.ts';
import type { Limits, Live } from './live/live.ts';
import type { Throttle } from './throttle.ts';

export class Guesses {
  readonly #sources: Throttle;
  readonly #shown: Throttle;

  /** `limit` different wrong secrets within the window lock a source; an IPv6 /64 is one source. */
  constructor(live: Live, name: string, limits: Limits) {
    this.#sources = live.throttle(name, limits);
    this.#shown = live.throttle(`${name} shown`, { ...limits, limit: 1 });
  }

  /** Milliseconds until the source may try again; undefined while it may. */
  waitMs(address: string, nowMs: number): number | undefined {
    const untilMs = this.#sources.lockedUntilMs(sourceOfAddress(address));
    return untilMs === undefined ? undefined : Math.max(1, untilMs - nowMs);
  }

  /** This address has shown this wrong secret, named by its hash or by anything else that two secrets do not share. */
  wrong(address: string, secret: string): void {
    const source = sourceOfAddress(address);
    const key = `${source} ${secret}`;
    if (this.#shown.lockedUntilMs(key) !== undefined) return;
    this.#shown.fail(key);
    this.#sources.fail(source);
  }
}
