/**
 * Peers of which nothing is known yet, the oldest first, altogether and by where they come from. There is always room for
 * one more: whoever holds the most places loses the oldest of his own, so that nobody can keep others out (SEC-D7, SEC-D8).
 */

export interface StrangersOptions<T> {
  /** So many altogether. */
  readonly most: number;
  /** So many of one source; as many as there are places unless given, for who may stand behind somebody else's proxy. */
  readonly mostOfSource?: number;
  /** Ends one that has lost its place; called once, after it was removed. */
  cut(this: void, stranger: T): void;
}

export class Strangers<T> {
  readonly #options: StrangersOptions<T>;
  readonly #sources = new Map<T, string>();
  readonly #bySource = new Map<string, Set<T>>();

  constructor(options: StrangersOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#sources.size;
  }

  has(stranger: T): boolean {
    return this.#sources.has(stranger);
  }

  /** The oldest first. */
  values(): IterableIterator<T> {
    return this.#sources.keys();
  }

  /** @param source what its places are counted against: an address, of IPv6 its /64, or the id of a node */
  add(stranger: T, source: string): void {
    const { most, mostOfSource = most } = this.#options;
    const own = this.#bySource.get(source);
    if (own !== undefined && own.size >= mostOfSource) this.#cutOldest(own);
    else if (this.size >= most) this.#cutOldest(this.#fullest());
    this.#sources.set(stranger, source);
    const places = this.#bySource.get(source) ?? new Set();
    this.#bySource.set(source, places.add(stranger));
  }

  /** It is known now, or gone; one that is not there stays so. */
  remove(stranger: T): void {
    const source = this.#sources.get(stranger);
    if (source === undefined) return;
    this.#sources.delete(stranger);
    const own = this.#bySource.get(source);
    own?.delete(stranger);
    if (own?.size === 0) this.#bySource.delete(source);
  }

  /** Those of the source that holds most; of several with as many, of the one that has been here longest. */
  #fullest(): Iterable<T> {
    let fullest: Set<T> | undefined;
    for (const own of this.#bySource.values()) if (own.size > (fullest?.size ?? 0)) fullest = own;
    return fullest ?? [];
  }

  #cutOldest(own: Iterable<T>): void {
    for (const oldest of own) {
      this.remove(oldest);
      this.#options.cut(oldest);
      return;
    }
  }
}
