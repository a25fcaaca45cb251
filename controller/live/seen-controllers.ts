/** The other controllers of the same records, as this one saw them say that they run; nobody else's clock is asked. */

interface Seen {
  /** How often it has said so. */
  readonly beats: number;
  /** When that was seen to change, on this controller's monotonic clock. */
  readonly sinceMs: number;
}

export class SeenControllers {
  readonly #seen = new Map<string, Seen>();

  get(id: string): Seen | undefined {
    return this.#seen.get(id);
  }

  saw(id: string, seen: Seen): void {
    this.#seen.set(id, seen);
  }

  /** Forgets those that are not on the list any more. */
  keepOnly(listed: ReadonlyMap<string, unknown>): void {
    for (const id of this.#seen.keys()) if (!listed.has(id)) this.#seen.delete(id);
  }

  get all(): [id: string, seen: Seen][] {
    return [...this.#seen];
  }
}
