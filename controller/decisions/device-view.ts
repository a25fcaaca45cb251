/**
 * Everything a device is told: its snapshot, tickets and grants, decided, minted and read in one transaction, and the
 * instant at which to look again.
 */
import type { DeviceResource, DeviceSnapshot } from '../../protocol/control.ts';
import type { ConnectorId, DeviceId, NetworkId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { deviceNews } from '../devices/device-news.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { entitlements, type Entitlement } from './entitlements.ts';
import { grantsFor, ticketFor } from './issued-tokens.ts';
import { longestLifeMs } from './revocations.ts';
import { rightsByNetwork, type Rights } from './rights.ts';
import { seatOf, whyOver, type Seat } from './seat.ts';
import { relayEntries, serversSince } from './servers.ts';

export interface DeviceView {
  readonly snapshot: DeviceSnapshot;
  readonly tickets: readonly string[];
  readonly grants: readonly string[];
  /** Epoch ms at which time alone makes another view due. */
  readonly nextMs: number;
}

/** The view of a device; undefined when it has no session or its subject is gone. */
export async function deviceView(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
): Promise<DeviceView | undefined> {
  const { store, reader } = context.organisation(organisation);
  return store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const seat = await seatOf(tx, state, device);
    if (seat === undefined) return undefined;
    const nowMs = context.now();
    const list = entitlements(state, seat, nowMs);
    const due = rightsByNetwork(list, seat.session.untilMs, nowMs);
    const grants = await grantsFor(tx, context, seat, due, (network) => groupsOfNetwork(state, network));
    const tickets = due.size === 0 ? [] : [await deviceTicket(tx, context, seat, due)];
    return {
      snapshot: await deviceSnapshot(tx, state, seat, list, grants.held, nowMs),
      tickets,
      grants: grants.tokens,
      nextMs: nextLook(seat, list, due, nowMs),
    };
  });
}

function deviceTicket(
  tx: ScopedStore,
  context: ControllerContext,
  seat: Seat,
  due: ReadonlyMap<NetworkId, Rights>,
): Promise<string> {
  const rights = [...due.values()].flatMap((network) => [...network.values()]);
  return ticketFor(tx, context, {
    node: seat.device.id,
    mk: seat.device.mk,
    role: 'client',
    meet: [...due.keys()],
    out: Math.max(...rights.map(({ out }) => out)),
    session: seat.session.id,
    untilMs: seat.session.untilMs,
  });
}

async function deviceSnapshot(
  tx: ScopedStore,
  state: OrganisationState,
  seat: Seat,
  list: readonly Entitlement[],
  held: Rights,
  nowMs: number,
): Promise<DeviceSnapshot> {
  const servers = await serversSince(tx, nowMs);
  const relays = relayEntries(servers);
  const networks: DeviceSnapshot['networks'] = {};
  for (const { id, name } of state.networks) {
    const inside = list.filter(({ resource, known }) => known && resource.network.id === id);
    if (inside.length === 0) continue;
    const used = inside.some(({ state }) => state === 'granted');
    const connectors = servers
      .filter(({ kind, network }) => kind === 'connector' && network === id)
      .map((node) => ({ id: node.id as ConnectorId, nk: node.nk, relays: Object.keys(relays) }));
    networks[id] = { id, name, pq: true, connectors: used ? connectors : [] };
  }
  const resources: DeviceSnapshot['resources'] = {};
  for (const entry of list) if (entry.known) resources[entry.resource.id] = deviceResource(entry, held);
  const { device, session, subject } = seat;
  const ended = whyOver(session, nowMs);
  return {
    kind: 'device',
    networks,
    relays,
    zones: [...state.zones],
    resources,
    session: {
      id: session.id,
      subject: subject.id,
      kind: subject.kind,
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
    news: await deviceNews(tx, subject.id, device.id),
  };
}

function deviceResource({ resource, state, reasons, untilMs }: Entitlement, held: Rights): DeviceResource {
  const { id, network, definition } = resource;
  // A granted resource ends with its right; a refused one may open when time alone changes the decision.
  const until =
    state === 'granted'
      ? held.get(id)?.until
      : untilMs === undefined
        ? undefined
        : Math.ceil(untilMs / 1_000);
  return {
    id,
    net: network.id,
    name: definition.name,
    hosts: resourceHosts(definition),
    ports: [...definition.ports],
    state,
    reasons: [...reasons],
    ...(until === undefined ? {} : { until }),
  };
}

/** Groups that policies about this network name: its applications may be told of those, and of no others. */
function groupsOfNetwork({ document, resources }: OrganisationState, network: NetworkId): string[] {
  const inside = resources.filter((resource) => resource.network.id === network);
  const named = new Set<string>();
  for (const { to, allow, deny, require } of document.policies ?? []) {
    const about =
      to === 'everything' ||
      inside.some(
        ({ definition: { name, tags = [] } }) =>
          to.resources?.includes(name) === true || tags.some((tag) => to.tags?.includes(tag) === true),
      );
    for (const who of about ? [allow, deny, require] : []) {
      if (who !== undefined && who !== 'everyone') for (const group of who.groups ?? []) named.add(group);
    }
  }
  return [...named];
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
