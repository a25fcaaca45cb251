/**
 * The snapshot of a device: what it knows of networks, connectors, relays, resources and itself, from what was decided. Decides and
 * reads nothing itself; `device-view.ts` asks for it.
 */
import type { DeviceNews, DeviceResource, DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { ConnectorId, DeviceId, NetworkId } from '../../protocol/ids.ts';
import type { Reason } from '../../protocol/reasons.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import { networkOfExposure } from '../exposures/exposure.ts';
import { postureWanted } from '../posture/wanted.ts';
import type { ServerRow } from '../store/tables/nodes.ts';
import { directEndpoints } from './direct-endpoints.ts';
import type { Entitlement } from './entitlements.ts';
import type { Grants } from './due-grants.ts';
import type { Rights } from './rights.ts';
import { whyOver, type Seat } from './seat.ts';
import { relayEntries } from './servers.ts';

/** What is the same for all devices that are told together. */
export interface Told {
  readonly state: OrganisationState;
  readonly servers: readonly ServerRow[];
  readonly news: ReadonlyMap<DeviceId, readonly DeviceNews[]>;
  readonly nowMs: number;
  readonly webPort: number;
}

/** @param held the rights of its grants, by network */
export function deviceSnapshot(
  { state, servers, news, nowMs, webPort }: Told,
  seat: Seat,
  list: readonly Entitlement[],
  held: Grants['held'],
): DeviceSnapshot {
  const relays = relayEntries(servers);
  const networks: DeviceSnapshot['networks'] = {};
  const known = new Set<NetworkId>();
  const granted = new Set<NetworkId>();
  for (const entry of list) {
    if (!entry.known) continue;
    known.add(entry.resource.network.id);
    if (entry.state === 'granted') granted.add(entry.resource.network.id);
  }
  for (const { id, name } of [...state.networks, ...state.exposures.map(networkOfExposure)]) {
    if (!known.has(id)) continue;
    const connectors = servers
      .filter(({ kind, network }) => kind === 'connector' && network === id)
      .map((node) => connectorEntry(node, Object.keys(relays), state));
    networks[id] = { id, name, pq: true, connectors: granted.has(id) ? connectors : [] };
  }
  const { device, session, subject } = seat;
  const ended = whyOver(session, nowMs);
  return {
    kind: 'device',
    ...(state.document.organisation === '' ? {} : { organisation: state.document.organisation }),
    networks,
    relays,
    zones: [...state.zones],
    resources: deviceResources(list, held, webPort),
    session: {
      id: session.id,
      subject: subject.id,
      // Guests have no devices.
      kind: subject.kind === 'service' ? 'service' : 'person',
      name: subject.name,
      ...(subject.email === undefined ? {} : { email: subject.email }),
      began: Math.floor(session.startedMs / 1_000),
      until: Math.floor(session.untilMs / 1_000),
      ...(ended === undefined ? {} : { ended }),
    },
    device: {
      name: device.name,
      approved: device.approval === 'approved',
      ...(device.keysMs === undefined ? {} : { keys: Math.floor(device.keysMs / 1_000) }),
    },
    posture: postureWanted(state, device.posture?.facts.os, list),
    news: [...(news.get(device.id) ?? [])],
  };
}

type ConnectorEntry = DeviceSnapshot['networks'][string]['connectors'][number];

function connectorEntry(node: ServerRow, relays: string[], state: OrganisationState): ConnectorEntry {
  const direct = directEndpoints(node, state);
  const drained = node.drained_ms === null ? {} : { drained: true as const };
  const entry = { id: node.id as ConnectorId, nk: node.nk, relays, ...drained };
  return direct.length === 0 ? entry : { ...entry, direct };
}

type Resources = DeviceSnapshot['resources'];

/** What devices are told of what they know, by the rights they hold: the same object for those who know and hold the same. */
const pictures = new WeakMap<
  readonly Entitlement[],
  { readonly held: readonly Rights[]; readonly resources: Resources }[]
>();
/** Devices that know the same differ in when it ends, of which so many ways are remembered. */
const mostPictures = 16;

function deviceResources(list: readonly Entitlement[], held: Grants['held'], webPort: number): Resources {
  const rights = [...held.values()];
  const known = pictures.get(list) ?? [];
  const same = known.find(({ held: theirs }) => theirs.every((each, place) => each === rights[place]));
  if (same !== undefined) return same.resources;
  const resources: Resources = {};
  for (const entry of list)
    if (entry.known) resources[entry.resource.id] = deviceResource(entry, held, webPort);
  if (known.length < mostPictures) pictures.set(list, [...known, { held: rights, resources }]);
  return resources;
}

/** What devices are told of a resource, by its end, worked out once for all who share the entitlement. */
const written = new WeakMap<Entitlement, Map<number | undefined, DeviceResource>>();

function deviceResource(entry: Entitlement, held: Grants['held'], webPort: number): DeviceResource {
  const { resource, state, untilMs } = entry;
  // A granted resource ends with its right; a refused one may open when time alone changes the decision.
  const until =
    state === 'granted'
      ? held.get(resource.network.id)?.get(resource.id)?.until
      : untilMs === undefined
        ? undefined
        : Math.ceil(untilMs / 1_000);
  const byEnd = written.get(entry) ?? new Map<number | undefined, DeviceResource>();
  written.set(entry, byEnd);
  let known = byEnd.get(until);
  if (known === undefined) byEnd.set(until, (known = writeResource(entry, until, webPort)));
  return known;
}

function writeResource(
  { resource, state, reasons }: Entitlement,
  until: number | undefined,
  webPort: number,
): DeviceResource {
  const { id, network, definition } = resource;
  return {
    id,
    net: network.id,
    name: definition.name,
    ...reachOf(resource, webPort),
    state,
    reasons: reasons as Reason[],
    ...(until === undefined ? {} : { until }),
  };
}

/** The names and ports of a resource, worked out once for all devices. */
const reaches = new WeakMap<Resource, Reach>();

type Reach = Pick<DeviceResource, 'hosts' | 'ports' | 'dns' | 'web'>;

function reachOf(resource: Resource, webPort: number): Reach {
  let reach = reaches.get(resource);
  if (reach === undefined) {
    const hostnames = webHostnames(resource.definition);
    reach = {
      hosts: resourceHosts(resource.definition),
      ports: [...resource.definition.ports],
      ...(resource.definition.dns === undefined ? {} : { dns: [...resource.definition.dns] }),
      ...(hostnames.length === 0 ? {} : { web: { hostnames, port: webPort } }),
    };
    reaches.set(resource, reach);
  }
  return reach;
}
