/**
 * A person has signed in: who they are is written down, (issuer, subject) being the whole identity, and this browser
 * gets a session under a new cookie. Groups are those the document declares; other values of the claim are ignored and
 * shown in the audit log.
 */
import { hashOfSecret } from '../../protocol/secrets.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import { takeAtSignIn } from '../administrators/invitations.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { sessionLengthMs } from '../organisation/settings.ts';
import { joinAtSignIn } from '../scim/join.ts';
import type { PeopleTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Identity } from './identity-claims.ts';
import { signInOutcome } from './sign-in-outcome.ts';

export interface SignedIn {
  readonly person: Id<'usr'>;
  readonly session: Id<'ses'>;
  /** The value for the browser's cookie; only its hash is kept. */
  readonly cookie: string;
  readonly lifeS: number;
}

/** What ID tokens are sealed for. */
export const idTokenPurpose = 'id token';

/** Ignored values that the audit entry names; the rest is a number. */
const shownGroups = 50;

/** The person is known and may not come in any more. Nothing was changed but the audit log. */
export class PersonDisabled extends Error {}

/** Somebody new, and the organisation has as many people as it may. Nothing was changed but the audit log. */
export class NoRoomForPerson extends Error {}

/** The ID token is shown to the provider again at sign-out; one that is longer is left out, and the client id serves. */
const longestIdToken = 8_192;

/**
 * Throws `PersonDisabled` where an administrator or the provider's directory has disabled this person, `NoRoomForPerson`
 * where they are new and there may be no more.
 */
export async function recordSignIn(
  context: ControllerContext,
  organisation: Organisation,
  {
    issuer,
    provider,
    identity,
    address,
    idToken,
  }: {
    readonly issuer: string;
    readonly provider: string;
    readonly identity: Identity;
    /** The browser's. */
    readonly address: string;
    readonly idToken?: string;
  },
): Promise<SignedIn> {
  const nowMs = context.now();
  const state = await organisation.reader.current();
  const lengthMs = sessionLengthMs(state.document);
  const secret = context.random(32);
  const session = newId('ses', context.random(16));
  const newPerson = newId('usr', context.random(16));
  const written = await organisation.store.transaction(async (tx) => {
    const outcome = await signInOutcome(tx, state, { issuer, provider, identity });
    const { known, refused, directory, groups, undeclared: ignored } = outcome;
    const id = known?.id ?? newPerson;
    if (refused !== undefined) {
      const more = {
        disabled: {},
        limit: { email: identity.email },
        'not-in-directory': { directory: directory?.state },
      }[refused];
      const who = refused === 'limit' ? 'nobody' : id;
      const detail = { provider, address, ...more };
      const entry = { atMs: nowMs, who, what: 'sign-in', reasons: [refused], detail };
      await appendAudit(tx, [{ ...entry, result: 'refused' }]);
      return refused === 'limit' ? 'no-room' : 'disabled';
    }
    if (directory?.joins !== undefined) await joinAtSignIn(tx, directory.joins, id);
    const row = { email: identity.email ?? null, name: identity.name, groups: JSON.stringify(groups) };
    // Sessions that ran out by themselves keep nothing of the provider's either.
    await tx
      .update('sessions')
      .set({ id_token: null })
      .where('until_ms', '<=', nowMs)
      .where('id_token', 'is not', null)
      .execute();
    await writePerson(tx, id, known, { ...row, issuer, subject: identity.subject, nowMs });
    await takeAtSignIn(tx, { id, email: row.email, issuer }, nowMs);
    await tx
      .insert('sessions', {
        id: session,
        kind: 'browser',
        subject: id,
        device: null,
        enrolment_key: null,
        cookie_hash: hashOfSecret(secret),
        address,
        started_ms: nowMs,
        until_ms: nowMs + lengthMs,
        auth_ms: identity.authMs === undefined ? null : Math.min(identity.authMs, nowMs),
        amr: JSON.stringify(identity.amr),
        acr: identity.acr ?? null,
        provider,
        provider_session: identity.providerSession ?? null,
        id_token:
          idToken === undefined || idToken.length > longestIdToken
            ? null
            : context.secretKey.seal(idTokenPurpose, Buffer.from(idToken)),
        ended_ms: null,
        ended_reason: null,
      })
      .execute();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: id,
        what: 'sign-in',
        result: 'done',
        detail: {
          session,
          provider,
          address,
          email: identity.email,
          groups,
          ignoredGroups: ignored.slice(0, shownGroups),
          ...(ignored.length > shownGroups ? { ignoredBeyond: ignored.length - shownGroups } : {}),
          new: known === undefined,
        },
      },
    ]);
    const same =
      known !== undefined &&
      known.email === row.email &&
      known.name === row.name &&
      known.groups === row.groups;
    return { person: id, changed: known !== undefined && !same };
  });
  if (written === 'disabled') throw new PersonDisabled();
  if (written === 'no-room') throw new NoRoomForPerson();
  const { person, changed } = written;
  if (changed) await context.publish(organisation.id, { kind: 'person', person });
  return { person, session, cookie: toBase64Url(secret), lifeS: Math.floor(lengthMs / 1_000) };
}

async function writePerson(
  tx: ScopedStore,
  id: Id<'usr'>,
  known: PeopleTable | undefined,
  {
    nowMs,
    ...row
  }: Pick<PeopleTable, 'issuer' | 'subject' | 'email' | 'name' | 'groups'> & { nowMs: number },
): Promise<void> {
  if (known === undefined) {
    await tx.insert('people', { id, ...row, created_ms: nowMs, signed_in_ms: nowMs }).execute();
    return;
  }
  const { email, name, groups } = row;
  await tx.update('people').set({ email, name, groups, signed_in_ms: nowMs }).where('id', '=', id).execute();
}
