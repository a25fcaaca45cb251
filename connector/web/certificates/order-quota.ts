/** How many certificates may be ordered for names that somebody merely asked for: anybody may make up names below a wildcard. */
const hourMs = 3_600_000;
export const ordersPerHour = 20;

export class OrderQuota {
  /** Epoch milliseconds of the orders of the last hour, oldest first. */
  #ordered: number[];

  /** @param ordered what an earlier process had in `ordered` */
  constructor(ordered: readonly number[] = []) {
    this.#ordered = [...ordered];
  }

  get ordered(): readonly number[] {
    return this.#ordered;
  }

  /** Takes one place, or says (epoch milliseconds) when the next is free. */
  take(nowMs: number): number | undefined {
    // A time ahead of the clock counts as well: a clock set back must not let more through.
    this.#ordered = this.#ordered.filter((atMs) => nowMs - atMs < hourMs);
    const [oldest] = this.#ordered;
    if (oldest !== undefined && this.#ordered.length >= ordersPerHour) return oldest + hourMs;
    this.#ordered.push(nowMs);
    return undefined;
  }
}
