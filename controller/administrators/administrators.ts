/**
 * Which people administer the organisation: their roles, given and taken. A role counts for sessions that began after it
 * was given, so that a cookie from before never has more rights than when it was made (SEC-G7). The organisation keeps
 * its last owner, and only an owner makes another.
 */
import type { Id } from '../../protocol/ids.ts';
import { roles, type Role } from '../../protocol/roles.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { PeopleTable, SessionsTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** `last-owner`: nobody could make an owner any more. `owners-only`: an owner is made and unmade by an owner. */
export type RoleChange = 'done' | 'unknown' | 'last-owner' | 'owners-only';

/** The role that this session's person has in it; undefined for none. */
export async function roleIn(
  store: ScopedStore,
  { subject, started_ms }: Pick<SessionsTable, 'subject' | 'started_ms'>,
): Promise<Role | undefined> {
  const person = await store
    .select('people')
    .select(['role', 'role_ms', 'disabled_ms'])
    .where('id', '=', subject as Id<'usr'>)
    .executeTakeFirst();
  if (person === undefined || person.role === null || person.disabled_ms !== null) return undefined;
  return started_ms >= (person.role_ms ?? 0) ? person.role : undefined;
}

/** Everyone who has a role, owners first, and of one role whoever has had it longest. */
export async function administrators(store: ScopedStore): Promise<PeopleTable[]> {
  const rows = await store
    .select('people')
    .selectAll()
    .where('role', 'is not', null)
    .orderBy('role_ms')
    .execute();
  const rank = ({ role }: PeopleTable): number => (role === null ? roles.length : roles.indexOf(role));
  return rows.toSorted((one, other) => rank(one) - rank(other));
}

export interface RoleGiver {
  readonly nowMs: number;
  readonly who: string;
  /** Whether an owner asks, as of the transaction. */
  readonly byOwner: () => boolean;
}

/** Gives a person this role in place of the one they have; `role` undefined takes it. */
export async function setRole(
  store: ScopedStore,
  id: Id<'usr'>,
  role: Role | undefined,
  giver: RoleGiver,
): Promise<RoleChange> {
  return store.transaction((tx) => setRoleIn(tx, id, role, giver));
}

/** The same inside a transaction. */
export async function setRoleIn(
  tx: ScopedStore,
  id: Id<'usr'>,
  role: Role | undefined,
  { nowMs, who, byOwner }: RoleGiver,
): Promise<RoleChange> {
  const before = await tx.select('people').selectAll().where('id', '=', id).executeTakeFirst();
  if (before === undefined || (role === undefined && before.role === null)) return 'unknown';
  if (before.role === role) return 'done';
  // Whoever administers may name the first owner; after that, only owners make and unmake owners.
  if ((before.role === 'owner' || role === 'owner') && !byOwner() && (await owners(tx)).length > 0)
    return 'owners-only';
  if (before.role === 'owner' && (await isLastOwner(tx, id))) return 'last-owner';
  await tx
    .update('people')
    .set({ role: role ?? null, role_ms: nowMs, role_by: who })
    .where('id', '=', id)
    .execute();
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who,
      what: 'administrator.role',
      result: 'done',
      detail: { person: id, email: before.email, before: before.role, after: role ?? null },
    },
  ]);
  return 'done';
}

/** Whether anybody could sign in as an owner. */
export async function hasOwner(store: ScopedStore): Promise<boolean> {
  return (await owners(store)).length > 0;
}

/** Whether no other owner could sign in. */
export async function isLastOwner(tx: ScopedStore, id: Id<'usr'>): Promise<boolean> {
  return (await owners(tx)).every((owner) => owner === id);
}

async function owners(tx: ScopedStore): Promise<Id<'usr'>[]> {
  const rows = await tx
    .select('people')
    .select('id')
    .where('role', '=', 'owner')
    .where('disabled_ms', 'is', null)
    .execute();
  return rows.map(({ id }) => id);
}
