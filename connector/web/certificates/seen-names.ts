/**
 * Names below a wildcard that somebody asked for and nobody listed. Anybody may make up any number of them, so everything is
 * bounded: how many are looked into, how many are ordered, how many are remembered.
 */
import type { Clock } from '../../../protocol/clock.ts';
import { TokenBucket } from '../../../protocol/mux/token-bucket.ts';
import { OrderQuota, ordersPerHour } from './order-quota.ts';
import { WantedName } from './wanted-name.ts';

/** Each asks the other connectors of the network. */
const looks = { burst: 64, perSecond: 1 };
/** Kept for when they may be tried again. */
const mostNames = 1_000;

export class SeenNames {
  readonly #names = new Map<string, WantedName>();
  readonly #looks: TokenBucket;
  readonly #quota: OrderQuota;
  #problem: string | undefined;

  /** @param ordered when an earlier process ordered, as `ordered` gave it */
  constructor(clock: Clock, ordered: readonly number[]) {
    this.#looks = new TokenBucket(clock, looks);
    this.#quota = new OrderQuota(ordered);
  }

  /** Epoch milliseconds of the orders of the last hour. */
  get ordered(): readonly number[] {
    return this.#quota.ordered;
  }

  /** What went wrong last with any of them. */
  get problem(): string | undefined {
    return this.#problem;
  }

  find(name: string): WantedName | undefined {
    return this.#names.get(name);
  }

  /** Somebody asks for `name`; undefined when too many were asked for lately. */
  look(name: string): WantedName | undefined {
    if (!this.#looks.take()) return undefined;
    const wanted = this.#names.get(name) ?? new WantedName(name);
    this.#names.set(name, wanted);
    for (const [oldest, { trying }] of this.#names) {
      if (this.#names.size <= mostNames) break;
      if (trying === undefined) this.#names.delete(oldest);
    }
    return wanted;
  }

  /** Whether `wanted` may be ordered now; otherwise it waits until it may. */
  mayOrder(wanted: WantedName, nowMs: number): boolean {
    const freeMs = this.#quota.take(nowMs);
    if (freeMs === undefined) return true;
    wanted.notBeforeMs = freeMs;
    this.#problem = `${ordersPerHour} names that nobody listed were asked for within an hour, which is as many as are ordered; the next can be from ${new Date(freeMs).toISOString()}: list names in hostnames, or use --acme-dns-hook`;
    return false;
  }

  /** An order of one of them is over, as its `problem` says. */
  ended({ name, problem }: WantedName): void {
    this.#problem = problem === undefined ? undefined : `${name}: ${problem}`.slice(0, 512);
  }
}
