/**
 * A seat: one device with its session and the person or service account behind it. Everything a decision needs besides
 * policies and resources, read from the store in one go.
 */
import type { DeviceId, Id } from '../../protocol/ids.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { claimsOf, verdictsOn, type DeviceClaims } from '../posture/device-claims.ts';
import type { Approval, NodeState, NodesTable } from '../store/tables/nodes.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import { inChunks } from '../store/in-chunks.ts';
import { lastUses } from './last-uses.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** The issuer of guests: no provider's, which are URLs. */
export const guestIssuer = 'email';

export interface Subject {
  readonly kind: 'person' | 'service' | 'guest';
  readonly id: Id<'usr'> | Id<'svc'>;
  readonly name: string;
  readonly email?: string;
  /** Declared groups only. */
  readonly groups: readonly string[];
  /** A person's last uses of what is locked while it is not used, epoch ms by the name of the resource. */
  readonly usedMs?: ReadonlyMap<string, number>;
}

export interface SeatSession {
  readonly id: Id<'ses'>;
  readonly startedMs: number;
  readonly untilMs: number;
  readonly authMs?: number;
  readonly amr: readonly string[];
  readonly acr?: string;
  /** Why it is over, when it was ended before its time. */
  readonly ended?: string;
}

export interface Seat {
  readonly device: DeviceClaims & {
    readonly id: DeviceId;
    /** Node key, base64url. */
    readonly nk: string;
    readonly mk: string;
    readonly name: string;
    readonly approval: Approval;
    readonly state: NodeState;
    /** Where its control channel comes from, or came from last. */
    readonly address?: string;
    /** When its keys were made known. */
    readonly keysMs?: number;
  };
  readonly session: SeatSession;
  readonly subject: Subject;
}

/** Why a session is over: the code it was ended with, or `expired`; undefined while it is open. */
export function whyOver({ ended, untilMs }: SeatSession, nowMs: number): string | undefined {
  return ended ?? (untilMs <= nowMs ? 'expired' : undefined);
}

/** Which seats: those with an open session, of everyone, of some devices, or of some subjects. */
export type SeatFilter =
  'all' | { readonly devices: readonly DeviceId[] } | { readonly subjects: readonly string[] };

/** The devices with a session that has not been ended and has not run out. */
export async function openDevices(
  store: ScopedStore,
  nowMs: number,
  filter: SeatFilter,
): Promise<DeviceId[]> {
  const rows = await openSessions(store, nowMs, filter).select('device').execute();
  return [...new Set(rows.flatMap(({ device }) => device ?? []))];
}

/** The devices with an open session of a subject that `concerns` takes. */
export async function devicesOf(
  store: ScopedStore,
  state: OrganisationState,
  nowMs: number,
  concerns: (subject: Subject) => boolean,
): Promise<DeviceId[]> {
  const rows = await openSessions(store, nowMs, 'all').select(['device', 'subject']).execute();
  const subjects = await subjectsOf(
    store,
    state,
    rows.map(({ subject }) => subject),
  );
  const chosen = new Set<string>();
  for (const [id, subject] of subjects) if (concerns(subject)) chosen.add(id);
  return [...new Set(rows.flatMap(({ device, subject }) => (chosen.has(subject) ? (device ?? []) : [])))];
}

/** The seats whose session has not been ended and has not run out. */
export async function openSeats(
  store: ScopedStore,
  state: OrganisationState,
  nowMs: number,
  filter: SeatFilter,
): Promise<Seat[]> {
  return join(store, state, await openSessions(store, nowMs, filter).selectAll().execute());
}

function openSessions(store: ScopedStore, nowMs: number, filter: SeatFilter) {
  const query = store
    .select('sessions')
    .where('kind', '=', 'device')
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs);
  if (filter === 'all') return query;
  return 'devices' in filter
    ? query.where('device', 'in', filter.devices)
    : query.where('subject', 'in', filter.subjects);
}

/** The device with its newest session, open or over; undefined when it never had one or its subject is gone. */
export async function seatOf(
  store: ScopedStore,
  state: OrganisationState,
  device: DeviceId,
): Promise<Seat | undefined> {
  const session = await store
    .select('sessions')
    .selectAll()
    .where('device', '=', device)
    .orderBy('started_ms', 'desc')
    .orderBy('ended_ms', (order) => order.desc().nullsFirst())
    .executeTakeFirst();
  return session === undefined ? undefined : (await join(store, state, [session]))[0];
}

