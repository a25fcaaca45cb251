/**
 * Asks DNS whose a name is: `TXT _postern.NAME = "org=<org id>"` at the name, or at the closest name above it that has such a
 * record and is nobody's public suffix.
 */
import { Resolver } from 'node:dns/promises';
import type { Name } from '../../protocol/names.ts';
import type { OrganisationId } from '../../protocol/ids.ts';
import { unclaimable } from '../organisation/public-suffix.ts';

/** The texts of a name's TXT records; empty where there are none. Rejects when DNS does not answer. */
export type TextRecords = (name: string) => Promise<readonly string[]>;

export interface ProofRecord {
  readonly name: string;
  readonly type: 'TXT';
  readonly value: string;
}

/** The record that proves `name`. */
export function recordFor(organisation: OrganisationId, name: Name): ProofRecord {
  return { name: `_postern.${name}`, type: 'TXT', value: `org=${organisation}` };
}

/** `unknown`: DNS did not answer, which proves nothing either way. */
export async function askName(
  texts: TextRecords,
  organisation: OrganisationId,
  name: Name,
): Promise<'found' | 'missing' | 'unknown'> {
  const labels = name.split('.');
  for (let at = 0; at < labels.length - 1; at += 1) {
    const above = labels.slice(at).join('.') as Name;
    if (at > 0 && unclaimable(above) !== undefined) break;
    try {
      const owners = (await texts(`_postern.${above}`)).filter((text) => text.startsWith('org='));
      if (owners.length > 0) return owners.includes(`org=${organisation}`) ? 'found' : 'missing';
    } catch {
      return 'unknown';
    }
  }
  return 'missing';
}

/** @param servers `address:port`; the system's unless given */
export function systemTexts(servers?: readonly string[]): TextRecords {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return async (name) => {
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join('').trim());
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
      throw error;
    }
  };
}
