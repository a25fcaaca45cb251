/**
 * Which origin of a resource a request goes to, and as what it is guarded. Pure but for what it has been told of origins
 * that failed.
 */
import { isWildcard, matchesPattern, rankOf, type Name, type Pattern } from '../../protocol/names.ts';
import type { WebResource } from './exchange.ts';

export interface ChosenOrigin {
  readonly origin: URL;
  readonly address: string;
}

/** The resource that answers for a public hostname; undefined when none does. */
export function resourceFor<T extends { readonly web?: unknown }>(
  resources: Iterable<T>,
  host: Name,
): (T & { readonly web: WebResource['web'] }) | undefined {
  let best: T | undefined;
  let bestRank = 0;
  for (const resource of resources) {
    const { hostnames = [] } = (resource.web ?? {}) as Partial<WebResource['web']>;
    for (const pattern of hostnames) {
      const rank = rankOf(pattern as Pattern, host);
      if (rank > bestRank) [best, bestRank] = [resource, rank];
    }
  }
  return best as (T & { readonly web: WebResource['web'] }) | undefined;
}

/** The origins of a resource for this host, in the order written. */
export function originsFor(resource: WebResource, host: Name): ChosenOrigin[] {
  const pattern = resource.web.hostnames
    .map((each) => each as Pattern)
    .filter((each) => matchesPattern(each, host))
    .toSorted((a, b) => rankOf(b, host) - rankOf(a, host))[0];
  const star = pattern !== undefined && isWildcard(pattern) ? host.slice(0, 1 - pattern.length) : undefined;
  return resource.web.origins.flatMap((written) => {
    const filled = star === undefined ? written : written.replace('*', star);
    const origin = URL.parse(filled);
    if (origin === null || origin.hostname.includes('*')) return [];
    const wildcard = /^https?:\/\/(\*\.[^:/]+)/.exec(written)?.[1];
    return [{ origin, address: wildcard ?? origin.hostname.replace(/^\[|\]$/g, '') }];
  });
}
