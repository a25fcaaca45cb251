/** The users of a directory: kept apart from people, joined with them where that is certain, deactivated with them. */
import SCIMMY from 'scimmy';
import type { Id } from '../../protocol/ids.ts';
import { isLastOwner } from '../administrators/administrators.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { hasRoom } from '../operator/limits.ts';
import { writeDisabled } from '../people/disable.ts';
import type { DirectoryUsersTable } from '../store/tables/directories.ts';
import { newDirectoryId, whoOf, type Directory } from './directory.ts';
import { findInDirectory, personFor, type KeptAttributes } from './join.ts';
import { countLosses } from './mass-removal.ts';

/** A user as SCIM has it. */
export type ScimUser = Record<string, unknown> & { readonly id: string };

/** Never kept: what would be a secret, a right, or read-only. */
const notKept = new Set([
  'id',
  'schemas',
  'meta',
  'externalId',
  'active',
  'password',
  'roles',
  'entitlements',
  'x509Certificates',
  'groups',
]);
const mostAttributeBytes = 16_384;
const page = 200;

async function usersOf({ tx, name }: Directory): Promise<DirectoryUsersTable[]> {
  return tx
    .select('directory_users')
    .selectAll()
    .where('directory', '=', name)
    .orderBy('created_ms')
    .orderBy('id')
    .execute();
}

/** One user by our id; throws 404 for every other, those of other directories included. */
export async function userRow({ tx, name }: Directory, id: string): Promise<DirectoryUsersTable> {
  const row = await tx
    .select('directory_users')
    .selectAll()
    .where('directory', '=', name)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new SCIMMY.Types.Error(404, null as never, 'There is no such user');
  return row;
}

/** So many of them from a place on (1 is the first), and how many there are. */
export async function pageOfUsers(
  { tx, name }: Directory,
  startIndex: number,
  count: number,
): Promise<{ total: number; users: ScimUser[]; count: number }> {
  const all = tx.select('directory_users').where('directory', '=', name);
  const { total } = await all.select((eb) => eb.fn.countAll().as('total')).executeTakeFirstOrThrow();
  const rows = await all
    .selectAll()
    .orderBy('created_ms')
    .orderBy('id')
    .offset(Math.max(0, startIndex - 1))
    .limit(Math.min(count, page))
    .execute();
  return { total: Number(total), users: rows.map(shownUser), count: rows.length };
}

/** Those that may match a filter: by a user name or the directory's own id alone where it asks for that, all otherwise. */
export async function usersMatching(directory: Directory, filter: string | undefined): Promise<ScimUser[]> {
  const [, attribute = '', wanted = ''] =
    /^\s*(userName|externalId)\s+eq\s+"([^"\\]*)"\s*$/i.exec(filter ?? '') ?? [];
  const { tx, name } = directory;
  if (attribute === '') return (await usersOf(directory)).map(shownUser);
  const ofDirectory = tx.select('directory_users').selectAll().where('directory', '=', name);
  const rows = await (
    attribute.toLowerCase() === 'username'
      ? ofDirectory.where('user_key', '=', wanted.toLowerCase())
      : ofDirectory.where('external_id', '=', wanted)
  ).execute();
  return rows.map(shownUser);
}

export function shownUser(row: DirectoryUsersTable): ScimUser {
  return {
    ...(JSON.parse(row.attributes) as KeptAttributes),
    id: row.id,
    ...(row.external_id === null ? {} : { externalId: row.external_id }),
    active: row.active === 1,
    meta: meta('User', row),
  };
}

export function meta(
  resourceType: string,
  row: { readonly created_ms: number; readonly changed_ms: number },
): object {
  return { resourceType, created: new Date(row.created_ms), lastModified: new Date(row.changed_ms) };
}

/** Makes or replaces a user. Throws SCIM's errors. */
export async function writeUser(
  directory: Directory,
  id: string | undefined,
  given: Record<string, unknown>,
): Promise<ScimUser> {
  const { tx, name, nowMs } = directory;
  const before = id === undefined ? undefined : await userRow(directory, id);
  const attributes = keptOf(given);
  const externalId = typeof given['externalId'] === 'string' ? given['externalId'] : null;
  const isActive = given['active'] !== false;
  await refuseTaken(directory, before?.id, attributes.userName);
  const row: DirectoryUsersTable = {
    organisation: tx.organisation,
    id: before?.id ?? newDirectoryId(directory),
    directory: name,
    user_key: attributes.userName.toLowerCase(),
    external_id: externalId,
    active: isActive ? 1 : 0,
    attributes: JSON.stringify(attributes),
    person: before?.person ?? null,
    created_ms: before?.created_ms ?? nowMs,
    changed_ms: nowMs,
  };
  if (before?.active === 1 && !isActive) await countLosses(directory, [row.id]);
  const { organisation: _own, ...columns } = row;
  if (before === undefined) await tx.insert('directory_users', columns).execute();
  else await tx.update('directory_users').set(columns).where('id', '=', row.id).execute();
  const person = row.person ?? (await join(directory, row));
  // Somebody new comes into groups in the requests that follow; of others the directory has said in which they are.
  if (person !== null && before?.person === null) await regroupJoined(directory, person);
  if (person !== null) await follow(directory, row.id, person, isActive);
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who: whoOf(directory),
      what: before === undefined ? 'directory.user-create' : 'directory.user-change',
      result: 'done',
      detail: {
        user: row.id,
        userName: attributes.userName,
        active: isActive,
        ...(person === null ? {} : { person }),
      },
    },
  ]);
  return shownUser(row);
}

