/**
 * The names into which a stub resolver turns a protected name when it is not found: with `search lan` in resolv.conf,
 * glibc asks for `wiki.acme.internal.lan` next. That would tell the name to the resolver of the local network.
 */
import { parseName, type Name } from '../../protocol/names.ts';

/** The zones with every search domain appended; what lies below them is as protected as the zones, and never exists. */
export function searchShadows(zones: readonly Name[], searchDomains: readonly string[]): Name[] {
  return zones.flatMap((zone) => searchDomains.flatMap((domain) => parseName(`${zone}.${domain}`) ?? []));
}

/** The search domains of a resolv.conf; the last such line wins, as in glibc. */
export function searchDomains(text: string): string[] {
  const lines = text.split('\n').filter((line) => /^(search|domain)[ \t]/.test(line));
  return (lines.at(-1) ?? '')
    .split(/[ \t]+/)
    .slice(1)
    .flatMap((domain) => parseName(domain) ?? []);
}
