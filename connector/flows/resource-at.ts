/**
 * Which resource answers for a public hostname: the one whose pattern means it most exactly. Asked for every connection and
 * every request, so the patterns are sorted once for each state of the resources, which no patch changes in place.
 */
import type { ConnectorResource, ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { Name } from '../../protocol/names.ts';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';

/** A resource that browsers reach. */
export interface WebResource extends ConnectorResource {
  readonly web: ConnectorWeb;
}

type Resources = ConnectorSnapshot['resources'];

/** `elsewhere`: another network's. */
type Served = WebResource | 'elsewhere';

const kept = new WeakMap<Resources, ReadonlyMap<string, Served>>();

/** Exact before wildcard, the longer suffix before the shorter; undefined when none here means `host`. */
export function resourceAt(resources: Resources | undefined, host: Name): WebResource | undefined {
  if (resources === undefined) return undefined;
  const byPattern = kept.get(resources) ?? sorted(resources);
  const exact = byPattern.get(host);
  if (exact !== undefined) return ownOnly(exact);
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const found = byPattern.get(`*${host.slice(dot)}`);
    if (found !== undefined) return ownOnly(found);
  }
  return undefined;
}

function ownOnly(found: Served): WebResource | undefined {
  return found === 'elsewhere' ? undefined : found;
}

function sorted(resources: Resources): ReadonlyMap<string, Served> {
  const byPattern = new Map<string, Served>();
  const open = Object.values(resources).filter(hasDoor);
  for (const resource of open)
    for (const pattern of resource.web.hostnames)
      if (!byPattern.has(pattern)) byPattern.set(pattern, resource);
  for (const pattern of open.flatMap(({ web }) => web.elsewhere ?? []))
    if (!byPattern.has(pattern)) byPattern.set(pattern, 'elsewhere');
  kept.set(resources, byPattern);
  return byPattern;
}

/** Whether browsers reach it. */
export function hasDoor(resource: ConnectorResource): resource is WebResource {
  return resource.web !== undefined;
}
