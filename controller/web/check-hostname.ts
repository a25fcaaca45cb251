/**
 * What DNS and the connectors say of a public hostname, and which record is missing. Looks up names that the document has
 * and hosts of relays, and nothing else.
 */
import type { HostnameCheck, HostnameEntry } from '../../protocol/hostnames.ts';
import type { Name } from '../../protocol/names.ts';
import { allows, caaValueOf, isRelayProof, type AcmeAccount, type CaaRecord } from './caa.ts';

/** Asks DNS; an empty list where there is nothing. Rejects when DNS does not answer. */
export interface HostnameDns {
  addresses(name: string): Promise<readonly string[]>;
  alias(name: string): Promise<string | undefined>;
  caa(name: string): Promise<readonly CaaRecord[]>;
}

export interface CheckedHostname {
  readonly entry: HostnameEntry;
  /** What is looked up: the hostname, or a name below its wildcard. */
  readonly name: Name;
  readonly isWildcard: boolean;
  /** Hosts of the relays. */
  readonly relays: readonly string[];
  readonly accounts: readonly AcmeAccount[];
  readonly port: number;
}

/** The answer for one hostname. */
export async function checkHostname(
  { entry, name, isWildcard, relays, accounts, port }: CheckedHostname,
  dns: HostnameDns,
): Promise<HostnameCheck> {
  const own = await settled(dns.addresses(name));
  const alias = await settled(dns.alias(name));
  const expected = await Promise.all(
    relays.map(async (host) => ({ host, addresses: (await settled(dns.addresses(host))) ?? [] })),
  );
  const wanted = new Set(expected.flatMap(({ addresses }) => addresses));
  const addresses = own ?? [];
  const points =
    own === undefined
      ? 'unknown'
      : addresses.length === 0
        ? 'nowhere'
        : addresses.every((address) => wanted.has(address))
          ? 'here'
          : addresses.some((address) => wanted.has(address))
            ? 'partly'
            : 'elsewhere';
  const caa = await climb(name, dns);
  const trust = caa !== undefined && isRelayProof(caa, accounts) ? 'relay-proof' : 'relay-trusted';
  const records: HostnameCheck['missing'] = [];
  const [relay] = relays;
  if (points !== 'here' && points !== 'unknown' && relay !== undefined)
    records.push({ name: entry.hostname, type: 'CNAME', value: `${relay}.` });
  records.push(...missingCaa({ hostname: entry.hostname, isWildcard, accounts, records: caa ?? [], trust }));
  return {
    ...entry,
    dns: {
      points,
      addresses: [...addresses],
      ...(alias === undefined ? {} : { alias }),
      relays: expected.map(({ host, addresses: found }) => ({ host, addresses: [...found] })),
    },
    trust,
    port,
    missing: records,
  };
}

/**
 * The records that shut others out, and that let each connector's account in where they are there: any of them may have to
 * order one day. Of a wildcard they stand at its suffix, from where they count for all names below.
 */
function missingCaa({
  hostname,
  isWildcard,
  accounts,
  records,
  trust,
}: {
  readonly hostname: string;
  readonly isWildcard: boolean;
  readonly accounts: readonly AcmeAccount[];
  readonly records: readonly CaaRecord[];
  readonly trust: HostnameCheck['trust'];
}): HostnameCheck['missing'] {
  const name = isWildcard ? hostname.slice(2) : hostname;
  const isWild = (account: AcmeAccount): boolean => isWildcard && account.method === 'dns-01';
  return accounts.flatMap((account) => {
    const value = `"${caaValueOf(account)}"`;
    const isShutOut = isWild(account) && !allows(records, account, true);
    const wild = isShutOut && records.some(({ tag }) => tag === 'issuewild');
    return [
      ...(trust === 'relay-trusted' || !allows(records, account, false)
        ? [{ name, type: 'CAA', value: `0 issue ${value}` }]
        : []),
      ...(wild ? [{ name, type: 'CAA', value: `0 issuewild ${value}` }] : []),
    ];
  });
}

/** The records of the closest name at or above this one that has any (RFC 8659 section 3); undefined: DNS does not answer. */
async function climb(name: Name, dns: HostnameDns): Promise<readonly CaaRecord[] | undefined> {
  const labels = name.split('.');
  for (let at = 0; at < labels.length - 1; at += 1) {
    const records = await settled(dns.caa(labels.slice(at).join('.')));
    if (records === undefined) return undefined;
    if (records.length > 0) return records;
  }
  return [];
}

async function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    // DNS that does not answer is an answer of its own: unknown.
    return undefined;
  }
}
