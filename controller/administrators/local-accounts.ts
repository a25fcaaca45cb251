/**
 * Owners who sign in at the controller itself: the way in when there is no provider yet, or none works. They are people of
 * an issuer of their own, so no provider can make or become one (SECURITY T9); what they call their e-mail address is for
 * signing in and stands in no policy.
 */
import type { Random } from '../../protocol/clock.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { LocalAccountsTable, PasskeysTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { takeSetupLink } from './setup-links.ts';

export const localIssuer = 'urn:postern:local';
const recoveryCodes = 10;
/** Crockford's base32: nothing that is read as something else. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export interface NewOwner {
  readonly name: string;
  readonly email: string;
  readonly proof:
    | { readonly kind: 'passkey'; readonly passkey: Pick<PasskeysTable, 'id' | 'public_key' | 'counter'> }
    | {
        readonly kind: 'password';
        readonly password: string;
        /** Sealed. */
        readonly secret: Buffer;
        readonly step: number;
      };
}

/** `link-gone`: the link was used or has run out. `email-taken`: another local account signs in by it. */
export type OwnerMade =
  | { readonly made: true; readonly person: Id<'usr'>; readonly recoveryCodes: readonly string[] }
  | { readonly made: false; readonly why: 'link-gone' | 'email-taken' };

/** Uses up the link and makes the owner, both or neither. */
export async function makeLocalOwner(
  store: ScopedStore,
  link: string,
  { name, email, proof }: NewOwner,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): Promise<OwnerMade> {
  const person = newId('usr', random(16));
  const codes = Array.from({ length: recoveryCodes }, () => newRecoveryCode(random));
  return store.transaction(async (tx) => {
    const taken = await tx
      .select('local_accounts')
      .select('person')
      .where('email', '=', email.toLowerCase())
      .executeTakeFirst();
    if (taken !== undefined) return { made: false, why: 'email-taken' };
    if (!(await takeSetupLink(tx, link, nowMs))) return { made: false, why: 'link-gone' };
    await tx
      .insert('people', {
        id: person,
        issuer: localIssuer,
        subject: person,
        email: null,
        name,
        groups: '[]',
        created_ms: nowMs,
        signed_in_ms: nowMs,
        disabled_ms: null,
        role: 'owner',
        role_ms: nowMs,
        role_by: 'setup link',
      })
      .execute();
    await tx
      .insert('local_accounts', {
        person,
        email: email.toLowerCase(),
        password: proof.kind === 'password' ? proof.password : null,
        one_time_secret: proof.kind === 'password' ? proof.secret : null,
        one_time_step: proof.kind === 'password' ? proof.step : 0,
        recovery: JSON.stringify(codes.map(hashOfRecoveryCode)),
        created_ms: nowMs,
      })
      .execute();
    if (proof.kind === 'passkey')
      await tx
        .insert('passkeys', { ...proof.passkey, person, created_ms: nowMs, used_ms: null, name: null })
        .execute();
    const detail = { person, email, name, by: proof.kind, before: null, after: 'owner' };
    await appendAudit(tx, [
      { atMs: nowMs, who: 'setup link', what: 'administrator.role', result: 'done', detail },
    ]);
    return { made: true, person, recoveryCodes: codes };
  });
}

/** The account that signs in by this address. */
export async function localAccount(
  store: ScopedStore,
  email: string,
): Promise<LocalAccountsTable | undefined> {
  return store
    .select('local_accounts')
    .selectAll()
    .where('email', '=', email.toLowerCase())
    .executeTakeFirst();
}

/** Notes the step of a one-time code as used; false when one as late was used meanwhile. */
export async function useStep(store: ScopedStore, person: Id<'usr'>, step: number): Promise<boolean> {
  const row = await store
    .update('local_accounts')
    .set({ one_time_step: step })
    .where('person', '=', person)
    .where('one_time_step', '<', step)
    .returning('person')
    .executeTakeFirst();
  return row !== undefined;
}

/** Uses a recovery code up; false when it is none of the account's, or was used. */
export async function useRecoveryCode(store: ScopedStore, person: Id<'usr'>, code: string): Promise<boolean> {
  const hash = hashOfRecoveryCode(code);
  return store.transaction(async (tx) => {
    const row = await tx
      .select('local_accounts')
      .select('recovery')
      .where('person', '=', person)
      .executeTakeFirst();
    const left = JSON.parse(row?.recovery ?? '[]') as string[];
    if (!left.includes(hash)) return false;
    await tx
      .update('local_accounts')
      .set({ recovery: JSON.stringify(left.filter((each) => each !== hash)) })
      .where('person', '=', person)
      .execute();
    return true;
  });
}

/** Sixteen letters of five bits, in fours. */
function newRecoveryCode(random: Random): string {
  const text = [...random(16)].map((byte) => letters[byte & 31] ?? '').join('');
  return (text.match(/.{4}/g) ?? []).join('-');
}

function hashOfRecoveryCode(code: string): string {
  return hashOfSecret(Buffer.from(code.toUpperCase().replace(/[^0-9A-Z]/g, '')));
}
