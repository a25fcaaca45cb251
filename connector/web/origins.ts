/**
 * Which origin of a resource a request goes to, and as what it is guarded. Pure but for what it has been told of origins
 * that failed.
 */
import { isWildcard, matchesPattern, rankOf, type Name, type Pattern } from '../../protocol/names.ts';
import type { WebResource } from '../flows/resource-at.ts';

export interface ChosenOrigin {
  readonly origin: URL;
  /** `http(s)://host:port`, without the port where it is the scheme's own. */
  readonly text: string;
  /** As a `Host` header names it. */
  readonly host: string;
  /** What is guarded: the origin's host, or the wildcard that it was made from. */
  readonly address: string;
}

/** Hosts below a wildcard are as many as browsers ask for. */
const maxKept = 1_000;
/** By what a snapshot says of a resource's door: another snapshot has other objects. */
const kept = new WeakMap<WebResource['web'], Map<Name, readonly ChosenOrigin[]>>();

/** The origins of a resource for this host, in the order written. What has been worked out once is kept. */
export function originsFor(resource: WebResource, host: Name): readonly ChosenOrigin[] {
  const byHost = kept.get(resource.web) ?? new Map<Name, readonly ChosenOrigin[]>();
  const known = byHost.get(host);
  if (known !== undefined) return known;
  const origins = readOrigins(resource, host);
  if (byHost.size >= maxKept) byHost.clear();
  kept.set(resource.web, byHost.set(host, origins));
  return origins;
}

function readOrigins(resource: WebResource, host: Name): ChosenOrigin[] {
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
    const address = wildcard ?? origin.hostname.replace(/^\[|\]$/g, '');
    return [{ origin, text: origin.origin, host: origin.host, address }];
  });
}

/**
 * The Host that an origin sees: its own, the public one, or a text somebody wrote.
 * @param authority the public host, with its port where it is not 443
 */
export function hostFor(setting: string, { host }: ChosenOrigin, authority: string): string {
  if (setting === 'origin') return host;
  return setting === 'hostname' ? authority : setting;
}
