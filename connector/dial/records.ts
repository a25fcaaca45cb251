/**
 * The records of a resource's names besides addresses, asked of the connector's own resolvers. What leads out of the resources
 * that the asker may use, or says an address, stays here.
 */
import { Resolver } from 'node:dns/promises';
import { keptRecords, mostAnswerBytes, mostRecords, serviceOwner } from '../../protocol/dns-records.ts';
import type { DnsRecords, RecordType } from '../../protocol/dns-records.ts';
import { Fault } from '../../protocol/errors.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { isLiteral } from './address.ts';
import type { GuardedResource } from './address-guard.ts';
import { isRange } from './range-names.ts';

/** Asks for the records of a name. Rejects with a Fault: `no-name`, or `timeout` where nobody answered. */
export type ResolveRecords = (name: string, type: RecordType) => Promise<DnsRecords>;

const timeoutMs = 2_000;

/** By the DNS servers of this system; the hosts file has none of these. */
export const systemRecords: ResolveRecords = (name, type) => recordsFrom(undefined, name, type);

/** By these servers, `address:port` each; by the system's where none are named. */
export async function recordsFrom(
  servers: readonly string[] | undefined,
  name: string,
  type: RecordType,
): Promise<DnsRecords> {
  // Made anew, so that it asks the servers that the system asks now.
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  try {
    switch (type) {
      case 'SRV':
        return {
          type,
          list: (await resolver.resolveSrv(name)).map(({ priority, weight, port, name: target }) => ({
            priority,
            weight,
            port,
            target,
          })),
        };
      case 'MX':
        return {
          type,
          list: (await resolver.resolveMx(name)).map(({ priority, exchange }) => ({
            preference: priority,
            exchange,
          })),
        };
      default:
        return { type, list: (await resolver.resolveTxt(name)).map((strings) => ({ strings })) };
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENODATA') return { type, list: [] };
    throw new Fault(code === 'ENOTFOUND' ? 'no-name' : 'timeout');
  }
}

/**
 * The records of `host` that may be told, as text for the wire. Rejects as `resolve` does, and with `no-name` where the
 * resource's address is no name that could have any.
 * @param isOpen whether the asker may use a resource of that name
 */
export async function permittedRecords(
  resource: GuardedResource,
  host: Name,
  type: RecordType,
  isOpen: (target: Name) => boolean,
  resolve: ResolveRecords,
): Promise<string> {
  const name = nameAskedFor(resource.address, host);
  if (name === undefined) throw new Fault('no-name');
  const found = keptRecords(await resolve(name, type), (target) => {
    const parsed = parseName(target);
    return parsed !== undefined && isOpen(parsed);
  });
  let list = found.list.slice(0, mostRecords);
  for (;;) {
    const text = JSON.stringify({ type, list });
    if (Buffer.byteLength(text) <= mostAnswerBytes) return text;
    list = list.slice(0, -1);
  }
}

/** What the resource's own DNS calls `host`: an alias stands for the address, a service lies below either. */
function nameAskedFor(address: string, host: Name): string | undefined {
  if (address.startsWith('*.')) return host;
  if (isRange(address) || isLiteral(address)) return undefined;
  return `${host.slice(0, host.length - serviceOwner(host).length)}${address}`;
}
