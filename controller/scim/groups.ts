/**
 * The groups of a directory and who is in them. A group that policies know by its name is in force for members who are
 * joined with a person; for those, the directory decides about it and the sign-in's claims no longer do.
 */
import SCIMMY from 'scimmy';
import type { Id } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { DirectoryGroupsTable } from '../store/tables/directories.ts';
import { newDirectoryId, whoOf, type Directory } from './directory.ts';
import { countLosses } from './mass-removal.ts';
import { meta } from './users.ts';

export type ScimGroup = Record<string, unknown> & { readonly id: string };

const mostMembers = 50_000;
const perStatement = 500;

export async function groupRow({ tx, name }: Directory, id: string): Promise<DirectoryGroupsTable> {
  const row = await tx
    .select('directory_groups')
    .selectAll()
    .where('directory', '=', name)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new SCIMMY.Types.Error(404, null as never, 'There is no such group');
  return row;
}

/** All groups; with their members where those are wanted. */
export async function groupsOf(directory: Directory, withMembers: boolean): Promise<ScimGroup[]> {
  const { tx, name } = directory;
  const rows = await tx
    .select('directory_groups')
    .selectAll()
    .where('directory', '=', name)
    .orderBy('created_ms')
    .orderBy('id')
    .execute();
  const groups: ScimGroup[] = [];
  for (const row of rows)
    groups.push(shownGroup(row, withMembers ? await membersOf(directory, row.id) : undefined));
  return groups;
}

export async function membersOf({ tx }: Directory, group: string): Promise<string[]> {
  const rows = await tx
    .select('directory_members')
    .select('directory_user')
    .where('directory_group', '=', group)
    .orderBy('directory_user')
    .execute();
  return rows.map((each) => each.directory_user);
}

export function shownGroup(row: DirectoryGroupsTable, members: readonly string[] | undefined): ScimGroup {
  return {
    id: row.id,
    displayName: row.name,
    ...(row.external_id === null ? {} : { externalId: row.external_id }),
    ...(members === undefined ? {} : { members: members.map((value) => ({ value, type: 'User' })) }),
    meta: meta('Group', row),
  };
}

/** Makes or replaces a group with its members. Throws SCIM's errors. */
export async function writeGroup(
  directory: Directory,
  id: string | undefined,
  given: Record<string, unknown>,
): Promise<ScimGroup> {
  const { tx, name, nowMs } = directory;
  const before = id === undefined ? undefined : await groupRow(directory, id);
  const displayName = given['displayName'];
  if (typeof displayName !== 'string' || displayName === '' || displayName.length > 256)
    throw new SCIMMY.Types.Error(400, 'invalidValue', 'displayName is a text of 1 to 256 characters');
  const other = await tx
    .select('directory_groups')
    .select('id')
    .where('directory', '=', name)
    .where('name', '=', displayName)
    .executeTakeFirst();
  if (other !== undefined && other.id !== before?.id)
    throw new SCIMMY.Types.Error(409, 'uniqueness', 'There is a group of this displayName already');
  const row: DirectoryGroupsTable = {
    organisation: tx.organisation,
    id: before?.id ?? newDirectoryId(directory),
    directory: name,
    name: displayName,
    external_id: typeof given['externalId'] === 'string' ? given['externalId'] : null,
    created_ms: before?.created_ms ?? nowMs,
    changed_ms: nowMs,
  };
  const { organisation: _own, ...columns } = row;
  if (before === undefined) await tx.insert('directory_groups', columns).execute();
  else await tx.update('directory_groups').set(columns).where('id', '=', row.id).execute();
  const was = before === undefined ? [] : await membersOf(directory, row.id);
  const wanted = await wantedMembers(directory, given['members']);
  await changeMembers(directory, row, before?.name ?? displayName, was, wanted);
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who: whoOf(directory),
      what: before === undefined ? 'directory.group-create' : 'directory.group-change',
      result: 'done',
      detail: { group: row.id, name: displayName, members: wanted.length, before: was.length },
    },
  ]);
  return shownGroup(row, wanted);
}

export async function deleteGroup(directory: Directory, id: string): Promise<void> {
  const { tx, nowMs } = directory;
  const row = await groupRow(directory, id);
  const was = await membersOf(directory, id);
  await changeMembers(directory, row, row.name, was, []);
  await tx.delete('directory_groups').where('id', '=', id).execute();
  const detail = { group: id, name: row.name, members: was.length };
  await appendAudit(tx, [
    { atMs: nowMs, who: whoOf(directory), what: 'directory.group-delete', result: 'done', detail },
  ]);
}

/** Our ids of the members that are named; throws for what is none. */
async function wantedMembers({ tx, name }: Directory, members: unknown): Promise<string[]> {
  const values = (Array.isArray(members) ? members : []).flatMap((member: unknown) => {
    const value = (member as { value?: unknown } | null)?.value;
    return typeof value === 'string' ? [value] : [];
  });
  const wanted = [...new Set(values)].toSorted();
  if (wanted.length > mostMembers)
    throw new SCIMMY.Types.Error(413, 'tooMany', `A group has at most ${mostMembers} members`);
  const known = await inChunks(wanted, (some) =>
    tx.select('directory_users').select('id').where('directory', '=', name).where('id', 'in', some).execute(),
  );
  if (known.length !== wanted.length)
    throw new SCIMMY.Types.Error(400, 'invalidValue', 'A member is no user of this directory');
  return wanted;
}

async function changeMembers(
  directory: Directory,
  { id, name }: DirectoryGroupsTable,
  nameBefore: string,
  was: readonly string[],
  wanted: readonly string[],
): Promise<void> {
  const { tx, state } = directory;
  const [before, after] = [new Set(was), new Set(wanted)];
  const gone = was.filter((user) => !after.has(user));
  const fresh = wanted.filter((user) => !before.has(user));
  const losing = name === nameBefore ? gone : was;
  if (state.groups.has(nameBefore)) await countLosses(directory, losing);
  await inChunks(gone, async (some) => {
    await tx
      .delete('directory_members')
      .where('directory_group', '=', id)
      .where('directory_user', 'in', some)
      .execute();
    return [];
  });
  for (let at = 0; at < fresh.length; at += perStatement) {
    const rows = fresh.slice(at, at + perStatement);
    await tx
      .insert(
        'directory_members',
        rows.map((user) => ({ directory_group: id, directory_user: user })),
      )
      .execute();
  }
  await regroup(directory, losing, (groups) => groups.filter((each) => each !== nameBefore));
  await regroup(directory, name === nameBefore ? fresh : wanted, (groups) => [...groups, name]);
}

/** Gives the people whom these users are other groups. */
async function regroup(
  { tx, issuer, aftermath }: Directory,
  users: readonly string[],
  change: (groups: readonly string[]) => readonly string[],
): Promise<void> {
  const joined = await inChunks(users, (some) =>
    tx
      .select('directory_users')
      .select('person')
      .where('id', 'in', some)
      .where('person', 'is not', null)
      .execute(),
  );
  const ids = joined.flatMap(({ person }): Id<'usr'>[] => (person === null ? [] : [person]));
  const people = await inChunks(ids, (some) =>
    tx
      .select('people')
      .select(['id', 'groups'])
      .where('issuer', '=', issuer)
      .where('id', 'in', some)
      .execute(),
  );
  for (const { id, groups: text } of people) {
    const groups = JSON.stringify([...new Set(change(JSON.parse(text) as string[]))].toSorted());
    if (groups === text) continue;
    await tx.update('people').set({ groups }).where('id', '=', id).execute();
    aftermath.changed.add(id);
  }
}
