/** Asks the name servers of this system about hostnames; never a file of hosts, which the public does not see. */
import { Resolver } from 'node:dns/promises';
import type { CaaRecord } from './caa.ts';
import type { HostnameDns } from './check-hostname.ts';

const nothing = new Set(['ENOTFOUND', 'ENODATA']);

/** @param servers `address:port`; the system's unless given */
export function systemDns(servers?: readonly string[]): HostnameDns {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return {
    async addresses(name) {
      const [four, six] = await Promise.all([
        orNone(resolver.resolve4(name)),
        orNone(resolver.resolve6(name)),
      ]);
      return [...four, ...six];
    },
    async alias(name) {
      return (await orNone(resolver.resolveCname(name)))[0];
    },
    async caa(name) {
      const records = await orNone(resolver.resolveCaa(name));
      return records.map((record): CaaRecord => {
        if (record.issue !== undefined) return { tag: 'issue', value: record.issue };
        if (record.issuewild !== undefined) return { tag: 'issuewild', value: record.issuewild };
        return { tag: 'other', value: '' };
      });
    },
  };
}

/** What there is; an empty list where DNS says that there is none. Rejects when it does not answer. */
async function orNone<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (nothing.has(code)) return [];
    throw error;
  }
}
