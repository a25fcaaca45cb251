/**
 * Which zones of an organisation the client takes over on this machine: never a name that others depend on. The
 * controller checks ownership; this is the laptop's own last word (DESIGN section 4).
 */
import { isWithin, parseName, type Name } from '../../protocol/names.ts';

/** Single labels that are not delegated in the public tree and are in use as private suffixes (RFC 6762 appendix G, RFC 6761, ICANN 2018). */
const privateSuffixes = new Set(['internal', 'test', 'corp', 'home', 'lan', 'mail', 'private', 'intranet']);
/** Second labels under which registries of countries sell names. */
const registryLabels = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'gob',
  'gov',
  'gouv',
  'go',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
]);
/** Hosting suffixes below which strangers have names. */
const sharedSuffixes = new Set([
  'github.io',
  'gitlab.io',
  'pages.dev',
  'workers.dev',
  'vercel.app',
  'netlify.app',
  'herokuapp.com',
  'cloudfront.net',
  'amazonaws.com',
  'azurewebsites.net',
  'web.app',
  'fly.dev',
  'onrender.com',
]);

/** A zone that was refused, and why, for `status`. */
export interface RefusedZone {
  readonly zone: string;
  readonly why: 'not-a-name' | 'top-level' | 'public-suffix' | 'reserved' | 'controller';
}

/** Splits the zones of a snapshot into those taken over and those refused. `controllerHost` is a name or an address. */
export function acceptedZones(
  zones: readonly string[],
  controllerHost: string,
): { accepted: Name[]; refused: RefusedZone[] } {
  const accepted: Name[] = [];
  const refused: RefusedZone[] = [];
  for (const text of zones) {
    const zone = parseName(text);
    const why = zone === undefined ? 'not-a-name' : whyRefused(zone, controllerHost);
    if (zone !== undefined && why === undefined) accepted.push(zone);
    else refused.push({ zone: text, why: why ?? 'not-a-name' });
  }
  return { accepted, refused };
}

function whyRefused(zone: Name, controllerHost: string): RefusedZone['why'] | undefined {
  const labels = zone.split('.');
  const [first = '', last = ''] = [labels[0], labels.at(-1)];
  const reserved = ['localhost', 'local', 'invalid', 'onion'].some((name) => isWithin(zone, name as Name));
  if (reserved || (last === 'arpa' && !isWithin(zone, 'home.arpa' as Name))) return 'reserved';
  if (labels.length === 1 && !privateSuffixes.has(zone)) return 'top-level';
  if (labels.length === 2 && last.length === 2 && registryLabels.has(first)) return 'public-suffix';
  if (sharedSuffixes.has(zone)) return 'public-suffix';
  return zone === controllerHost ? 'controller' : undefined;
}
