/** How often each policy decided of late, by its name. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { PolicyHits } from '../../../../protocol/policy-hits.ts';
import { policyHitsQuery } from '../../admin-queries.ts';

export type Hit = PolicyHits['policies'][number];

export interface HitsOf {
  readonly days: number;
  readonly of: (policy: string) => Hit | undefined;
  /** Whether it decided anything. */
  readonly has: (policy: string) => boolean;
}

/** Undefined until they are there; a page does without them. */
export function useHits(): HitsOf | undefined {
  const { data } = useQuery(policyHitsQuery);
  return useMemo(() => {
    if (data === undefined) return undefined;
    const byName = new Map(data.policies.map((hit) => [hit.name, hit]));
    const of = (policy: string): Hit | undefined => byName.get(policy);
    return { days: data.days, of, has: (policy) => of(policy)?.last !== undefined };
  }, [data]);
}
