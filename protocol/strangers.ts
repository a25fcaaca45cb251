/**
 * Peers of which nothing is known yet, the oldest first, altogether and by where they come from. There is always room for
 * one more: whoever holds the most places loses the oldest of his own, so that nobody can keep others out (SEC-D7, SEC-D8).
 */
import { OpenMap } from './open-items.ts';

export interface StrangersOptions<T> {
  /** So many altogether. */
  readonly most: number;
  /** So many of one source; as many as there are places unless given, for who may stand behind somebody else's proxy. */
  readonly mostOfSource?: number;
  /** Ends one that has lost its place; called once, after it was removed. */
  cut(this: void, stranger: T): void;
}

interface Held<T> {
  readonly stranger: T;
  readonly source: string;
}

export class Strangers<T extends object> {
  readonly #options: StrangersOptions<T>;
  /** By the number of each, which is greater the later it came; those that left are held by nothing here. */
  readonly #held = new OpenMap<number, Held<T>>();
  readonly #bySource = new OpenMap<string, OpenMap<number, Held<T>>>();
  readonly #numbers = new WeakMap<T, number>();
  #came = 0;

  constructor(options: StrangersOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  has(stranger: T): boolean {
    return this.#numbers.has(stranger);
  }

  /** The oldest first. */
  *values(): IterableIterator<T> {
    for (const { stranger } of this.#held.values()) yield stranger;
  }

  /**
   * Adds one that is not here.
   * @param source what its places are counted against: an address, of IPv6 its /64, or the id of a node
   */
  add(stranger: T, source: string): void {
    const { most, mostOfSource = most } = this.#options;
    const own = this.#bySource.get(source);
    if (own !== undefined && own.size >= mostOfSource) this.#cutOldest(own);
    else if (this.size >= most) this.#cutOldest(this.#fullest());
    const number = this.#came++;
    const held = { stranger, source };
    this.#numbers.set(stranger, number);
    this.#held.add(number, held);
    let places = this.#bySource.get(source);
    if (places === undefined) this.#bySource.add(source, (places = new OpenMap()));
    places.add(number, held);
  }

  /** It is known now, or gone; one that is not there stays so. */
  remove(stranger: T): void {
    const number = this.#numbers.get(stranger);
    const held = number === undefined ? undefined : this.#held.get(number);
    if (number === undefined || held === undefined) return;
    this.#numbers.delete(stranger);
    this.#held.delete(number);
    const own = this.#bySource.get(held.source);
    own?.delete(number);
    if (own?.size === 0) this.#bySource.delete(held.source);
  }

  /** Those of the source that holds most; of several with as many, of the one that has been here longest. */
  #fullest(): OpenMap<number, Held<T>> | undefined {
    let fullest: OpenMap<number, Held<T>> | undefined;
    for (const own of this.#bySource.values()) if (own.size > (fullest?.size ?? 0)) fullest = own;
    return fullest;
  }

  #cutOldest(own: OpenMap<number, Held<T>> | undefined): void {
    for (const { stranger } of own?.values() ?? []) {
      this.remove(stranger);
      this.#options.cut(stranger);
      return;
    }
  }
}
