/**
 * What this device may say about a name: the one decision behind DNS answers, new flows and `why`, made from the last
 * snapshot. It decides nothing about rights (the controller did) and never looks at the network.
 */
import type { DeviceSnapshot } from '../protocol/snapshot.ts';
import type { RecordType } from '../protocol/dns-records.ts';
import type { NetworkId, ResourceId } from '../protocol/ids.ts';
import {
  isWildcard,
  isWithin,
  matchesPattern,
  mostSpecific,
  parseName,
  parsePattern,
  rankOf,
  type Name,
  type Pattern,
} from '../protocol/names.ts';
import { parsePortRange, type PortRange } from '../protocol/ports.ts';
import { reasonLine, reasonTexts, type Reason } from '../protocol/reasons.ts';
import { whyRefused } from './dns/zones.ts';
import { thisSystem } from './this-system.ts';

/** A resource this device may use or know of. */
export interface VisibleResource {
  readonly id: ResourceId;
  readonly net: NetworkId;
  readonly name: string;
  readonly hosts: readonly Pattern[];
  /** Public hostnames, and the port at which they lead to the connector's TLS endpoint. */
  readonly web: { readonly hostnames: readonly Pattern[]; readonly port: number } | undefined;
  readonly ports: readonly string[];
  /** Records that it may be asked for besides addresses. */
  readonly dns: readonly RecordType[];
  readonly granted: boolean;
  readonly reasons: readonly Reason[];
  /** Epoch seconds at which time alone changes this. */
  readonly until: number | undefined;
}

/** Everything the client knows about names. Made by `readKnowledge`, or `nothingKnown` before the first snapshot. */
export interface Knowledge {
  readonly zones: readonly Name[];
  /** Names below a zone that are Postern's own machinery (controller, relays) and stay with the system's resolver. */
  readonly exempt: ReadonlySet<string>;
  readonly contact: 'known' | 'none' | 'ended';
  readonly resources: readonly VisibleResource[];
  /** Networks with a connector that can be dialled. */
  readonly reachable: ReadonlySet<string>;
}

/** Why a protected name cannot be told now. */
export type Unknown = 'no-contact' | 'session-ended' | 'no-connector';

export type Standing =
  /** Not ours: the system's own resolver answers. */
  | { readonly is: 'foreign' }
  | { readonly is: 'granted'; readonly resource: VisibleResource; readonly wildcard: Pattern | undefined }
  | { readonly is: 'refused'; readonly resource: VisibleResource }
  | { readonly is: 'unknown'; readonly why: Unknown }
  /** Does not exist, or is not for this person to know of: the two are never told apart. */
  | { readonly is: 'hidden' };

/** What is known before the first snapshot: the zones remembered from the last run, and nothing about them. */
export function nothingKnown(zones: readonly Name[], exempt: ReadonlySet<string>): Knowledge {
  return { zones, exempt, contact: 'none', resources: [], reachable: new Set() };
}

/** The knowledge in a snapshot. `zones` are those of the snapshot that the client accepts (`acceptedZones`). */
export function readKnowledge(
  snapshot: DeviceSnapshot,
  zones: readonly Name[],
  exempt: ReadonlySet<string>,
): Knowledge {
  const networks = Object.values(snapshot.networks);
  return {
    zones,
    exempt,
    contact: snapshot.session.ended === undefined ? 'known' : 'ended',
    resources: Object.values(snapshot.resources).map((resource) => ({
      id: resource.id as ResourceId,
      net: resource.net as NetworkId,
      name: resource.name,
      hosts: resource.hosts.flatMap((host) => parsePattern(host) ?? []),
      web:
        resource.web === undefined
          ? undefined
          : {
              hostnames: resource.web.hostnames.flatMap((host) => parsePattern(host) ?? []),
              port: resource.web.port,
            },
      ports: resource.ports,
      dns: resource.dns ?? [],
      granted: resource.state === 'granted',
      reasons: resource.reasons.filter(isKnownReason),
      until: resource.until,
    })),
    reachable: new Set(
      networks.filter((network) => network.connectors.length > 0).map((network) => network.id),
    ),
  };
}

/** The standing of a name in the knowledge: as a public hostname, or else as the name of a resource. */
export function standingOf(name: Name, knowledge: Knowledge): Standing {
  const door = webDoorOf(name, knowledge);
  return door === undefined ? hostStandingOf(name, knowledge) : { is: 'granted', ...door };
}

/** The resource behind a public hostname that this device may use. */
export interface WebDoor {
  readonly resource: VisibleResource;
  /** The hostname that the name lies below: whether the name is one of its own is for its connector and public DNS to say. */
  readonly wildcard: Pattern | undefined;
}

