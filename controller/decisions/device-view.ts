/**
 * Everything a device is told: its snapshot, tickets and grants, decided and issued in one transaction and signed after it,
 * and the instant at which to look again.
 */
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { DeviceId, Id, NetworkId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { deviceNews } from '../devices/device-news.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { deviceSnapshot, type Told } from './device-snapshot.ts';
import type { Entitlement } from './entitlements.ts';
import { DueGrants } from './due-grants.ts';
import { issuedTo, storeIssued, ticketFor, type IssuedToken, type Tokens } from './issued-tokens.ts';
import { longestLifeMs } from './revocations.ts';
import { noteFirstRights } from './last-uses.ts';
import type { Rights } from './rights.ts';
import { SharedEntitlements } from './shared-entitlements.ts';
import { seatsOf, type Seat } from './seat.ts';
import { serversSince } from './servers.ts';
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
interface About extends Told {
  readonly tx: ScopedStore;
  readonly shared: SharedEntitlements;
  readonly grants: DueGrants;
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
