/** What a resource of the document is called and where it leads: the one reading of `address` and `alias`. */
import { isIP } from 'node:net';
import type { OrganisationDocument, ResourceDocument } from '../../protocol/organisation-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { isWildcard, parseName, parsePattern, type Name, type Pattern } from '../../protocol/names.ts';
import { isPublicName, unclaimable } from './public-suffix.ts';

/** Private networks, to which a wildcard may lead unless `within` says otherwise (RFC 1918, RFC 4193). */
const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const defaultOutageMs = 3_600_000;

/** Whether `address` is an address literal as everyone reads it: no octal, no short form, no scope. */
export function isStrictLiteral(address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%');
}

/** Whether `address` is meant as a network in CIDR notation. */
export function isRange(address: string): boolean {
  return address.includes('/');
}

/**
 * The names and wildcards under which people reach it; empty when the document was not checked. The hosts of a network are
 * called by their addresses, below its alias.
 */
export function resourceHosts({ address, alias }: ResourceDocument): Pattern[] {
  const named = isRange(address)
    ? [alias === undefined ? undefined : `*.${alias}`]
    : [isStrictLiteral(address) ? undefined : address, alias];
  return named.flatMap((text) => {
    const pattern = text === undefined ? undefined : parsePattern(text);
    return pattern === undefined ? [] : [pattern];
  });
}

/** The normalised name, wildcard, literal or network that the connector dials. */
export function resourceAddress({ address }: ResourceDocument): string {
  return isStrictLiteral(address) ? address : (parsePattern(address) ?? address);
}

/** Networks that a wildcard's names may lead to. */
export function resourceWithin({ within }: Pick<ResourceDocument, 'within'>): readonly string[] {
  return within ?? privateNetworks;
}

/** How long it outlives the connector's contact with the controller, in seconds. */
export function resourceOutageS({ outage }: ResourceDocument): number {
  return Math.floor((outage === undefined ? defaultOutageMs : (parseDuration(outage) ?? 0)) / 1_000);
}

/**
 * The zones that every device answers for: those declared, or else the suffix of every wildcard, the parent of every
 * private name, and public names one by one.
 */
export function documentZones(document: OrganisationDocument): Name[] {
  const declared = document.zones?.flatMap((zone) => parseName(zone) ?? []);
  const zones =
    declared ?? (document.resources ?? []).flatMap((resource) => resourceHosts(resource).map(zoneOf));
  return [...new Set(zones)].sort();
}

function zoneOf(host: Pattern): Name {
  if (isWildcard(host)) return host.slice(2) as Name;
  const name = host as string as Name;
  const parent = name.slice(name.indexOf('.') + 1) as Name;
  const claimable = name.includes('.') && unclaimable(parent) === undefined && !isPublicName(name);
  return claimable ? parent : name;
}
