/**
 * DNS names as every program holds them: lower case, A-labels, no trailing dot, at most 253 characters; normalised once
 * where they enter (WIRE A1). Also the patterns of resources, and which resource answers for a name.
 */
import { domainToASCII } from 'node:url';

/** A normalised DNS name. Made only by `parseName`. */
export type Name = string & { readonly __name: true };

/** An exact name, or `*.` and a suffix that stands for one or more labels before it, never for the bare suffix. */
export type Pattern = string & { readonly __pattern: true };

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** The name in `text`, normalised; undefined when it is no DNS name or is an address literal of any spelling. */
export function parseName(text: string): Name | undefined {
  const trimmed = text.endsWith('.') ? text.slice(0, -1) : text;
  if (/[\s%/@:?#[\]\\]/.test(trimmed)) return undefined;
  // An underscore (SRV owner names) is refused by IDNA but is a valid DNS label.
  const ascii = /^[\x21-\x7e]+$/.test(trimmed) ? trimmed.toLowerCase() : domainToASCII(trimmed);
  if (ascii === '' || ascii.length > 253) return undefined;
  const labels = ascii.split('.');
  if (!labels.every((part) => label.test(part))) return undefined;
  // 127.1, 0x7f.1, 2130706433: whatever a resolver might take for an address is no name.
  const last = labels.at(-1) ?? '';
  return /^(\d+|0x[0-9a-f]*)$/.test(last) ? undefined : (ascii as Name);
}

/** The pattern in `text`: a name, or `*.` and a name of at least two labels. */
export function parsePattern(text: string): Pattern | undefined {
  const suffix = text.startsWith('*.') ? text.slice(2) : text;
  const name = parseName(suffix);
  if (name === undefined) return undefined;
  if (!text.startsWith('*.')) return name as string as Pattern;
  return name.includes('.') ? (`*.${name}` as Pattern) : undefined;
}

/** Whether `pattern` is a wildcard. */
export function isWildcard(pattern: Pattern): boolean {
  return pattern.startsWith('*.');
}

/** Whether `name` is an instance of `pattern`. */
export function matchesPattern(pattern: Pattern, name: Name): boolean {
  return isWildcard(pattern)
    ? name.endsWith(pattern.slice(1)) && name.length > pattern.length - 1
    : (pattern as string) === name;
}

/** How exactly `pattern` means `name`: exact above every wildcard, longer above shorter; 0 where it does not match. */
export function rankOf(pattern: Pattern, name: Name): number {
  if (!matchesPattern(pattern, name)) return 0;
  return isWildcard(pattern) ? pattern.length : 1_000;
}

/** Whether `name` is `suffix` or lies below it. */
export function isWithin(name: Name, suffix: Name): boolean {
  return name === suffix || name.endsWith(`.${suffix}`);
}

/**
 * The entry that answers for `name`: exact before wildcard, the longer suffix before the shorter. Its ports alone decide
 * afterwards; a broader entry is never tried.
 */
export function mostSpecific<T extends { readonly hosts: readonly Pattern[] }>(
  entries: Iterable<T>,
  name: Name,
): T | undefined {
  let best: T | undefined;
  let bestRank = 0;
  for (const entry of entries) {
    for (const pattern of entry.hosts) {
      const rank = rankOf(pattern, name);
      if (rank > bestRank) [best, bestRank] = [entry, rank];
    }
  }
  return best;
}
