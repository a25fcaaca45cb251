/**
 * What a sign-in with an identity comes to: whose it is, which groups count, what stands against it. It writes nothing,
 * so that a real sign-in and one that an administrator tries are told the same.
 */
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { hasRoom } from '../operator/limits.ts';
import { findInDirectory, type InDirectory } from '../scim/join.ts';
import type { PeopleTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Identity } from './identity-claims.ts';

export interface SignInOutcome {
  /** Whoever (issuer, subject) is already. */
  readonly known: PeopleTable | undefined;
  readonly refused: 'disabled' | 'limit' | 'not-in-directory' | undefined;
  /** Where the provider has a directory: what it says, and its user that is to be joined. */
  readonly directory: InDirectory | undefined;
  /** Sorted, each once. */
  readonly groups: readonly string[];
  /** Of the claim, those that nobody declared. */
  readonly undeclared: readonly string[];
}

/** Inside the transaction that would write it down. */
export async function signInOutcome(
  tx: ScopedStore,
  { groups: declared, document }: Pick<OrganisationState, 'groups' | 'document'>,
  { issuer, provider, identity }: { issuer: string; provider: string; identity: Identity },
): Promise<SignInOutcome> {
  const claimed = identity.groups.filter((group) => declared.has(group));
  const undeclared = identity.groups.filter((group) => !declared.has(group));
  const settings = document.identityProviders?.find(({ name }) => name === provider)?.directory;
  const known = await tx
    .select('people')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('subject', '=', identity.subject)
    .executeTakeFirst();
  const directory =
    settings === undefined ? undefined : await findInDirectory(tx, provider, settings, known?.id, identity);
  const outcome = { known, directory, groups: groupsAt(claimed, directory), undeclared };
  if (known !== undefined && known.disabled_ms !== null) return { ...outcome, refused: 'disabled' };
  if (known === undefined && !(await hasRoom(tx, 'people'))) return { ...outcome, refused: 'limit' };
  const isOut =
    directory?.state === 'inactive' || (directory?.state === 'unknown' && settings?.required === true);
  return { ...outcome, refused: isOut ? 'not-in-directory' : undefined };
}

/** Of groups that the directory has, those it says; of others, what the provider claims. */
function groupsAt(claimed: readonly string[], directory: InDirectory | undefined): string[] {
  if (directory === undefined || directory.state === 'unknown') return [...new Set(claimed)].toSorted();
  const others = claimed.filter((group) => !directory.managed.includes(group));
  return [...new Set([...others, ...directory.groups])].toSorted();
}
