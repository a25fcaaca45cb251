/** What an organisation makes use of, beside what it may: read by the operator beside the records, and by its owners. */
import type { Usage } from '../../protocol/usage.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { countOf, limitsIn } from './limits.ts';

const shownMonths = 12;

export async function usageOf(store: ScopedStore): Promise<Usage> {
  const limits = limitsIn(await store.limits());
  const months = await store
    .select('usage_counts')
    .select(['month', 'requests', 'refused'])
    .orderBy('month', 'desc')
    .limit(shownMonths)
    .execute();
  return {
    people: { used: await countOf(store, 'people'), limit: limits.people },
    connectors: { used: await countOf(store, 'connectors'), limit: limits.connectors },
    requests: { limit: limits.requests, months },
    flows: { limit: limits.flows },
    relay: { limit: limits.relay },
  };
}
