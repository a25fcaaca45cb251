/**
 * Everything a device is told: its snapshot, tickets and grants, decided and issued in one transaction and signed after it,
 * and the instant at which to look again.
 */
import type { DeviceNews, DeviceResource, DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { ConnectorId, DeviceId, Id, NetworkId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { deviceNews } from '../devices/device-news.ts';
import type { Reason } from '../../protocol/reasons.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import { networkOfExposure } from '../exposures/exposure.ts';
import { postureWanted } from '../posture/wanted.ts';
import type { ServerRow } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { directEndpoints } from './direct-endpoints.ts';
import type { Entitlement } from './entitlements.ts';
import { DueGrants, type Grants } from './due-grants.ts';
import { issuedTo, storeIssued, ticketFor, type IssuedToken, type Tokens } from './issued-tokens.ts';
import { longestLifeMs } from './revocations.ts';
import { noteFirstRights } from './last-uses.ts';
import type { Rights } from './rights.ts';
import { SharedEntitlements } from './shared-entitlements.ts';
import { seatsOf, whyOver, type Seat } from './seat.ts';
import { relayEntries, serversSince } from './servers.ts';
import { signedGrant, signedTicket } from './sign-issued.ts';
import { groupsOfNetwork, webResources } from './told.ts';

export interface DeviceView {
  readonly snapshot: DeviceSnapshot;
  /** The ids of its tickets and its grants. */
  readonly tokens: TokenIds;
  /** The tokens themselves; absent where they are those that the caller said it has. */
  readonly tickets?: readonly string[];
  readonly grants?: readonly string[];
  /** Ids of grants that the caller has besides, where it keeps them; absent where `grants` are all. */
  readonly kept?: readonly Id<'tok'>[];
  /** Epoch ms at which time alone makes another view due. */
  readonly nextMs: number;
}

export interface TokenIds {
  readonly tickets: readonly Id<'tok'>[];
  readonly grants: readonly Id<'tok'>[];
}

/** What somebody was given last, and whether it need be told only what is new among its grants. */
export interface Had extends TokenIds {
  readonly keeps: boolean;
}

/** The view of a device; undefined when it has no session or its subject is gone. */
export async function deviceView(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
): Promise<DeviceView | undefined> {
  return (await deviceViews(context, organisation, [device])).get(device);
}

/**
 * The views of several devices, in one transaction. Those without a view are absent.
 * @param had the tokens that devices were given last, which need no signing
 */
export async function deviceViews(
  context: ControllerContext,
  organisation: OrganisationId,
  devices: readonly DeviceId[],
  had: ReadonlyMap<DeviceId, Had> = new Map(),
): Promise<Map<DeviceId, DeviceView>> {
  const looked = await look(context, organisation, devices);
  const views = await Promise.all(
    looked.map(async (each) => {
      const { device } = each.seat;
      return [device.id, await signed(context, organisation, each, had.get(device.id))] as const;
    }),
  );
  return new Map(views);
}

/** What is decided of a device, before its tokens are signed. */
interface Looked {
  readonly seat: Seat;
  readonly snapshot: DeviceSnapshot;
  readonly ticket: IssuedToken | undefined;
  readonly grants: readonly IssuedToken[];
  readonly nextMs: number;
}

async function look(
  context: ControllerContext,
  organisation: OrganisationId,
  devices: readonly DeviceId[],
): Promise<Looked[]> {
  const { store, reader, narrowed } = context.organisation(organisation);
  return store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const nowMs = context.now();
    const seats = await seatsOf(tx, state, devices);
    await narrowed.read(tx, nowMs);
    const issued = await issuedTo(tx, [...seats.keys()], nowMs);
    const servers = await serversSince(tx, nowMs);
    const owned = Array.from(seats, ([device, { subject }]) => ({ device, owner: subject.id }));
    const news = await deviceNews(tx, owned);
    const fresh: IssuedToken[] = [];
    const { webPort } = context;
    const shared = new SharedEntitlements(state, nowMs);
    const told = {
      groupsOf: (network: NetworkId) => groupsOfNetwork(state, network),
      web: webResources(state),
    };
    const grants = new DueGrants(narrowed, told, nowMs, context.random);
    const about = { tx, state, shared, grants, servers, news, nowMs, webPort };
    const looked: Looked[] = [];
    for (const [device, seat] of seats)
      looked.push(
        await lookAt(context, organisation, seat, about, { issued: issued.get(device) ?? [], fresh }),
      );
    await storeIssued(tx, fresh, nowMs);
    return looked;
  });
}

