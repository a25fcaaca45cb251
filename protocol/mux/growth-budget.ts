/** How much the windows of a session, or of a whole process, may grow together beyond what they start with. */
export class GrowthBudget {
  readonly #parent: GrowthBudget | undefined;
  #left: number;

  /** @param parent also pays for whatever is taken here */
  constructor(bytes: number, parent?: GrowthBudget) {
    this.#left = bytes;
    this.#parent = parent;
  }

  /** How much may still be taken, by this session. */
  get left(): number {
    return this.#left;
  }

  /** Takes up to `bytes`, whole ones; returns how much was granted. */
  take(bytes: number): number {
    const own = Math.max(0, Math.min(Math.floor(bytes), this.#left));
    const granted = this.#parent === undefined ? own : this.#parent.take(own);
    this.#left -= granted;
    return granted;
  }

  give(bytes: number): void {
    this.#left += bytes;
    this.#parent?.give(bytes);
  }
}
