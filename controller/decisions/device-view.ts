/**
 * Everything a device is told: its snapshot, tickets and grants, decided, minted and read in one transaction, and the
 * instant at which to look again.
 */
import type { DeviceNews, DeviceResource, DeviceSnapshot } from '../../protocol/control.ts';
import type { ConnectorId, DeviceId, Id, NetworkId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { deviceNews } from '../devices/device-news.ts';
import type { Reason } from '../../protocol/reasons.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import { networkOfExposure } from '../exposures/exposure.ts';
import { postureWanted } from '../posture/wanted.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { directEndpoints } from './direct-endpoints.ts';
import type { Entitlement } from './entitlements.ts';
import { grantsFor, type Told } from './grants-for.ts';
import { issuedTo, storeMinted, textsOf, ticketFor, type IssuedToken, type Minted } from './issued-tokens.ts';
import { longestLifeMs } from './revocations.ts';
import { noteFirstRights } from './last-uses.ts';
import type { Rights } from './rights.ts';
import { SharedEntitlements } from './shared-entitlements.ts';
import { seatsOf, whyOver, type Seat } from './seat.ts';
import { relayEntries, serversSince } from './servers.ts';
import { groupsOfNetwork, webResources } from './told.ts';

export interface DeviceView {
  readonly snapshot: DeviceSnapshot;
  /** The ids of its tickets and its grants. */
  readonly tokens: TokenIds;
  /** The tokens themselves; absent where they are those that the caller said it has. */
  readonly tickets?: readonly string[];
  readonly grants?: readonly string[];
  /** Epoch ms at which time alone makes another view due. */
  readonly nextMs: number;
}

export interface TokenIds {
  readonly tickets: readonly Id<'tok'>[];
  readonly grants: readonly Id<'tok'>[];
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
 * @param had the tokens that devices were given last, which need no reading
 */
export async function deviceViews(
  context: ControllerContext,
  organisation: OrganisationId,
  devices: readonly DeviceId[],
  had: ReadonlyMap<DeviceId, TokenIds> = new Map(),
): Promise<Map<DeviceId, DeviceView>> {
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
    const minted: Minted[] = [];
    const { webPort } = context;
    const shared = new SharedEntitlements(state, nowMs);
    const told = {
      groupsOf: (network: NetworkId) => groupsOfNetwork(state, network),
      web: webResources(state),
    };
    const about = { tx, state, shared, servers, news, nowMs, webPort, told };
    // Signed side by side, each in a thread of its own.
    const views = await Promise.all(
      Array.from(seats, async ([device, seat]) => {
        const tokens = { issued: issued.get(device) ?? [], minted };
        return [device, await viewOf(context, organisation, seat, about, tokens)] as const;
      }),
    );
    const texts = await textsOf(
      tx,
      views.flatMap(([device, { tokens }]) => newTokens(tokens, had.get(device))),
      minted,
    );
    await storeMinted(tx, minted, nowMs);
    return new Map(views.map(([device, view]) => [device, withTexts(view, had.get(device), texts)]));
  });
}

function newTokens({ tickets, grants }: TokenIds, had: TokenIds | undefined): Id<'tok'>[] {
  return [...(isSame(tickets, had?.tickets) ? [] : tickets), ...(isSame(grants, had?.grants) ? [] : grants)];
}

function withTexts(
  view: DeviceView,
  had: TokenIds | undefined,
  texts: ReadonlyMap<Id<'tok'>, string>,
): DeviceView {
  const { tickets, grants } = view.tokens;
  const textOf = (id: Id<'tok'>): string[] => {
    const text = texts.get(id);
    return text === undefined ? [] : [text];
  };
  return {
    ...view,
    ...(isSame(tickets, had?.tickets) ? {} : { tickets: tickets.flatMap(textOf) }),
    ...(isSame(grants, had?.grants) ? {} : { grants: grants.flatMap(textOf) }),
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
  readonly servers: readonly NodesTable[];
  readonly news: ReadonlyMap<DeviceId, readonly DeviceNews[]>;
  readonly nowMs: number;
  readonly webPort: number;
  readonly told: Told;
}

async function viewOf(
  context: ControllerContext,
  organisation: OrganisationId,
  seat: Seat,
  about: About,
  tokens: Tokens,
): Promise<DeviceView> {
  const { tx, state, shared, nowMs, told } = about;
  const list = shared.of(seat);
  const granted = list.filter((each) => each.state === 'granted').map(({ resource }) => resource);
  await noteFirstRights(tx, state, seat.subject, granted, nowMs);
  const due = shared.dueUntil(list, seat.session.untilMs);
  const grants = await grantsFor(context, organisation, seat, due, told, tokens);
  return {
    snapshot: deviceSnapshot(about, seat, list, grants.held),
    tokens: {
      tickets: due.size === 0 ? [] : [await deviceTicket(context, organisation, seat, due, tokens)],
      grants: grants.ids,
    },
    nextMs: nextLook(seat, list, due, nowMs),
  };
}

interface Tokens {
  readonly issued: readonly IssuedToken[];
  readonly minted: Minted[];
}

function deviceTicket(
  context: ControllerContext,
  organisation: OrganisationId,
  seat: Seat,
  due: ReadonlyMap<NetworkId, Rights>,
  tokens: Tokens,
): Promise<Id<'tok'>> {
  let out = 0;
  for (const rights of due.values()) for (const right of rights.values()) out = Math.max(out, right.out);
  const claims = {
    node: seat.device.id,
    mk: seat.device.mk,
    role: 'client',
    meet: [...due.keys()],
    out,
    session: seat.session.id,
    untilMs: seat.session.untilMs,
  } as const;
  return ticketFor(context, organisation, claims, tokens);
}

function deviceSnapshot(
  { state, servers, news, nowMs, webPort }: About,
  seat: Seat,
  list: readonly Entitlement[],
  held: Rights,
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
  const resources: DeviceSnapshot['resources'] = {};
  for (const entry of list)
    if (entry.known) resources[entry.resource.id] = deviceResource(entry, held, webPort);
  const { device, session, subject } = seat;
  const ended = whyOver(session, nowMs);
  return {
    kind: 'device',
    ...(state.document.organisation === '' ? {} : { organisation: state.document.organisation }),
    networks,
    relays,
    zones: [...state.zones],
    resources,
    session: {
      id: session.id,
      subject: subject.id,
      // Guests have no devices.
      kind: subject.kind === 'service' ? 'service' : 'person',
      name: subject.name,
      ...(subject.email === undefined ? {} : { email: subject.email }),
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

function connectorEntry(node: NodesTable, relays: string[], state: OrganisationState): ConnectorEntry {
  const direct = directEndpoints(node, state);
  const entry = { id: node.id as ConnectorId, nk: node.nk, relays };
  return direct.length === 0 ? entry : { ...entry, direct };
}

/** What devices are told of a resource, by its end, worked out once for all who share the entitlement. */
const written = new WeakMap<Entitlement, Map<number | undefined, DeviceResource>>();

function deviceResource(entry: Entitlement, held: Rights, webPort: number): DeviceResource {
  const { resource, state, untilMs } = entry;
  // A granted resource ends with its right; a refused one may open when time alone changes the decision.
  const until =
    state === 'granted'
      ? held.get(resource.id)?.until
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

type Reach = Pick<DeviceResource, 'hosts' | 'ports' | 'web'>;

function reachOf(resource: Resource, webPort: number): Reach {
  let reach = reaches.get(resource);
  if (reach === undefined) {
    const hostnames = webHostnames(resource.definition);
    reach = {
      hosts: resourceHosts(resource.definition),
      ports: [...resource.definition.ports],
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