async function signed(
  context: ControllerContext,
  organisation: OrganisationId,
  { seat, snapshot, ticket, grants, nextMs }: Looked,
  had: Had | undefined,
): Promise<DeviceView> {
  const tickets = ticket === undefined ? [] : [ticket];
  const tokens = { tickets: tickets.map(({ id }) => id), grants: grants.map(({ id }) => id) };
  const { mk } = seat.device;
  const signTicket = (row: IssuedToken): Promise<string> =>
    signedTicket(context, organisation, row, { mk, role: 'client' });
  const signGrant = (row: IssuedToken): Promise<string> => signedGrant(context, organisation, row, seat);
  const kept = had?.keeps === true ? had.grants.filter((id) => tokens.grants.includes(id)) : [];
  const news = grants.filter(({ id }) => !kept.includes(id));
  return {
    snapshot,
    tokens,
    ...(isSame(tokens.tickets, had?.tickets) ? {} : { tickets: await Promise.all(tickets.map(signTicket)) }),
    ...(isSame(tokens.grants, had?.grants) ? {} : { grants: await Promise.all(news.map(signGrant)) }),
    ...(kept.length === 0 ? {} : { kept }),
    nextMs,
  };
}

function isSame(ids: readonly string[], had: readonly string[] | undefined): boolean {
  return ids.length === had?.length && ids.every((id, place) => id === had[place]);
}

/** What is the same for all devices that are looked at together. */
interface About {
  readonly tx: ScopedStore;
  readonly state: OrganisationState;
  readonly shared: SharedEntitlements;
  readonly grants: DueGrants;
  readonly servers: readonly ServerRow[];
  readonly news: ReadonlyMap<DeviceId, readonly DeviceNews[]>;
  readonly nowMs: number;
  readonly webPort: number;
}

async function lookAt(
  context: ControllerContext,
  organisation: OrganisationId,
  seat: Seat,
  about: About,
  tokens: Tokens,
): Promise<Looked> {
  const { tx, state, shared, nowMs } = about;
  const list = shared.of(seat);
  const granted = list.filter((each) => each.state === 'granted').map(({ resource }) => resource);
  await noteFirstRights(tx, state, seat.subject, granted, nowMs);
  const due = shared.dueUntil(list, seat.session.untilMs);
  const { rows, held } = about.grants.of(seat, due, tokens);
  return {
    seat,
    snapshot: deviceSnapshot(about, seat, list, held),
    ticket: due.size === 0 ? undefined : deviceTicket(context, organisation, seat, due, tokens),
    grants: rows,
    nextMs: nextLook(seat, list, due, nowMs),
  };
}

function deviceTicket(
  context: ControllerContext,
  organisation: OrganisationId,
  { device, session }: Seat,
  due: ReadonlyMap<NetworkId, Rights>,
  tokens: Tokens,
): IssuedToken {
  let out = 0;
  for (const rights of due.values()) for (const right of rights.values()) out = Math.max(out, right.out);
  const ticket = {
    node: device.id,
    session: session.id,
    meet: [...due.keys()],
    out,
    untilMs: session.untilMs,
  };
  return ticketFor(context, organisation, ticket, tokens);
}

function deviceSnapshot(
  { state, servers, news, nowMs, webPort }: About,
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

/** The first instant at which a decision changes by itself, a session ends, or half of a right's life has passed. */
function nextLook(
  { session }: Seat,
  list: readonly Entitlement[],
  due: ReadonlyMap<NetworkId, Rights>,
  nowMs: number,
): number {
  // Past the half of a day's token, so that it is found to need renewal.
  let next = nowMs + longestLifeMs * 0.55;
  const note = (instantMs: number): void => {
    if (instantMs > nowMs) next = Math.min(next, instantMs);
  };
  note(session.untilMs);
  for (const { untilMs } of list) if (untilMs !== undefined) note(untilMs);
  for (const rights of due.values()) for (const { until } of rights.values()) note(until * 1_000);
  return next;
}
