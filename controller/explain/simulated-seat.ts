/**
 * Who and what a simulation is about: the person, service account or made-up person, the device and the session that the
 * facts are taken from. What cannot be found is told as an issue of the request.
 */
import type { DeviceId, Id } from '../../protocol/ids.ts';
import type { SimulationRequest } from '../../protocol/simulation.ts';
import { ProblemError } from '../api/problems.ts';
import { seatOf, subjectOf, type Seat, type SeatSession, type Subject } from '../decisions/seat.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** A subject as decisions see it; a made-up person has no id. */
export type SimulatedSubject = Omit<Subject, 'id'> & { readonly id?: Subject['id'] };

export interface SimulatedSeat {
  readonly subject: SimulatedSubject;
  /** The device with its session; undefined: none. */
  readonly seat: Seat | undefined;
  readonly session: Pick<SeatSession, 'startedMs' | 'authMs' | 'amr'>;
  readonly basis: 'device' | 'browser' | 'assumed';
  /** Where it was last seen; undefined when it never was. */
  readonly address: string | undefined;
}

/** Throws a `ProblemError` that names what of the request cannot be found. */
export async function simulatedSeat(
  store: ScopedStore,
  state: OrganisationState,
  request: SimulationRequest,
  { nowMs, atMs }: { readonly nowMs: number; readonly atMs: number },
): Promise<SimulatedSeat> {
  const subject = await simulatedSubject(store, state, request);
  const device = await chosenDevice(store, subject, request, nowMs);
  const seat = device === undefined ? undefined : await seatOf(store, state, device.id as DeviceId);
  if (seat !== undefined) {
    return { subject, seat, session: seat.session, basis: 'device', address: seat.device.address };
  }
  const browser = subject.id === undefined ? undefined : await browserSession(store, subject.id, nowMs);
  if (browser !== undefined) {
    const { started_ms: startedMs, auth_ms: authMs, amr, address } = browser;
    const session = {
      startedMs,
      amr: JSON.parse(amr) as string[],
      ...(authMs === null ? {} : { authMs }),
    };
    return { subject, seat, session, basis: 'browser', address };
  }
  const assumed = { startedMs: atMs, authMs: atMs, amr: ['pwd'] };
  return { subject, seat, session: assumed, basis: 'assumed', address: undefined };
}

/** The problem of a request whose field names nothing that is there. */
export function notThere(field: keyof SimulationRequest, message: string): ProblemError {
  return new ProblemError('invalid-request', undefined, [{ path: [field], message }]);
}

async function simulatedSubject(
  store: ScopedStore,
  state: OrganisationState,
  { user, service, groups }: SimulationRequest,
): Promise<SimulatedSubject> {
  const unknown = groups?.find((group) => !state.groups.has(group));
  if (unknown !== undefined) throw notThere('groups', `the group "${unknown}" is not declared`);
  if (user !== undefined && service !== undefined)
    throw notThere('service', 'name a user or a service account, not both');
  if (service !== undefined) {
    if (groups !== undefined)
      throw notThere('groups', 'the groups of a service account stand in its document');
    const account = state.serviceAccounts.find(({ id, name }) => id === service || name === service);
    if (account === undefined) throw notThere('service', `there is no service account "${service}"`);
    return { kind: 'service', ...account };
  }
  if (user === undefined) {
    if (groups === undefined) throw notThere('user', 'name a user, a service account, or groups');
    return { kind: 'person', name: 'somebody', groups };
  }
  const people = await store
    .select('people')
    .select('id')
    .where(user.startsWith('usr_') ? 'id' : 'email', '=', user.toLowerCase() as Id<'usr'>)
    .execute();
  const [person, another] = people;
  if (another !== undefined)
    throw notThere('user', `several people have the address "${user}"; give the id of one: ${ids(people)}`);
  const known = person === undefined ? undefined : await subjectOf(store, state, person.id);
  if (known !== undefined) return { ...known, groups: groups ?? known.groups };
  if (groups === undefined || user.startsWith('usr_')) {
    const remedy = user.startsWith('usr_')
      ? ''
      : '; name the groups too, to try a person who has not signed in';
    throw notThere('user', `nobody known here is "${user}"${remedy}`);
  }
  return { kind: 'person', name: user, email: user.toLowerCase(), groups };
}

/** The device that was asked for; else, through the client door, the subject's last seen, before all one that is signed in. */
async function chosenDevice(
  store: ScopedStore,
  { id: owner }: SimulatedSubject,
  { device: wanted, door = 'client' }: SimulationRequest,
  nowMs: number,
): Promise<NodesTable | undefined> {
  if (wanted === null || (wanted === undefined && (door === 'web' || owner === undefined))) return undefined;
  const devices = store.select('nodes').selectAll().where('kind', '=', 'device').orderBy('seen_ms', 'desc');
  // A made-up person may sit at anybody's device.
  const own = await (owner === undefined ? devices : devices.where('owner', '=', owner)).execute();
  if (wanted === undefined) {
    const open = await store
      .select('sessions')
      .select('device')
      .where('kind', '=', 'device')
      .where('ended_ms', 'is', null)
      .where('until_ms', '>', nowMs)
      .execute();
    const signedIn = new Set<string>(open.flatMap(({ device }) => device ?? []));
    return own.find(({ id }) => signedIn.has(id)) ?? own[0];
  }
  const [found, another] = own.filter(({ id, name }) => id === wanted || name === wanted);
  if (found === undefined) {
    const names = own.slice(0, 10).map(({ name }) => `"${name}"`);
    const others = owner === undefined || names.length === 0 ? '' : `; theirs are ${names.join(', ')}`;
    throw notThere('device', `there is no device "${wanted}"${others}`);
  }
  if (another !== undefined) {
    throw notThere(
      'device',
      `several devices are called "${wanted}"; give the id of one, such as ${found.id}`,
    );
  }
  return found;
}

async function browserSession(
  store: ScopedStore,
  subject: Subject['id'],
  nowMs: number,
): Promise<SessionsTable | undefined> {
  return store
    .select('sessions')
    .selectAll()
    .where('kind', '=', 'browser')
    .where('subject', '=', subject)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .orderBy('started_ms', 'desc')
    .executeTakeFirst();
}

function ids(people: readonly { readonly id: string }[]): string {
  return people.map(({ id }) => id).join(', ');
}
