/**
 * Counts failures per key (a source address, an account) in a window and says when enough is enough. In memory, and
 * bounded: the oldest keys are forgotten first. Several controllers tell one another what they counted (`live/live.ts`).
 */
export interface ThrottleOptions {
  /** So many failures within the window lock the key. */
  readonly limit: number;
  readonly windowMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Is told what was counted or forgotten here, for the other controllers to `hear`. */
  readonly told?: (key: string, what: Counted) => void;
}

export type Counted = 'failed' | 'succeeded';

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
    this.#options.told?.(key, 'failed');
    return this.#count(key);
  }

  /** Forgets the key's failures after a success. */
  succeed(key: string): void {
    if (this.#failures.delete(key)) this.#options.told?.(key, 'succeeded');
  }

  /** Another controller counted a failure, or forgot the key. */
  hear(key: string, what: Counted): void {
    if (what === 'failed') this.#count(key);
    else this.#failures.delete(key);
  }

  #count(key: string): number {
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

  #entry(key: string): { count: number; untilMs: number } | undefined {
    const entry = this.#failures.get(key);
    if (entry === undefined || entry.untilMs > this.#options.now()) return entry;
    this.#failures.delete(key);
    return undefined;
  }
}
