/**
 * What a link has sent and its peer has not acknowledged: the plaintexts themselves, oldest first, so that they can be
 * sent again on another carrier (WIRE A7). Bounded per session by whoever asks, and for all sessions by a budget. Large
 * records stay in the block they were put together in, which goes back when they are acknowledged.
 */
import { giveBlock, smallRecordBytes } from '../mux/record-block.ts';

/** Unacknowledged plaintext of one session above which it sends nothing more. */
export const maxSessionBytes = 32 * 1_024 * 1_024;
/** The same for all sessions of a process. */
const maxProcessBytes = 256 * 1_024 * 1_024;

/** What all sessions that share it hold together, and who waits until that is less. */
export class ReplayBudget {
  readonly #maxBytes: number;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;

  constructor(maxBytes = maxProcessBytes) {
    this.#maxBytes = maxBytes;
  }

  get isSpent(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Calls `ready` once, when there is room again. */
  wait(ready: () => void): void {
    this.#waiting.add(ready);
  }

  cancel(ready: () => void): void {
    this.#waiting.delete(ready);
  }

  /** @param bytes more, or fewer when negative */
  add(bytes: number): void {
    const wasSpent = this.isSpent;
    this.#bytes += bytes;
    if (!wasSpent || this.isSpent) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const ready of waiting) ready();
  }
}

/** Of all sessions of this process. */
export const processBudget = new ReplayBudget();

export class Replay {
  readonly #budget: ReplayBudget;
  #ring: (Buffer | undefined)[] = Array.from({ length: 64 });
  /** At the same place as the record that lies in it. */
  #blocks: (Buffer | undefined)[] = Array.from({ length: 64 });
  #first = 0;
  #count = 0;
  #bytes = 0;

  constructor(budget: ReplayBudget) {
    this.#budget = budget;
  }

  /** The memory of all records together. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Keeps the plaintext `block[0, end)`; the block is the replay's from now on. */
  push(block: Buffer, end: number): void {
    if (this.#count === this.#ring.length) this.#grow();
    const place = (this.#first + this.#count) % this.#ring.length;
    if (end < smallRecordBytes) {
      const record = Buffer.allocUnsafe(end);
      block.copy(record, 0, 0, end);
      giveBlock(block);
      this.#ring[place] = record;
    } else {
      this.#ring[place] = block.subarray(0, end);
      this.#blocks[place] = block;
    }
    this.#count++;
    this.#hold(this.#heldAt(place));
  }

  /** @param place 0 is the oldest; below `count` */
  at(place: number): Buffer {
    return this.#ring[(this.#first + place) % this.#ring.length] as Buffer;
  }

  /** Forgets the oldest `records`, of which there are as many. Whoever got one from `at` has forgotten it by now. */
  shift(records: number): void {
    let bytes = 0;
    for (let index = 0; index < records; index++) {
      bytes += this.#heldAt(this.#first);
      this.#drop(this.#first);
      this.#first = (this.#first + 1) % this.#ring.length;
    }
    this.#count -= records;
    this.#hold(-bytes);
  }

  /** They will go out again, each as `change` makes it, which gives back its argument or memory of its own. */
  rewrite(change: (record: Buffer) => Buffer): void {
    for (let index = 0; index < this.#count; index++) {
      const place = (this.#first + index) % this.#ring.length;
      const old = this.#ring[place] as Buffer;
      const record = change(old);
      if (record === old) continue;
      this.#hold(-this.#heldAt(place));
      this.#drop(place);
      this.#ring[place] = record;
      this.#hold(record.length);
    }
  }

  #heldAt(place: number): number {
    return (this.#blocks[place] ?? this.#ring[place])?.length ?? 0;
  }

  #hold(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.add(bytes);
  }

  #drop(place: number): void {
    const block = this.#blocks[place];
    this.#ring[place] = undefined;
    this.#blocks[place] = undefined;
    if (block !== undefined) giveBlock(block);
  }

  #grow(): void {
    this.#ring = this.#inOrder(this.#ring);
    this.#blocks = this.#inOrder(this.#blocks);
    this.#first = 0;
  }

  /** As many again, the oldest first. */
  #inOrder(ring: (Buffer | undefined)[]): (Buffer | undefined)[] {
    const larger: (Buffer | undefined)[] = Array.from({ length: 2 * ring.length });
    for (let place = 0; place < this.#count; place++)
      larger[place] = ring[(this.#first + place) % ring.length];
    return larger;
  }
}
