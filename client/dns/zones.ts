/**
 * Which zones of an organisation the client takes over on this machine: never a name that others depend on. The
 * controller checks ownership; this is the laptop's own last word.
 */
import { isWithin, parseName, type Name } from '../../protocol/names.ts';
import { isPublicSuffix, privateSuffixes } from '../../protocol/public-suffixes.ts';

/** A zone that was refused, and why, for `status`. */
export interface RefusedZone {
  readonly zone: string;
  /** `held`: another account has one that overlaps. `unconfirmed`: the person has not been asked about it yet. */
  readonly why:
    'not-a-name' | 'top-level' | 'public-suffix' | 'reserved' | 'controller' | 'held' | 'unconfirmed';
  /** The account that holds it. */
  readonly by?: string;
}

/**
 * Splits the zones of a snapshot into those taken over and those refused. `controllerHost` is a name or an address;
 * `isConfirmed` says whether the person's yes is there, where one is needed.
 */
export function acceptedZones(
  zones: readonly string[],
  controllerHost: string,
  isConfirmed: (zone: Name) => boolean = () => true,
): { accepted: Name[]; refused: RefusedZone[] } {
  const accepted: Name[] = [];
  const refused: RefusedZone[] = [];
  for (const text of zones) {
    const zone = parseName(text);
    const why = zone === undefined ? 'not-a-name' : whyRefused(zone, controllerHost);
    if (zone === undefined || why !== undefined) refused.push({ zone: text, why: why ?? 'not-a-name' });
    else if (isConfirmed(zone)) accepted.push(zone);
    else refused.push({ zone: text, why: 'unconfirmed' });
  }
  return { accepted, refused };
}

/** Why a name is not for any organisation to take over; undefined when it may be. */
export function whyRefused(zone: Name, controllerHost: string): RefusedZone['why'] | undefined {
  const labels = zone.split('.');
  const last = labels.at(-1);
  const reserved = ['localhost', 'local', 'invalid', 'onion'].some((name) => isWithin(zone, name as Name));
  if (reserved || (last === 'arpa' && !isWithin(zone, 'home.arpa' as Name))) return 'reserved';
  if (labels.length === 1 && !privateSuffixes.has(zone)) return 'top-level';
  if (isPublicSuffix(zone)) return 'public-suffix';
  return zone === controllerHost ? 'controller' : undefined;
}