/**
 * The door of a public hostname that is answered here; undefined of every other, which keeps the browser's own door. The hostname
 * that means the name most exactly counts, whoever may use it, and before the wildcard of a door the name of a resource.
 */
export function webDoorOf(name: Name, knowledge: Knowledge): WebDoor | undefined {
  if (knowledge.contact !== 'known' || knowledge.exempt.has(name) || whyRefused(name, '') !== undefined)
    return undefined;
  let best: WebDoor | undefined;
  let bestRank = 0;
  for (const resource of knowledge.resources)
    for (const host of resource.web?.hostnames ?? []) {
      const rank = rankOf(host, name);
      if (rank <= bestRank) continue;
      best = { resource, wildcard: isWildcard(host) ? host : undefined };
      bestRank = rank;
    }
  if (best === undefined || !best.resource.granted || !knowledge.reachable.has(best.resource.net))
    return undefined;
  if (best.wildcard === undefined) return best;
  const suffix = best.wildcard.slice(2) as Name;
  const isNamed = knowledge.resources.some(({ hosts }) =>
    hosts.some((host) => rankOf(host, name) > bestRank),
  );
  return whyRefused(suffix, '') !== undefined || isNamed ? undefined : best;
}

/** All public hostnames that are answered here; a wildcard stands for those below it that are not said otherwise. */
export function webNames(knowledge: Knowledge): Pattern[] {
  return knowledge.resources
    .flatMap(({ web }) => web?.hostnames ?? [])
    .filter((host) => {
      const door = webDoorOf(instanceOf(host), knowledge);
      return door !== undefined && (door.wildcard === undefined) === !isWildcard(host);
    });
}

/** A name that the pattern means; of a wildcard, one that nobody gives to a host. */
export function instanceOf(pattern: Pattern): Name {
  return (isWildcard(pattern) ? `_${pattern.slice(1)}` : pattern) as Name;
}

/** The standing of a name that leads to a resource itself, whatever public hostname it may be besides. */
export function hostStandingOf(name: Name, knowledge: Knowledge): Standing {
  if (knowledge.exempt.has(name)) return { is: 'foreign' };
  const protectedName = knowledge.zones.some((zone) => isWithin(name, zone));
  if (knowledge.contact !== 'known') {
    if (!protectedName) return { is: 'foreign' };
    return { is: 'unknown', why: knowledge.contact === 'none' ? 'no-contact' : 'session-ended' };
  }
  const resource = mostSpecific(knowledge.resources, name);
  if (resource === undefined) return protectedName ? { is: 'hidden' } : { is: 'foreign' };
  if (!resource.granted) return protectedName ? { is: 'refused', resource } : { is: 'foreign' };
  const exact = resource.hosts.some((host) => (host as string) === name);
  // Outside the zones only an exact public hostname is ours, and it does not fail closed.
  if (!protectedName && (!exact || !knowledge.reachable.has(resource.net))) return { is: 'foreign' };
  if (!knowledge.reachable.has(resource.net)) return { is: 'unknown', why: 'no-connector' };
  const wildcard = exact
    ? undefined
    : resource.hosts.find((host) => isWildcard(host) && matchesPattern(host, name));
  return { is: 'granted', resource, wildcard };
}

/** The resource that a person means by `text`: its name, or a name that leads to it. Undefined when there is none. */
export function findResource(text: string, knowledge: Knowledge): VisibleResource | undefined {
  const byName = knowledge.resources.find((resource) => resource.name === text);
  if (byName !== undefined) return byName;
  const host = parseName(text);
  if (host === undefined) return undefined;
  const named = knowledge.resources.map((resource) => ({
    resource,
    hosts: [...resource.hosts, ...(resource.web?.hostnames ?? [])],
  }));
  return mostSpecific(named, host)?.resource;
}

/** Those of a resource's ports that are UDP. */
export function udpRanges(ports: readonly string[]): PortRange[] {
  return ports.flatMap((text) => parsePortRange(text) ?? []).filter(({ transport }) => transport === 'udp');
}

/** The reasons that are not met, each with its name and what would mend it. */
export function unmetTexts(reasons: readonly Reason[]): string[] {
  const unmet = reasons.filter(({ name }) => !reasonTexts[name].met);
  return (unmet.length > 0 ? unmet : [{ name: 'no-allow' } as const]).map((reason) =>
    reasonLine(reason, thisSystem),
  );
}

function isKnownReason(reason: { name: string; policy?: string }): reason is Reason {
  return Object.hasOwn(reasonTexts, reason.name);
}
