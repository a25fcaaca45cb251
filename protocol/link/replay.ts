/**
 * What a link has sent and its peer has not acknowledged: the plaintexts themselves, oldest first, so that they can be
 * sent again on another carrier (WIRE A7). Bounded per session by whoever asks, and for all sessions by a budget.
 */

/** Unacknowledged plaintext of one session above which it sends nothing more. */
export const maxSessionBytes = 32 * 1_024 * 1_024;
/** The same for all sessions of a process. */
const maxProcessBytes = 256 * 1_024 * 1_024;
/** A record that holds on to memory this many times its size is copied when it has to wait. */
const copyRatio = 8;

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
  #first = 0;
  #count = 0;
  #bytes = 0;

  constructor(budget: ReplayBudget) {
    this.#budget = budget;
  }

  /** All records together. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Keeps a plaintext, whose memory nobody may change from now on. */
  push(record: Buffer): void {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#count) % this.#ring.length] = record;
    this.#count++;
    this.#bytes += record.length;
    this.#budget.add(record.length);
  }

  /** @param place 0 is the oldest; below `count` */
  at(place: number): Buffer {
    return this.#ring[(this.#first + place) % this.#ring.length] as Buffer;
  }

  /** Forgets the oldest `records`, of which there are as many. */
  shift(records: number): void {
    let bytes = 0;
    for (let index = 0; index < records; index++) {
      bytes += (this.#ring[this.#first] as Buffer).length;
      this.#ring[this.#first] = undefined;
      this.#first = (this.#first + 1) % this.#ring.length;
    }
    this.#count -= records;
    this.#bytes -= bytes;
    this.#budget.add(-bytes);
  }

  /**
   * They will go out again, perhaps much later: each as `change` makes it, and copied where a small one holds on to much
   * memory that it shares.
   */
  rewrite(change: (record: Buffer) => Buffer): void {
    for (let place = 0; place < this.#count; place++) {
      const old = this.at(place);
      const record = change(old);
      const isWasteful = record.length * copyRatio < record.buffer.byteLength;
      this.#ring[(this.#first + place) % this.#ring.length] = isWasteful ? ownCopy(record) : record;
      this.#bytes += record.length - old.length;
      this.#budget.add(record.length - old.length);
    }
  }

  #grow(): void {
    const larger: (Buffer | undefined)[] = Array.from({ length: 2 * this.#ring.length });
    for (let place = 0; place < this.#count; place++) larger[place] = this.at(place);
    this.#ring = larger;
    this.#first = 0;
  }
}

function ownCopy(record: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(record.length);
  record.copy(copy);
  return copy;
}
