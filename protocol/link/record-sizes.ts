/** The sizes of records the peer has not acknowledged, oldest first, in a ring of numbers; used by the link alone. */
export class RecordSizes {
  #ring = new Uint32Array(64);
  #first = 0;
  #count = 0;
  #bytes = 0;

  /** All of them together. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  push(bytes: number): void {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#count) % this.#ring.length] = bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Forgets the oldest `records`, of which there are as many. */
  shift(records: number): void {
    for (let index = 0; index < records; index++) {
      this.#bytes -= this.#ring[this.#first] as number;
      this.#first = (this.#first + 1) % this.#ring.length;
    }
    this.#count -= records;
  }

  #grow(): void {
    const larger = new Uint32Array(2 * this.#ring.length);
    for (let index = 0; index < this.#count; index++) {
      larger[index] = this.#ring[(this.#first + index) % this.#ring.length] as number;
    }
    this.#ring = larger;
    this.#first = 0;
  }
}
