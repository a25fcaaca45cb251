/**
 * Invitations to administer: a role for a verified address, taken once by whoever signs in under it, by a link or, for the
 * owner whom a bootstrap file names, with their first sign-in. An invitation is worth what its maker may do when it is
 * taken, not when it was made (SEC-A11).
 */
import type { Random } from '../../protocol/clock.ts';
import type { Email } from '../../protocol/email-address.ts';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { covers, type Role } from '../../protocol/roles.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { roleOfToken, tokenIn } from './behind.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { InvitationsTable, PeopleTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { setRoleIn, type RoleChange } from './administrators.ts';

/** Who makes it where that is a file and not somebody. */
export const bootstrapFile = 'bootstrap file';
export const mostInvitations = 100;

export interface NewInvitation {
  readonly email: Email;
  readonly role: Role;
  readonly expiresMs: number;
  /** There is no link: it is taken with the first sign-in at the provider of this issuer. */
  readonly atSignIn?: { readonly issuer: string };
}

interface Made {
  readonly id: Id<'inv'>;
  /** The token of its link. */
  readonly token: string | undefined;
}

/** Makes an invitation in the place of an older one for the same address. Undefined when there are too many. */
export async function invite(
  tx: ScopedStore,
  { email, role, expiresMs, atSignIn }: NewInvitation,
  { nowMs, random, who }: { readonly nowMs: number; readonly random: Random; readonly who: string },
): Promise<Made | undefined> {
  const secret = random(32);
  const id = newId('inv', random(16));
  await tx.delete('invitations').where('expires_ms', '<=', nowMs).execute();
  await tx.delete('invitations').where('email', '=', email).execute();
  if ((await tx.select('invitations').select('id').execute()).length >= mostInvitations) return undefined;
  await tx
    .insert('invitations', {
      id,
      email,
      role,
      hash: atSignIn === undefined ? hashOfSecret(secret) : null,
      issuer: atSignIn?.issuer ?? null,
      created_ms: nowMs,
      created_by: who,
      expires_ms: expiresMs,
    })
    .execute();
  const detail = { invitation: id, email, role };
  await appendAudit(tx, [{ atMs: nowMs, who, what: 'administrator.invite', result: 'done', detail }]);
  return { id, token: atSignIn === undefined ? toBase64Url(secret) : undefined };
}

/** Another link in the place of the one before: for each mail its own. Undefined when the invitation is gone. */
export async function newInvitationLink(
  store: ScopedStore,
  id: Id<'inv'>,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): Promise<{ readonly token: string; readonly invitation: InvitationsTable } | undefined> {
  const secret = random(32);
  const invitation = await store
    .update('invitations')
    .set({ hash: hashOfSecret(secret) })
    .where('id', '=', id)
    .where('hash', 'is not', null)
    .where('expires_ms', '>', nowMs)
    .returningAll()
    .executeTakeFirst();
  return invitation === undefined ? undefined : { token: toBase64Url(secret), invitation };
}

/** The invitation of a link that is good now. */
export async function openInvitation(
  store: ScopedStore,
  token: string,
  nowMs: number,
): Promise<InvitationsTable | undefined> {
  const secret = fromBase64Url(token);
  if (secret === undefined) return undefined;
  return store
    .select('invitations')
    .selectAll()
    .where('hash', '=', hashOfSecret(secret))
    .where('expires_ms', '>', nowMs)
    .executeTakeFirst();
}

/**
 * `gone`: there is no such invitation, or it is for another address. `not-any-more`: whoever made it may not give that role
 * any more.
 */
export type Taken = RoleChange | 'gone' | 'not-any-more';

/** Gives the role to this person, once. */
export async function takeInvitation(
  store: ScopedStore,
  token: string,
  person: Id<'usr'>,
  nowMs: number,
): Promise<Taken> {
  return store.transaction(async (tx) => {
    const invitation = await openInvitation(tx, token, nowMs);
    const who = await tx
      .select('people')
      .select('email')
      .where('id', '=', person)
      .where('disabled_ms', 'is', null)
      .executeTakeFirst();
    if (invitation === undefined || who === undefined || who.email !== invitation.email) return 'gone';
    return take(tx, invitation, person, nowMs);
  });
}

/** Inside the transaction of a sign-in: takes what waits for the first one under this verified address. */
export async function takeAtSignIn(
  tx: ScopedStore,
  { id: person, email, issuer }: Pick<PeopleTable, 'id' | 'email' | 'issuer'>,
  nowMs: number,
): Promise<void> {
  if (email === null) return;
  const invitation = await tx
    .select('invitations')
    .selectAll()
    .where('email', '=', email as Email)
    .where('hash', 'is', null)
    .where('issuer', '=', issuer)
    .where('expires_ms', '>', nowMs)
    .executeTakeFirst();
  if (invitation !== undefined) await take(tx, invitation, person, nowMs);
}

async function take(
  tx: ScopedStore,
  { id, role, created_by: maker }: InvitationsTable,
  person: Id<'usr'>,
  nowMs: number,
): Promise<Taken> {
  const right = await rightOf(tx, maker, nowMs);
  if (right === undefined) return 'not-any-more';
  const changed = await setRoleIn(tx, person, role, {
    nowMs,
    who: maker,
    byOwner: () => right === 'owner',
  });
  if (changed === 'done') await tx.delete('invitations').where('id', '=', id).execute();
  return changed;
}

/** As what its maker may give roles now; undefined when they may not. */
async function rightOf(tx: ScopedStore, maker: string, nowMs: number): Promise<Role | undefined> {
  if (maker === bootstrapFile) return 'owner';
  const token = tokenIn(maker);
  if (token !== undefined) return roleOfToken(tx, token, 'administrators.write', nowMs);
  const person = await tx
    .select('people')
    .select('role')
    .where('id', '=', maker as Id<'usr'>)
    .where('disabled_ms', 'is', null)
    .executeTakeFirst();
  const role = person?.role ?? undefined;
  return role !== undefined && covers(role, 'administrators.write') ? role : undefined;
}