/** The same for several devices, in few queries. Those without a seat are absent. */
export async function seatsOf(
  store: ScopedStore,
  state: OrganisationState,
  devices: readonly DeviceId[],
): Promise<Map<DeviceId, Seat>> {
  // A device's open session is its newest: the one before ended when it began.
  const open = await inChunks(devices, (ids) =>
    store
      .select('sessions')
      .selectAll()
      .where('device', 'in', ids)
      .where('ended_ms', 'is', null)
      .orderBy('started_ms')
      .execute(),
  );
  const newest = new Map(open.map((session) => [session.device as DeviceId, session]));
  const seats = new Map<DeviceId, Seat>();
  for (const seat of await join(store, state, [...newest.values()])) seats.set(seat.device.id, seat);
  for (const device of devices) {
    if (newest.has(device)) continue;
    const over = await seatOf(store, state, device);
    if (over !== undefined) seats.set(device, over);
  }
  return seats;
}

/** The person or service account with this id; undefined when it is gone. */
export async function subjectOf(
  store: ScopedStore,
  state: OrganisationState,
  id: string,
): Promise<Subject | undefined> {
  return (await subjectsOf(store, state, [id])).get(id);
}

async function join(
  store: ScopedStore,
  state: OrganisationState,
  sessions: readonly SessionsTable[],
): Promise<Seat[]> {
  if (sessions.length === 0) return [];
  const devices = sessions.flatMap(({ device }) => device ?? []);
  const nodes = await inChunks(devices, (ids) =>
    store.select('nodes').selectAll().where('id', 'in', ids).execute(),
  );
  const byId = new Map(nodes.map((node) => [node.id as string, node]));
  const verdicts = await verdictsOn(store, state, nodes);
  const subjects = await subjectsOf(
    store,
    state,
    sessions.map(({ subject }) => subject),
  );
  return sessions.flatMap((session) => {
    const node = byId.get(session.device ?? '');
    const subject = subjects.get(session.subject);
    if (node === undefined || subject === undefined) return [];
    return [seat(node, session, subject, claimsOf(node, state, verdicts.get(node.id)))];
  });
}

/** The people and service accounts with these ids, as far as they are there. */
export async function subjectsOf(
  store: ScopedStore,
  state: OrganisationState,
  ids: readonly string[],
): Promise<Map<string, Subject>> {
  const subjects = new Map<string, Subject>();
  for (const account of state.serviceAccounts) subjects.set(account.id, { kind: 'service', ...account });
  const wanted = [...new Set(ids)].filter((id) => id.startsWith('usr_')) as Id<'usr'>[];
  const people = await inChunks(wanted, (chunk) =>
    store.select('people').selectAll().where('id', 'in', chunk).execute(),
  );
  const uses = await lastUses(store, state, wanted);
  for (const { id, issuer, name, email, groups } of people) {
    const declared = (JSON.parse(groups) as string[]).filter((group) => state.groups.has(group));
    const usedMs = uses.get(id);
    subjects.set(id, {
      kind: issuer === guestIssuer ? 'guest' : 'person',
      id,
      name,
      groups: declared,
      ...(email === null ? {} : { email }),
      ...(usedMs === undefined ? {} : { usedMs }),
    });
  }
  return subjects;
}

function seat(node: NodesTable, session: SessionsTable, subject: Subject, claims: DeviceClaims): Seat {
  return {
    device: {
      id: node.id as DeviceId,
      nk: node.nk,
      mk: node.mk,
      name: node.name,
      approval: node.approval,
      state: node.state,
      ...(node.address === null ? {} : { address: node.address }),
      ...(node.keys_ms === null ? {} : { keysMs: node.keys_ms }),
      ...claims,
    },
    session: {
      id: session.id,
      startedMs: session.started_ms,
      untilMs: session.until_ms,
      ...(session.auth_ms === null ? {} : { authMs: session.auth_ms }),
      amr: JSON.parse(session.amr) as string[],
      ...(session.acr === null ? {} : { acr: session.acr }),
      ...(session.ended_reason === null ? {} : { ended: session.ended_reason }),
    },
    subject,
  };
}
