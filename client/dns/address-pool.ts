/**
 * Gives every granted name a synthetic address and keeps it: the same name has the same address across restarts. Names
 * below wildcards are bounded and the least recently used gives its address away; names that a resource lists are not.
 */
import type { Name } from '../../protocol/names.ts';
import { addressAt, isAssignable, offsetOf, sizeOf, type AddressRange } from './address-range.ts';

/** What is kept on disk: the offset of each name in the range, least recently used first. */
export interface PoolState {
  readonly names: readonly { readonly name: Name; readonly offset: number; readonly wildcard?: string }[];
}

/** Names below one wildcard, and below all wildcards of this device. */
export const poolLimits = { perWildcard: 1_024, wildcards: 8_192 } as const;
/** An address is not given to another name before every cache has forgotten it (TTL is at most 10 s). */
export const quietMs = 30_000;

interface Entry {
  readonly offset: number;
  readonly wildcard: string | undefined;
  usedMs: number;
}

export class AddressPool {
  readonly range: AddressRange;
  readonly #nowMs: () => number;
  /** Least recently used first. */
  readonly #names = new Map<Name, Entry>();
  readonly #byOffset = new Map<number, Name>();
  readonly #counts = new Map<string, number>();
  #next = 1;
  /** Grows with each change of the mapping, so that the owner knows when to write it down. */
  #version = 0;

  /** @param nowMs monotonic milliseconds */
  constructor(range: AddressRange, nowMs: () => number, state?: PoolState) {
    this.range = range;
    this.#nowMs = nowMs;
    for (const { name, offset, wildcard } of state?.names ?? []) {
      const usable = Number.isInteger(offset) && offset > 0 && offset < sizeOf(range) && isAssignable(offset);
      if (usable && !this.#byOffset.has(offset) && !this.#names.has(name))
        this.#put(name, offset, wildcard, Number.NEGATIVE_INFINITY);
    }
    this.#version = 0;
  }

  get version(): number {
    return this.#version;
  }

  /** The address of the name, given now if it has none. Undefined when none is free: bounds reached and all in use. */
  addressOf(name: Name, wildcard: string | undefined): string | undefined {
    const known = this.#names.get(name);
    if (known !== undefined && known.wildcard === wildcard) {
      this.#touch(name, known);
      return addressAt(this.range, known.offset);
    }
    if (known !== undefined) this.#remove(name, known);
    if (wildcard !== undefined && !this.#makeRoom(wildcard)) return undefined;
    const offset = known?.offset ?? this.#freeOffset();
    if (offset === undefined) return undefined;
    this.#put(name, offset, wildcard, this.#nowMs());
    return addressAt(this.range, offset);
  }

  /** The name that has the address; undefined when it is nobody's. Counts as a use. */
  nameOf(address: string): Name | undefined {
    const offset = offsetOf(this.range, address);
    const name = offset === undefined ? undefined : this.#byOffset.get(offset);
    const entry = name === undefined ? undefined : this.#names.get(name);
    if (name !== undefined && entry !== undefined) this.#touch(name, entry);
    return name;
  }

  /** Every name that has an address now, with it. */
  *given(): Iterable<readonly [Name, string]> {
    for (const [name, { offset }] of this.#names) yield [name, addressAt(this.range, offset)];
  }

  /** What to keep on disk. */
  state(): PoolState {
    return {
      names: Array.from(this.#names, ([name, { offset, wildcard }]) =>
        wildcard === undefined ? { name, offset } : { name, offset, wildcard },
      ),
    };
  }

  #touch(name: Name, entry: Entry): void {
    entry.usedMs = this.#nowMs();
    this.#names.delete(name);
    this.#names.set(name, entry);
  }

  #put(name: Name, offset: number, wildcard: string | undefined, usedMs: number): void {
    this.#names.set(name, { offset, wildcard, usedMs });
    this.#byOffset.set(offset, name);
    if (wildcard !== undefined) this.#counts.set(wildcard, (this.#counts.get(wildcard) ?? 0) + 1);
    this.#version += 1;
  }

  #remove(name: Name, entry: Entry): void {
    this.#names.delete(name);
    this.#byOffset.delete(entry.offset);
    if (entry.wildcard !== undefined)
      this.#counts.set(entry.wildcard, (this.#counts.get(entry.wildcard) ?? 1) - 1);
    this.#version += 1;
  }

  /** Frees the least recently used name of this wildcard, or of all, when a bound is reached; false when none is quiet. */
  #makeRoom(wildcard: string): boolean {
    const ownIsFull = (this.#counts.get(wildcard) ?? 0) >= poolLimits.perWildcard;
    let all = 0;
    for (const count of this.#counts.values()) all += count;
    if (!ownIsFull && all < poolLimits.wildcards) return true;
    return this.#evict((entry) => (ownIsFull ? entry.wildcard === wildcard : entry.wildcard !== undefined));
  }

  #evict(matches: (entry: Entry) => boolean): boolean {
    for (const [name, entry] of this.#names) {
      if (!matches(entry)) continue;
      if (this.#nowMs() - entry.usedMs < quietMs) return false;
      this.#remove(name, entry);
      return true;
    }
    return false;
  }

  #freeOffset(): number | undefined {
    const size = sizeOf(this.range);
    // In a small range the names of wildcards and of resources long gone make room for new ones.
    if (this.#names.size >= size * 0.9 && !this.#evict(() => true)) return undefined;
    for (let tried = 0; tried < size; tried += 1) {
      const offset = this.#next;
      this.#next = this.#next + 1 < size ? this.#next + 1 : 1;
      if (isAssignable(offset) && !this.#byOffset.has(offset)) return offset;
    }
    return undefined;
  }
}
