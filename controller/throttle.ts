/**
 * Counts failures per key (a source address, an account) in a window and says when enough is enough. In memory; the
 * interface is what a shared store would offer to several controllers. Bounded: the oldest keys are forgotten first.
 */
export interface ThrottleOptions {
  /** So many failures within the window lock the key. */
  readonly limit: number;
  readonly windowMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const maxKeys = 10_000;

export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #failures = new Map<string, { count: number; untilMs: number }>();

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /** Epoch milliseconds until which the key is locked; undefined while it is not. */
  lockedUntilMs(key: string): number | undefined {
    const entry = this.#entry(key);
    return entry !== undefined && entry.count >= this.#options.limit ? entry.untilMs : undefined;
  }

  /**
   * Counts a failure and returns how many more are allowed. The window runs from the first failure; the last one allowed
   * locks the key for a whole window.
   */
  fail(key: string): number {
    const { now, windowMs, limit } = this.#options;
    const last = this.#entry(key);
    const count = (last?.count ?? 0) + 1;
    const untilMs = last === undefined || count >= limit ? now() + windowMs : last.untilMs;
    this.#failures.delete(key);
    this.#failures.set(key, { count, untilMs });
    if (this.#failures.size > maxKeys) {
      const oldest = this.#failures.keys().next();
      if (oldest.done !== true) this.#failures.delete(oldest.value);
    }
    return Math.max(0, limit - count);
  }

  /** Forgets the key's failures after a success. */
  succeed(key: string): void {
    this.#failures.delete(key);
  }

  #entry(key: string): { count: number; untilMs: number } | undefined {
    const entry = this.#failures.get(key);
    if (entry === undefined || entry.untilMs > this.#options.now()) return entry;
    this.#failures.delete(key);
    return undefined;
  }
}
