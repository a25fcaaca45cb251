/**
 * Who of a directory somebody is that signs in with its provider, and the other way round. A person is always (issuer,
 * subject); what joins is equal on both sides and known of one alone on each, or nothing is joined (SEC-I1). A user who is
 * joined stays so, whatever the directory calls them later.
 */
import type { Id } from '../../protocol/ids.ts';
import type { DirectoryDocument } from '../../protocol/organisation-document.ts';
import type { Identity } from '../login/identity-claims.ts';
import type { DirectoryUsersTable } from '../store/tables/directories.ts';
import type { PeopleTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** What a directory keeps of somebody. */
export interface KeptAttributes {
  readonly userName: string;
  readonly emails?: readonly {
    readonly value?: string;
    readonly type?: string;
    readonly primary?: boolean;
  }[];
  readonly [attribute: string]: unknown;
}

/** What the sign-in has to be, for this user of the directory to be whoever signed in. */
function keysOf(
  { join = 'email' }: DirectoryDocument,
  { external_id: externalId, attributes }: Pick<DirectoryUsersTable, 'external_id' | 'attributes'>,
): string[] {
  const { userName, emails = [] } = JSON.parse(attributes) as KeptAttributes;
  if (join === 'externalId') return externalId === null ? [] : [externalId];
  if (join === 'userName') return [userName];
  // Other addresses than that of the work may be whatever somebody wrote there themselves.
  const own = emails.filter(({ type, primary }) => type === 'work' || primary === true);
  const addresses = [userName, ...own.map(({ value }) => value ?? '')];
  return [...new Set(addresses.filter((text) => text.includes('@')).map((text) => text.toLowerCase()))];
}

/** The person of the issuer who is this user, where that is one alone and nobody else's. */
export async function personFor(
  tx: ScopedStore,
  issuer: string,
  settings: DirectoryDocument,
  user: Pick<DirectoryUsersTable, 'external_id' | 'attributes'>,
): Promise<PeopleTable | undefined> {
  const keys = keysOf(settings, user);
  if (keys.length === 0) return undefined;
  const people = await tx
    .select('people')
    .selectAll()
    .where('issuer', '=', issuer)
    .where((settings.join ?? 'email') === 'email' ? 'email' : 'subject', 'in', keys)
    .execute();
  const [person, another] = people;
  if (person === undefined || another !== undefined) return undefined;
  const taken = await tx
    .select('directory_users')
    .select('id')
    .where('person', '=', person.id)
    .executeTakeFirst();
  return taken === undefined ? person : undefined;
}

/** What the directory says of somebody who signs in: whether they may, and of its groups, in which they are. */
export interface InDirectory {
  readonly state: 'unknown' | 'active' | 'inactive';
  /** Names of all groups of the directory, and of those that this person is in. */
  readonly managed: readonly string[];
  readonly groups: readonly string[];
  /** The user who is nobody yet and whom the sign-in joins. */
  readonly joins?: DirectoryUsersTable['id'];
}

/** Finds whoever signs in now; `person` is who they are, where that is known. */
export async function findInDirectory(
  tx: ScopedStore,
  directory: string,
  settings: DirectoryDocument,
  person: Id<'usr'> | undefined,
  identity: Pick<Identity, 'subject' | 'email'>,
): Promise<InDirectory> {
  const groups = await tx
    .select('directory_groups')
    .select(['id', 'name'])
    .where('directory', '=', directory)
    .execute();
  const managed = groups.map(({ name }) => name);
  const joined =
    person === undefined
      ? undefined
      : await tx
          .select('directory_users')
          .selectAll()
          .where('directory', '=', directory)
          .where('person', '=', person)
          .executeTakeFirst();
  const user = joined ?? (await userFor(tx, directory, settings, identity));
  if (user === undefined) return { state: 'unknown', managed, groups: [] };
  const memberships = await tx
    .select('directory_members')
    .select('directory_group')
    .where('directory_user', '=', user.id)
    .execute();
  const own = new Set(memberships.map((each) => each.directory_group));
  const isActive = user.active === 1;
  return {
    state: isActive ? 'active' : 'inactive',
    managed,
    groups: groups.filter(({ id }) => own.has(id)).map(({ name }) => name),
    // One who is not active comes in no further, and there may be nobody to join with.
    ...(joined === undefined && isActive ? { joins: user.id } : {}),
  };
}

/** Joins a user that `findInDirectory` found with the person who signs in, in the same transaction. */
export async function joinAtSignIn(
  tx: ScopedStore,
  user: DirectoryUsersTable['id'],
  person: Id<'usr'>,
): Promise<void> {
  await tx.update('directory_users').set({ person }).where('id', '=', user).execute();
}

/** The directory's user who signs in with this identity, where it is one alone and nobody's yet. */
async function userFor(
  tx: ScopedStore,
  directory: string,
  settings: DirectoryDocument,
  { subject, email }: Pick<Identity, 'subject' | 'email'>,
): Promise<DirectoryUsersTable | undefined> {
  const isByEmail = (settings.join ?? 'email') === 'email';
  const key = isByEmail ? email : subject;
  if (key === undefined) return undefined;
  const query = tx.select('directory_users').selectAll().where('directory', '=', directory);
  const candidates = await (
    settings.join === 'externalId'
      ? query.where('external_id', '=', key)
      : settings.join === 'userName'
        ? query.where('user_key', '=', key.toLowerCase())
        : query
  ).execute();
  const matching = candidates.filter((user) => keysOf(settings, user).includes(key));
  const [user, another] = matching;
  // Whoever it was before who used this address: it is theirs and not joined anew.
  if (user === undefined || another !== undefined || user.person !== null) return undefined;
  return user;
}
