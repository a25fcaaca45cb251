/** Values that are kept for a while and taken out once. The implementation in memory; oldest values go first when it is full. */
const most = 10_000;

export interface KeptValues<T extends object> {
  /**
   * Keeps a value under a key that nobody can guess. Throws a Fault `busy` when it is not certain that it is kept: then the
   * key is not to be used.
   */
  put(key: string, value: T): Promise<void>;
  /** Takes the value out, for good; undefined when there is none, it is too old, or it cannot be known. */
  take(key: string): Promise<T | undefined>;
}

export class MemoryKeptValues<T extends object> implements KeptValues<T> {
  readonly #kept = new Map<string, { readonly value: T; readonly expiresMs: number }>();
  readonly #lifeMs: number;
  readonly #now: () => number;

  /** `now` gives epoch milliseconds. */
  constructor(lifeMs: number, now: () => number) {
    this.#lifeMs = lifeMs;
    this.#now = now;
  }

  async put(key: string, value: T): Promise<void> {
    const nowMs = this.#now();
    for (const [old, { expiresMs }] of this.#kept) {
      if (expiresMs > nowMs && this.#kept.size < most) break;
      this.#kept.delete(old);
    }
    this.#kept.set(key, { value, expiresMs: nowMs + this.#lifeMs });
  }

  async take(key: string): Promise<T | undefined> {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    return kept !== undefined && kept.expiresMs > this.#now() ? kept.value : undefined;
  }
}
