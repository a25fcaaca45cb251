/** What is the same for all connectors of a network: what they serve, where they attach, who is beside them, the web door. */
import type { ConnectorResource, ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { AssertionJwk } from '../../protocol/web-resource.ts';
import type { ControllerContext } from '../context.ts';
import { networkOfExposure } from '../exposures/exposure.ts';
import type { Network, OrganisationState, Resource } from '../organisation/organisation-state.ts';
import {
  resourceAddress,
  resourceHosts,
  resourceOutageS,
  resourceWithin,
} from '../organisation/resource-hosts.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { ServerRow } from '../store/tables/nodes.ts';
import { connectorWeb } from '../web/connector-web.ts';
import { assertionKeysOf, hostnamesOfNetwork, webViews, type WebView } from '../web/web-view.ts';
import { relayEntries, serversSince } from './servers.ts';

export interface ConnectorSite {
  readonly network: Network;
  readonly resources: Record<string, ConnectorResource>;
  readonly relays: ConnectorSnapshot['relays'];
  /** Its connectors that were heard of within a day, in the order in which they enrolled. */
  readonly connectors: readonly ConnectorPeer[];
  readonly web: WebView;
  /** Its public hostnames. */
  readonly hosts: readonly string[];
  /** Seconds: the longest outage of its resources. */
  readonly out: number;
}

export interface ConnectorPeer {
  readonly entry: ConnectorSnapshot['peers'][string];
  /** What verifies its assertions. */
  readonly jwks: readonly AssertionJwk[];
}

/** Of these networks those that are there, each read and written down once. */
export async function connectorSites(
  context: ControllerContext,
  tx: ScopedStore,
  state: OrganisationState,
  wanted: ReadonlySet<NetworkId>,
): Promise<Map<NetworkId, ConnectorSite>> {
  const networks = [...state.networks, ...state.exposures.map(networkOfExposure)].filter(({ id }) =>
    wanted.has(id),
  );
  if (networks.length === 0) return new Map();
  const ids = networks.map(({ id }) => id);
  const servers = await serversSince(tx, context.now(), ids);
  const webs = await webViews(context, tx, state, ids);
  const relays = relayEntries(servers);
  const connectors = Map.groupBy(
    servers.filter(({ kind }) => kind === 'connector'),
    ({ network }) => network,
  );
  const served = Map.groupBy(state.resources, ({ network }) => network.id);
  const sites = new Map<NetworkId, ConnectorSite>();
  for (const [id, web] of webs) {
    const network = networks.find((each) => each.id === id);
    if (network === undefined) continue;
    const resources = resourcesOf(state, served.get(id) ?? []);
    sites.set(id, {
      network,
      resources,
      relays,
      connectors: (connectors.get(id) ?? []).map(peerOf),
      web,
      hosts: hostnamesOfNetwork(state, id),
      out: Math.max(0, ...Object.values(resources).map(({ outage }) => outage)),
    });
  }
  return sites;
}

function peerOf({ id, nk, assertion_keys: keys }: ServerRow): ConnectorPeer {
  return { entry: { id, nk }, jwks: assertionKeysOf(keys) };
}

function resourcesOf(
  state: OrganisationState,
  served: readonly Resource[],
): Record<string, ConnectorResource> {
  const resources: Record<string, ConnectorResource> = {};
  for (const resource of served) {
    const { id, definition } = resource;
    const web = connectorWeb(state, resource);
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
  return resources;
}
