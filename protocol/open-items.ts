/**
 * What is open for a moment, by the thousand: collections that let go of what has left them. V8's `Set` and `Map` do not: each
 * makes a new table when its last is full, and the old one, which still holds what was in it then, points to the new one. Once
 * a full collection has made one of them old, no quick collection frees what was in those after it, nor whatever hangs on that,
 * until the next full one; every quick collection then costs many times as much.
 */

/** What can be in an `OpenItems`; in one at a time. */
export interface OpenItem {
  /** Where it is there; only `OpenItems` writes it. */
  place?: number | undefined;
}

/** A set in no order. */
export class OpenItems<T extends OpenItem> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Adds one that is in none. */
  add(item: T): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** False when it is not here. */
  delete(item: T): boolean {
    const { place } = item;
    if (place === undefined || this.#items[place] !== item) return false;
    item.place = undefined;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      this.#items[place] = last;
      last.place = place;
    }
    return true;
  }

  /** A copy, so that what is walked may leave meanwhile. */
  all(): readonly T[] {
    return [...this.#items];
  }
}

/** A map in the order in which its entries came. Its keys are held longer than that, and are numbers or short texts. */
export class OpenMap<K extends number | string, V extends object> {
  /** Old tables hold these, which let go. */
  readonly #entries = new Map<K, { value: V | undefined }>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Adds one, or puts it in the place of the one that is there. */
  add(key: K, value: V): void {
    this.#entries.set(key, { value });
  }

  /** False when it is not here. */
  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    entry.value = undefined;
    return this.#entries.delete(key);
  }

  /** What is added or deleted meanwhile is seen, or not, as with a `Map`. */
  *values(): IterableIterator<V> {
    for (const { value } of this.#entries.values()) if (value !== undefined) yield value;
  }
}
