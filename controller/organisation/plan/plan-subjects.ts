/**
 * Whom a plan speaks of: people who have signed in, gathered by what policies can tell apart; people and groups that the
 * documents name and nobody has been seen of; service accounts. With the devices and sessions they have open now.
 */
import { parseDuration } from '../../../protocol/durations.ts';
import type { Facts } from '../../../policy/facts.ts';
import { guestIssuer, openSeats, type Seat } from '../../decisions/seat.ts';
import type { SessionsTable } from '../../store/tables/people.ts';
import { inChunks } from '../../store/in-chunks.ts';
import type { ScopedStore } from '../../store/scoped-store.ts';
import type { OrganisationState, StoredDocument } from '../organisation-state.ts';

/** Somebody or something with devices or sessions of their own. */
export interface Member {
  readonly id: string;
  /** As administrators know them. */
  readonly label: string;
  /** When they last used resources that lock what is not used, by name, epoch ms. */
  readonly usedMs?: ReadonlyMap<string, number>;
}

/** Those whom no policy tells apart. */
export interface SubjectClass {
  readonly kind: 'people' | 'anyone' | 'service account';
  /** Of people, the groups that either document declares. */
  readonly groups: readonly string[];
  /** Empty for `anyone`. */
  readonly members: readonly Member[];
  /** Whether they are known to be there, and not only named by a document. */
  readonly isSeen: boolean;
  /** How they stand on each side; undefined where they are not there. */
  readonly before: Facts['subject'] | undefined;
  readonly after: Facts['subject'] | undefined;
  /** Resources that they have not used for as long as `lockUnused` of that side allows. */
  readonly locked: Readonly<Record<'before' | 'after', ReadonlySet<string>>>;
}

/** What members have open: seats at the client door, browser sessions at the web door. */
export interface OpenNow {
  readonly seats: ReadonlyMap<string, readonly Seat[]>;
  readonly browsers: ReadonlyMap<string, readonly SessionsTable[]>;
}

export interface Sides {
  readonly before: OrganisationState;
  readonly after: OrganisationState;
}

/** So many people whom policies name and nobody has seen. */
const maxUnseen = 1_000;

export async function subjectClasses(
  store: ScopedStore,
  sides: Sides,
  nowMs: number,
): Promise<SubjectClass[]> {
  const people = await store
    .select('people')
    .select(['id', 'issuer', 'email', 'name', 'groups'])
    .orderBy('name')
    .orderBy('id')
    .execute();
  const named = namedPeople(sides);
  const uses = await knownUses(store, sides);
  const asking = new Set([...sides.before.approvals, ...sides.after.approvals].map((each) => each.person));
  const issuers = { before: issuersOf(sides.before.document), after: issuersOf(sides.after.document) };
  const classes = new Map<string, { of: Omit<SubjectClass, 'members'>; members: Member[] }>();
  const seenGroups = new Set<string>();
  const seenPeople = new Set<string>();
  for (const { id, issuer, email, name, groups: text } of people) {
    const groups = (JSON.parse(text) as string[])
      .filter((group) => sides.before.groups.has(group) || sides.after.groups.has(group))
      .toSorted();
    for (const group of groups) seenGroups.add(group);
    if (email !== null) seenPeople.add(email);
    const isGuest = issuer === guestIssuer;
    // What means a guest is the address or its domain, so that no two of them are alike.
    const selects = email !== null && (isGuest || named.has(email)) ? email : undefined;
    const there = isGuest
      ? { before: true, after: true }
      : { before: issuers.before.has(issuer), after: issuers.after.has(issuer) };
    // An approved request is for one person alone.
    const asked = asking.has(id) ? id : undefined;
    const usedMs = isGuest ? undefined : uses.get(id);
    const locked = {
      before: lockedOf(sides.before, usedMs, nowMs),
      after: lockedOf(sides.after, usedMs, nowMs),
    };
    const key = JSON.stringify([
      groups,
      selects,
      there,
      isGuest,
      asked,
      [...locked.before],
      [...locked.after],
    ]);
    let entry = classes.get(key);
    if (entry === undefined) {
      const kind = isGuest ? 'guest' : 'person';
      const subjectOn = (side: 'before' | 'after'): Facts['subject'] | undefined =>
        there[side] ? person(groups, sides[side], selects, kind, asked) : undefined;
      entry = {
        of: {
          kind: 'people',
          groups,
          isSeen: true,
          before: subjectOn('before'),
          after: subjectOn('after'),
          locked,
        },
        members: [],
      };
      classes.set(key, entry);
    }
    entry.members.push({
      id,
      label: isGuest ? `guest ${email ?? name}` : (email ?? name),
      ...(usedMs === undefined ? {} : { usedMs }),
    });
  }
  const accounts = serviceAccounts(sides);
  for (const group of accounts.flatMap((account) => account.groups)) seenGroups.add(group);
  return [
    ...[...classes.values()].map(({ of, members }) => ({ ...of, members })),
    ...unseenPeople(named, seenPeople, sides),
    ...unseenGroups(seenGroups, people.length === 0, sides),
    ...accounts,
  ];
}

