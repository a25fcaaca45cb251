/**
 * Which names nobody may claim as a whole: top-level domains, the usual registries below country domains, `localhost`
 * and `arpa`. A small rule of our own, not the public suffix list: it must hold without a download.
 */
import { isWithin, type Name } from '../../protocol/names.ts';

/** Suffixes set aside for private use (RFC 2606, 6762, 8375, and `internal`), and what people use besides. */
const privateSuffixes = [
  'internal',
  'home.arpa',
  'test',
  'example',
  'invalid',
  'lan',
  'home',
  'corp',
  'private',
  'intranet',
  'local',
].map((text) => text as Name);
/** Second-level registries of country domains, such as `co.uk` and `com.br`. */
const registries = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'gob',
  'gov',
  'go',
  'gv',
  'ltd',
  'me',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
  'plc',
  'sch',
]);

/** Why `name` may not be a zone or the suffix of a wildcard; undefined when it may. */
export function unclaimable(name: Name): string | undefined {
  if (isWithin(name, 'localhost' as Name)) return 'localhost always means this machine itself';
  if (name === 'home.arpa') return undefined;
  if (isWithin(name, 'arpa' as Name) && !isWithin(name, 'home.arpa' as Name))
    return 'arpa belongs to the internet itself';
  if (!name.includes('.')) return 'it is a top-level domain';
  return isPublicSuffix(name) ? 'strangers register names below it' : undefined;
}

/** Whether the name lies in the public tree rather than below a suffix for private use. */
export function isPublicName(name: Name): boolean {
  return !privateSuffixes.some((suffix) => isWithin(name, suffix));
}

function isPublicSuffix(name: Name): boolean {
  const labels = name.split('.');
  return labels.length === 2 && labels[1]?.length === 2 && registries.has(labels[0] ?? '');
}
