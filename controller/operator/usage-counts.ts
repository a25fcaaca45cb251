/** What organisations made use of by month, counted in memory and written down every few seconds. */
import type { Logger } from 'pino';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** So long counts wait before they are written down. */
const writeAfterMs = 10_000;

export interface Counts {
  /** Requests of those who are known, and those among them that were refused beyond the limit. */
  readonly requests: number;
  readonly refused: number;
  /** Bytes that relays passed. */
  readonly relayed: number;
}

/** What is there now, as one controller knows it. */
export interface UsedNow {
  readonly flows: number;
  /** Bytes a second through relays. */
  readonly relayed: number;
}

export interface UsageCountsOptions {
  readonly storeOf: (organisation: OrganisationId) => ScopedStore;
  /** Of the nodes whose channels are at this controller. */
  readonly usedNow: (organisation: OrganisationId) => UsedNow;
  /** Of this controller. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Has `write` run at this instant (epoch ms). */
  readonly later: (organisation: OrganisationId, atMs: number, write: () => void) => void;
  readonly log: Logger;
}

type Months = Map<string, Counts>;

export class UsageCounts {
  readonly #options: UsageCountsOptions;
  /** Not written down yet; by month. */
  readonly #counts = new Map<OrganisationId, Months>();
  /** Whose standing was written last, and was not nothing. */
  readonly #standing = new Set<OrganisationId>();

  constructor(options: UsageCountsOptions) {
    this.#options = options;
  }

  add(organisation: OrganisationId, counted: Partial<Counts>): void {
    const month = new Date(this.#options.now()).toISOString().slice(0, 7);
    this.#keep(organisation, new Map([[month, { requests: 0, refused: 0, relayed: 0, ...counted }]]));
  }

  /** Writes down what was counted of every organisation that is not suspended. What cannot be written now is kept. */
  async flushAll(): Promise<void> {
    for (const organisation of [...this.#counts.keys()]) await this.flush(organisation);
  }

  /** The same of one. */
  async flush(organisation: OrganisationId): Promise<void> {
    const months = this.#counts.get(organisation);
    if (months === undefined) return;
    this.#counts.delete(organisation);
    const { storeOf, usedNow, id, now, log } = this.#options;
    try {
      await storeOf(organisation).transaction(async (tx) => {
        // Of one that may be deleted by now nothing is left behind.
        if ((await tx.standing()).isSuspended) return;
        for (const [month, counts] of months) await addCounts(tx, month, counts);
        const standing = { ...usedNow(organisation), at_ms: now() };
        await tx
          .insert('usage_now', { controller: id, ...standing })
          .onConflict((conflict) => conflict.columns(['organisation', 'controller']).doUpdateSet(standing))
          .execute();
        await tx
          .delete('usage_now')
          .where('at_ms', '<', now() - 3_600_000)
          .execute();
      });
      this.#goOn(organisation);
    } catch (error) {
      log.warn({ err: error }, 'what was used could not be counted yet');
      this.#keep(organisation, months);
    }
  }

  /** As long as something is open or passes, and once after, it is written although nothing else is counted. */
  #goOn(organisation: OrganisationId): void {
    const { flows, relayed } = this.#options.usedNow(organisation);
    const isIdle = flows === 0 && relayed === 0;
    if (isIdle && !this.#standing.delete(organisation)) return;
    if (!isIdle) this.#standing.add(organisation);
    this.#keep(organisation, new Map());
  }

  #keep(organisation: OrganisationId, added: ReadonlyMap<string, Counts>): void {
    let months = this.#counts.get(organisation);
    if (months === undefined) {
      months = new Map();
      this.#counts.set(organisation, months);
      const atMs = this.#options.now() + writeAfterMs;
      this.#options.later(organisation, atMs, () => void this.flush(organisation));
    }
    for (const [month, { requests, refused, relayed }] of added) {
      const known = months.get(month) ?? { requests: 0, refused: 0, relayed: 0 };
      months.set(month, {
        requests: known.requests + requests,
        refused: known.refused + refused,
        relayed: known.relayed + relayed,
      });
    }
  }
}

async function addCounts(tx: ScopedStore, month: string, counts: Counts): Promise<void> {
  const { requests, refused, relayed } = counts;
  await tx
    .insert('usage_counts', { month, ...counts })
    .onConflict((conflict) =>
      conflict.columns(['organisation', 'month']).doUpdateSet((eb) => ({
        requests: eb('usage_counts.requests', '+', requests),
        refused: eb('usage_counts.refused', '+', refused),
        relayed: eb('usage_counts.relayed', '+', relayed),
      })),
    )
    .execute();
}