const nothingLocked = { before: new Set<string>(), after: new Set<string>() };

/** When people last used resources that lock what is not used, on either side: by person, then by the resource's name. */
async function knownUses(store: ScopedStore, sides: Sides): Promise<Map<string, Map<string, number>>> {
  const names = new Map([...sides.before.locked, ...sides.after.locked]);
  const uses = new Map<string, Map<string, number>>();
  if (names.size === 0) return uses;
  const rows = await inChunks([...names.keys()], (some) =>
    store.select('resource_uses').selectAll().where('resource', 'in', some).execute(),
  );
  for (const { person: id, resource, used_ms: usedMs } of rows) {
    const own = uses.get(id) ?? new Map<string, number>();
    uses.set(id, own.set(names.get(resource) ?? '', usedMs));
  }
  return uses;
}

function lockedOf(
  { document }: OrganisationState,
  usedMs: ReadonlyMap<string, number> | undefined,
  nowMs: number,
): ReadonlySet<string> {
  const locks = (document.resources ?? []).flatMap(({ name, lockUnused }) => {
    const lastMs = usedMs?.get(name);
    const allowedMs = lockUnused === undefined ? undefined : parseDuration(lockUnused);
    return lastMs !== undefined && allowedMs !== undefined && nowMs >= lastMs + allowedMs ? [name] : [];
  });
  return new Set(locks);
}

/** Everything open now, by the id of whom it belongs to. */
export async function openNow(store: ScopedStore, state: OrganisationState, nowMs: number): Promise<OpenNow> {
  const seats = new Map<string, Seat[]>();
  for (const seat of await openSeats(store, state, nowMs, 'all')) push(seats, seat.subject.id, seat);
  const browsers = new Map<string, SessionsTable[]>();
  const sessions = await store
    .select('sessions')
    .selectAll()
    .where('kind', '=', 'browser')
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .execute();
  for (const session of sessions) push(browsers, session.subject, session);
  return { seats, browsers };
}

function person(
  groups: readonly string[],
  state: OrganisationState,
  email: string | undefined,
  kind: 'person' | 'guest' = 'person',
  id?: string,
): Facts['subject'] {
  const declared = groups.filter((group) => state.groups.has(group));
  return {
    kind,
    name: '',
    groups: declared,
    ...(id === undefined ? {} : { id }),
    ...(email === undefined ? {} : { email }),
  };
}

/** Named by a policy of either side and never seen. */
function unseenPeople(named: ReadonlySet<string>, seen: ReadonlySet<string>, sides: Sides): SubjectClass[] {
  return [...named]
    .filter((email) => !seen.has(email))
    .slice(0, maxUnseen)
    .map((email) => ({
      kind: 'people',
      groups: [],
      members: [{ id: email, label: `${email} (has not signed in)` }],
      isSeen: false,
      before: person([], sides.before, email),
      after: person([], sides.after, email),
      locked: nothingLocked,
    }));
}

/** One of each group of which nobody has been seen, and one of none where nobody has been seen at all. */
function unseenGroups(seen: ReadonlySet<string>, isEmpty: boolean, sides: Sides): SubjectClass[] {
  const groups = [...new Set([...sides.before.groups, ...sides.after.groups])].filter(
    (group) => !seen.has(group),
  );
  return [...(isEmpty ? [[]] : []), ...groups.map((group) => [group])].map((list) => ({
    kind: 'anyone',
    groups: list,
    members: [],
    isSeen: false,
    before: person(list, sides.before, undefined),
    after: person(list, sides.after, undefined),
    locked: nothingLocked,
  }));
}

function serviceAccounts({ before, after }: Sides): SubjectClass[] {
  const names = new Set([...before.serviceAccounts, ...after.serviceAccounts].map(({ name }) => name));
  return [...names].map((name) => {
    const subjectOn = ({ serviceAccounts: list }: OrganisationState): Facts['subject'] | undefined => {
      const account = list.find((entry) => entry.name === name);
      return account === undefined ? undefined : { kind: 'service', name, groups: account.groups };
    };
    const id = [...before.serviceAccounts, ...after.serviceAccounts].find((entry) => entry.name === name)?.id;
    const [was, is] = [subjectOn(before), subjectOn(after)];
    return {
      kind: 'service account',
      groups: [...new Set([...(was?.groups ?? []), ...(is?.groups ?? [])])],
      members: [{ id: id ?? name, label: name }],
      isSeen: true,
      before: was,
      after: is,
      locked: nothingLocked,
    };
  });
}

function namedPeople({ before, after }: Sides): Set<string> {
  const named = new Set<string>();
  for (const { document } of [before, after])
    for (const { allow, deny, require } of document.policies ?? [])
      for (const who of [allow, deny, require])
        if (typeof who === 'object') for (const email of who.people ?? []) named.add(email.toLowerCase());
  return named;
}

function issuersOf(document: StoredDocument): Set<string> {
  return new Set((document.identityProviders ?? []).map(({ issuer }) => issuer));
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
