/**
 * Which names nobody may claim as a whole: top-level domains, the suffixes that strangers share, `localhost` and `arpa`.
 */
import { isWithin, type Name } from '../../protocol/names.ts';
import { isPublicSuffix, privateSuffixes } from '../../protocol/public-suffixes.ts';

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
  return ![...privateSuffixes].some((suffix) => isWithin(name, suffix as Name));
}
