/**
 * Tickets of connectors that still name a public hostname which is their network's no longer: revoked by their ids, because a
 * relay goes by what a ticket says, and a connector that shows no newer one would be given that name's browsers for a day.
 */
import type { NetworkId } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { hostnamesOfNetwork } from '../web/web-view.ts';
import { hostsNamedBy, issuedTo } from './issued-tokens.ts';
import { storeRevocations } from './revocations.ts';

/** Inside the caller's transaction. What each connector is told next brings it a ticket that says less. */
export async function revokeWiderTickets(
  tx: ScopedStore,
  state: OrganisationState,
  nowMs: number,
): Promise<Revocation[]> {
  const connectors = await tx
    .select('nodes')
    .select(['id', 'network'])
    .where('kind', '=', 'connector')
    .execute();
  const issued = await issuedTo(
    tx,
    connectors.map(({ id }) => id),
    nowMs,
  );
  const had = new Map<NetworkId, ReadonlySet<string>>();
  const hostsOf = (network: NetworkId): ReadonlySet<string> => {
    const known = had.get(network) ?? new Set(hostnamesOfNetwork(state, network));
    had.set(network, known);
    return known;
  };
  const wider = connectors.flatMap(({ id, network }) => {
    const hosts = network === null ? new Set<string>() : hostsOf(network);
    const tickets = (issued.get(id) ?? []).filter(({ kind }) => kind === 'ticket');
    return tickets.filter((ticket) => hostsNamedBy(ticket).some((host) => !hosts.has(host)));
  });
  if (wider.length === 0) return [];
  const ids = wider.map(({ id }) => id);
  await inChunks(ids, (some) => tx.delete('issued_tokens').where('id', 'in', some).returning('id').execute());
  return storeRevocations(tx, ids, 'hostname', nowMs);
}
