/**
 * What all accounts of this device together say about names: whose a name is, and what may be said of it. Behind the
 * resolver and every new flow. A name below a zone is its holder's alone, so that no organisation answers for another's.
 */
import { isWithin, type Name, type Pattern } from '../../protocol/names.ts';
import type { PortRange } from '../../protocol/ports.ts';
import { zoneOf } from '../dns/answer.ts';
import { searchShadows } from '../dns/search-shadows.ts';
import {
  hostStandingOf,
  instanceOf,
  standingOf,
  udpRanges,
  webNames,
  type Knowledge,
  type Standing,
} from '../standing.ts';

/** Made anew for each question from what is known then. */
export interface Names {
  /** The zones that are taken over, and what programs make of their names with the system's search domains. */
  readonly zones: readonly Name[];
  standing(name: Name): Standing;
  /** The same for what a name leads to itself, whatever public hostname it may be besides. */
  hostStanding(name: Name): Standing;
  /** Whether a name below a zone is Postern's own machinery, which the system's resolver answers for. */
  isExempt(name: string): boolean;
  /** Public hostnames that are answered here, and wildcards of such. */
  readonly webNames: readonly Pattern[];
  /** UDP ports that some granted resource declares. */
  readonly udpPorts: readonly PortRange[];
}

/** One account's part in the names of this device. */
export interface NamesPart {
  /** Its zones are those that it holds here. */
  readonly knowledge: Knowledge;
  /** Zones that another account holds: what lies below is not answered by this one. */
  readonly refused: readonly Name[];
}

/** Made by `shareNames`. */
export interface SharedNames extends Names {
  /** The index of the part that a name belongs to; undefined for what is nobody's. */
  ownerOf(name: Name): number | undefined;
}

/** The names of one account that has this device to itself. */
export function namesOf(knowledge: Knowledge, domains: readonly string[] = []): Names {
  return shareNames([{ knowledge, refused: [] }], new Set(), domains);
}

/**
 * @param parts in the order in which accounts go before each other where no zone decides
 * @param controllers hosts that people named as their controllers: no zone of anybody covers them
 * @param domains search domains of this system
 */
export function shareNames(
  parts: readonly NamesPart[],
  controllers: ReadonlySet<string>,
  domains: readonly string[],
): SharedNames {
  const known = parts.map(({ knowledge, refused }) => ({
    refused,
    exempt: knowledge.exempt,
    knowledge: {
      ...knowledge,
      zones: [...knowledge.zones, ...searchShadows(knowledge.zones, domains)],
      exempt: knowledge.exempt.union(controllers),
    },
  }));
  const zones = known.flatMap(({ knowledge }) => knowledge.zones);
  const holderOf = (name: string): number | undefined => {
    const zone = zoneOf(name.split('.'), zones);
    return zone === undefined
      ? undefined
      : known.findIndex(({ knowledge }) => knowledge.zones.includes(zone));
  };
  /** Outside all zones a name is the first's that is granted it: by its exact name, or else below a wildcard. */
  const outside = (name: Name): number | undefined => {
    if (known.some(({ knowledge }) => knowledge.exempt.has(name))) return undefined;
    const standings = known.map(({ knowledge, refused }) =>
      refused.some((zone) => isWithin(name, zone)) ? undefined : standingOf(name, knowledge),
    );
    const first = (isExact: boolean): number =>
      standings.findIndex((each) => each?.is === 'granted' && (each.wildcard === undefined) === isExact);
    return [first(true), first(false)].find((index) => index >= 0);
  };
  const ownerOf = (name: Name): number | undefined => holderOf(name) ?? outside(name);
  const ask = (name: Name, standing: typeof standingOf): Standing => {
    const owner = known[ownerOf(name) ?? -1];
    return owner === undefined ? { is: 'foreign' } : standing(name, owner.knowledge);
  };
  return {
    zones,
    ownerOf,
    standing: (name) => ask(name, standingOf),
    hostStanding: (name) => ask(name, hostStandingOf),
    isExempt(name) {
      const holder = known[holderOf(name) ?? -1];
      return holder === undefined
        ? known.some(({ knowledge }) => knowledge.exempt.has(name))
        : holder.knowledge.exempt.has(name);
    },
    get webNames() {
      return known.flatMap(({ knowledge }, index) =>
        webNames(knowledge).filter((pattern) => ownerOf(instanceOf(pattern)) === index),
      );
    },
    get udpPorts() {
      return known.flatMap(({ knowledge }) =>
        knowledge.resources.flatMap(({ granted, ports }) => (granted ? udpRanges(ports) : [])),
      );
    },
  };
}
