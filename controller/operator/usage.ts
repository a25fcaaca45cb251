/** What an organisation makes use of, beside what it may: read by the operator beside the records, and by its owners. */
import type { Usage } from '../../protocol/usage.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { countOf, limitsIn } from './limits.ts';

const shownMonths = 12;

/** A controller says what is there every ten seconds; what none has said for so long is over. */
const nowForMs = 30_000;

export async function usageOf(store: ScopedStore, nowMs: number): Promise<Usage> {
  const limits = limitsIn(await store.limits());
  const months = await store
    .select('usage_counts')
    .select(['month', 'requests', 'refused', 'relayed'])
    .orderBy('month', 'desc')
    .limit(shownMonths)
    .execute();
  const standing = await store
    .select('usage_now')
    .select(['flows', 'relayed'])
    .where('at_ms', '>', nowMs - nowForMs)
    .execute();
  const sum = (what: 'flows' | 'relayed'): number => standing.reduce((all, row) => all + row[what], 0);
  return {
    people: { used: await countOf(store, 'people'), limit: limits.people },
    connectors: { used: await countOf(store, 'connectors'), limit: limits.connectors },
    requests: { limit: limits.requests, months },
    flows: { used: sum('flows'), limit: limits.flows },
    relay: { used: Math.round(sum('relayed') / 12_500) / 10, limit: limits.relay },
  };
}
