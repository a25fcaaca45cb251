/** Everything a connector is told: what it serves, which relays it attaches to, its peers, and its ticket. */
import type { ConnectorResource, ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { ConnectorId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import {
  resourceAddress,
  resourceHosts,
  resourceOutageS,
  resourceWithin,
} from '../organisation/resource-hosts.ts';
import { networkOfExposure } from '../exposures/exposure.ts';
import { directEndpoints } from './direct-endpoints.ts';
import { connectorWeb } from '../web/connector-web.ts';
import { hostnamesOfNetwork, webView } from '../web/web-view.ts';
import { issuedTo, storeIssued, ticketFor, type IssuedToken } from './issued-tokens.ts';
import { longestLifeMs } from './revocations.ts';
import { relayEntries, serversSince } from './servers.ts';
import { signedTicket } from './sign-issued.ts';

export interface ConnectorView {
  readonly snapshot: ConnectorSnapshot;
  readonly tickets: readonly string[];
  /** Epoch ms at which the ticket is due for renewal. */
  readonly nextMs: number;
}

/** The view of a connector; undefined when it was removed. */
export async function connectorView(
  context: ControllerContext,
  organisation: OrganisationId,
  connector: ConnectorId,
): Promise<ConnectorView | undefined> {
  const { store, reader } = context.organisation(organisation);
  const looked = await store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const own = await tx.select('nodes').selectAll().where('id', '=', connector).executeTakeFirst();
    const networks = [...state.networks, ...state.exposures.map(networkOfExposure)];
    const network = networks.find(({ id }) => id === own?.network);
    if (own === undefined || network === undefined) return undefined;
    const nowMs = context.now();
    const servers = await serversSince(tx, nowMs, network.id);
    const resources: Record<string, ConnectorResource> = {};
    for (const { id, network: of, definition } of state.resources) {
      if (of.id !== network.id) continue;
      const web = connectorWeb(state, { id, network: of, definition });
      resources[id] = {
        id,
        hosts: resourceHosts(definition),
        address: resourceAddress(definition),
        ports: [...definition.ports],
        within: [...resourceWithin(definition)],
        ...(definition.dns === undefined ? {} : { dns: [...definition.dns] }),
        outage: resourceOutageS(definition),
        ...(web === undefined ? {} : { web }),
      };
    }
    const peers = servers.filter(
      (node) => node.kind === 'connector' && node.network === network.id && node.id !== connector,
    );
    const web = await webView(context, tx, state, network.id, [own, ...peers]);
    const hosts = hostnamesOfNetwork(state, network.id);
    const fresh: IssuedToken[] = [];
    const due = {
      node: connector,
      session: null,
      meet: [network.id],
      ...(hosts.length === 0 ? {} : { hosts }),
      out: Math.max(0, ...Object.values(resources).map(({ outage }) => outage)),
      untilMs: nowMs + longestLifeMs,
    };
    const issued = (await issuedTo(tx, [connector], nowMs)).get(connector) ?? [];
    const ticket = ticketFor(context, organisation, due, { issued, fresh });
    await storeIssued(tx, fresh, nowMs);
    const snapshot: ConnectorSnapshot = {
      kind: 'connector',
      network: { id: network.id, name: network.name },
      relays: relayEntries(servers),
      peers: Object.fromEntries(peers.map(({ id, nk }) => [id, { id, nk }])),
      resources,
      direct: directEndpoints(own, state),
      flows: context.organisations.get(organisation)?.limits.flows ?? null,
      drained: own.drained_ms !== null,
      ...web.snapshot,
    };
    const nextMs = Math.min(nowMs + longestLifeMs * 0.55, web.nextMs);
    return { snapshot, ticket, mk: own.mk, nextMs };
  });
  if (looked === undefined) return undefined;
  const { snapshot, ticket, mk, nextMs } = looked;
  const text = await signedTicket(context, organisation, ticket, { mk, role: 'connector' });
  return { snapshot, tickets: [text], nextMs };
}
