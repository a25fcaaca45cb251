/**
 * Networks of one address family with a number each, flattened into stretches that do not overlap: sorted typed arrays,
 * found by halving. Of networks that hold an address the one with the longest prefix counts.
 */
import type { AddressWords } from './address-words.ts';

/** Networks as they were read. `words` of each lie one after another, `values` are 1 to 65,535. */
export interface NetworkList {
  readonly words: Uint32Array;
  readonly prefixes: Uint8Array;
  readonly values: Uint16Array;
  readonly count: number;
}

/** The same network was listed with two values: the places of both in the list. */
export class ListedTwice extends Error {
  readonly places: readonly [number, number];

  constructor(places: readonly [number, number]) {
    super('a network is listed twice');
    this.places = places;
  }
}

export class NetworkTable {
  /** Words of an address: 1 or 4. */
  readonly #width: 1 | 4;
  /** First address of each stretch, ascending, and what it has; 0 for nothing. */
  readonly #starts: Uint32Array;
  readonly #values: Uint16Array;
  readonly #count: number;

  /** Throws `ListedTwice`. The list is not kept. */
  constructor(width: 1 | 4, list: NetworkList) {
    this.#width = width;
    const order = sorted(width, list);
    // Each network begins one stretch and ends one.
    const starts = new Uint32Array((2 * list.count + 1) * width);
    const values = new Uint16Array(2 * list.count + 1);
    let count = 0;
    const put = (start: readonly number[], value: number): void => {
      if (count > 0 && compare(starts, (count - 1) * width, start, width) === 0) count -= 1;
      if (count > 0 && values[count - 1] === value) return;
      starts.set(start, count * width);
      values[count] = value;
      count += 1;
    };
    put(Array<number>(width).fill(0), 0);
    /** The networks that hold the place one is at, the innermost last, each with the first address behind it. */
    const open: { value: number; end: readonly number[] | undefined }[] = [];
    const close = (): void => {
      const ended = open.pop();
      if (ended?.end !== undefined) put(ended.end, open.at(-1)?.value ?? 0);
    };
    for (const place of order) {
      const start = [...list.words.subarray(place * width, (place + 1) * width)];
      for (let last = open.at(-1); last?.end !== undefined; last = open.at(-1)) {
        if (isLess(start, last.end)) break;
        close();
      }
      const value = list.values[place] ?? 0;
      put(start, value);
      open.push({ value, end: behind(start, list.prefixes[place] ?? 0) });
    }
    while (open.length > 0) close();
    this.#starts = starts.slice(0, count * width);
    this.#values = values.slice(0, count);
    this.#count = count;
  }

  /** Bytes that the table takes. */
  get bytes(): number {
    return this.#starts.byteLength + this.#values.byteLength;
  }

  /** The value of the innermost network that holds the address; 0 for none. The address is of this table's family. */
  find(address: AddressWords): number {
    let [low, high] = [0, this.#count];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (compare(this.#starts, middle * this.#width, address, this.#width) <= 0) low = middle;
      else high = middle;
    }
    return this.#values[low] ?? 0;
  }
}

/** Places of the list by first address, wider networks before those inside them. */
function sorted(width: 1 | 4, { words, prefixes, values, count }: NetworkList): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  const by = (a: number, b: number): number => {
    for (let at = 0; at < width; at += 1) {
      const difference = (words[a * width + at] ?? 0) - (words[b * width + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return (prefixes[a] ?? 0) - (prefixes[b] ?? 0);
  };
  // Such files are sorted as a rule, and looking is far quicker than sorting.
  let isSorted = true;
  for (let at = 1; at < count && isSorted; at += 1) isSorted = by(at - 1, at) <= 0;
  if (!isSorted) order.sort(by);
  for (let at = 1; at < count; at += 1) {
    const [a, b] = [order[at - 1] ?? 0, order[at] ?? 0];
    if (by(a, b) === 0 && values[a] !== values[b]) throw new ListedTwice([Math.min(a, b), Math.max(a, b)]);
  }
  return order;
}

/** The first address behind the network; undefined when it reaches to the end of all addresses. */
function behind(start: readonly number[], prefix: number): number[] | undefined {
  if (prefix === 0) return undefined;
  const end = [...start];
  let at = Math.ceil(prefix / 32) - 1;
  let sum = (end[at] ?? 0) + 2 ** (31 - ((prefix - 1) % 32));
  while (sum > 0xffff_ffff) {
    end[at] = sum - 0x1_0000_0000;
    at -= 1;
    if (at < 0) return undefined;
    sum = (end[at] ?? 0) + 1;
  }
  end[at] = sum;
  return end;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [at, word] of a.entries()) if (word !== b[at]) return word < (b[at] ?? 0);
  return false;
}

/** The sign of the difference between the words at `offset` and `address`. */
function compare(words: Uint32Array, offset: number, address: readonly number[], width: number): number {
  for (let at = 0; at < width; at += 1) {
    const difference = (words[offset + at] ?? 0) - (address[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