/** Takes a user away, and with them whoever they are here. */
export async function deleteUser(directory: Directory, id: string): Promise<void> {
  const { tx, nowMs } = directory;
  const row = await userRow(directory, id);
  if (row.active === 1) await countLosses(directory, [id]);
  if (row.person !== null) await follow(directory, id, row.person, false);
  await tx.delete('directory_members').where('directory_user', '=', id).execute();
  await tx.delete('directory_users').where('id', '=', id).execute();
  const { userName } = JSON.parse(row.attributes) as KeptAttributes;
  const detail = { user: id, userName, ...(row.person === null ? {} : { person: row.person }) };
  await appendAudit(tx, [
    { atMs: nowMs, who: whoOf(directory), what: 'directory.user-delete', result: 'done', detail },
  ]);
}

function keptOf(given: Record<string, unknown>): KeptAttributes {
  const kept = Object.fromEntries(
    Object.entries(given).filter(([key, value]) => !notKept.has(key) && value !== undefined),
  );
  const text = JSON.stringify(kept);
  if (text.length > mostAttributeBytes)
    throw new SCIMMY.Types.Error(413, 'tooMany', 'A user has more attributes than are kept');
  const attributes = JSON.parse(text) as KeptAttributes;
  const { userName } = attributes as { userName?: unknown };
  if (typeof userName !== 'string' || userName === '' || userName.length > 256)
    throw new SCIMMY.Types.Error(400, 'invalidValue', 'userName is a text of 1 to 256 characters');
  return attributes;
}

async function refuseTaken({ tx, name }: Directory, id: string | undefined, userName: string): Promise<void> {
  const other = await tx
    .select('directory_users')
    .select('id')
    .where('directory', '=', name)
    .where('user_key', '=', userName.toLowerCase())
    .executeTakeFirst();
  if (other !== undefined && other.id !== id)
    throw new SCIMMY.Types.Error(409, 'uniqueness', 'There is a user of this userName already');
}

/** Joins a user with a person who has signed in before. */
async function join(directory: Directory, row: DirectoryUsersTable): Promise<Id<'usr'> | null> {
  const { tx, issuer, settings } = directory;
  const person = await personFor(tx, issuer, settings, row);
  if (person === undefined) return null;
  await tx.update('directory_users').set({ person: person.id }).where('id', '=', row.id).execute();
  return person.id;
}

/** Of the groups that the directory has, gives a person whom it has just come to know those in which it has them. */
async function regroupJoined(
  { tx, name, issuer, settings, aftermath }: Directory,
  person: Id<'usr'>,
): Promise<void> {
  const row = await tx
    .select('people')
    .select(['subject', 'groups'])
    .where('id', '=', person)
    .where('issuer', '=', issuer)
    .executeTakeFirst();
  if (row === undefined) return;
  const identity = { subject: row.subject, email: undefined };
  const { managed, groups } = await findInDirectory(tx, name, settings, person, identity);
  const others = (JSON.parse(row.groups) as string[]).filter((group) => !managed.includes(group));
  const text = JSON.stringify([...new Set([...others, ...groups])].toSorted());
  if (text === row.groups) return;
  await tx.update('people').set({ groups: text }).where('id', '=', person).execute();
  aftermath.changed.add(person);
}

/** Disables the person of a user who is not active, and enables again whom this directory disabled. */
async function follow(
  directory: Directory,
  user: string,
  person: Id<'usr'>,
  isActive: boolean,
): Promise<void> {
  const { tx, issuer, nowMs, aftermath } = directory;
  const row = await tx.select('people').selectAll().where('id', '=', person).executeTakeFirst();
  if (row === undefined || row.issuer !== issuer) return;
  const who = whoOf(directory);
  if (isActive) {
    // What an administrator did stays done.
    if (row.disabled_ms === null || row.disabled_by !== who) return;
    if (!(await hasRoom(tx, 'people'))) {
      const detail = { user, person, reason: 'limit' };
      await appendAudit(tx, [{ atMs: nowMs, who, what: 'person.enable', result: 'refused', detail }]);
      return;
    }
    await writeDisabled(tx, person, false, { who, nowMs });
  } else {
    if (row.disabled_ms !== null) return;
    if (row.role === 'owner' && (await isLastOwner(tx, person))) {
      // Nobody could administer any more: that is for people to settle.
      const detail = { user, person, reason: 'last-owner' };
      await appendAudit(tx, [{ atMs: nowMs, who, what: 'person.disable', result: 'refused', detail }]);
      return;
    }
    aftermath.sessions.push(...(await writeDisabled(tx, person, true, { who, nowMs })));
  }
  aftermath.disabled.add(person);
}
