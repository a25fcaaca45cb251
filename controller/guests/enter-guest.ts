/**
 * A guest has proven that mail to them arrives: they are written down as a person of no provider, with a session for this one
 * hostname that no cookie of the controller stands for, and get the code that the connector redeems as everybody's (WIRE A10).
 */
import type { Email } from '../../protocol/email-address.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { guestIssuer, subjectOf } from '../decisions/seat.ts';
import { hasRoom } from '../operator/limits.ts';
import { guestSessionLengthMs } from '../organisation/settings.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { writeWebCode } from '../web/web-codes.ts';
import { rightAtHost, visitorOf } from '../web/web-right.ts';

export interface GuestEntry {
  readonly email: Email;
  readonly host: Name;
  /** base64url SHA-256 of what the browser keeps for the connector. */
  readonly challenge: string;
  /** The browser's, as the controller sees it. */
  readonly address: string;
}

/**
 * The code for the connector; undefined where policies let this guest in no more, an administrator has disabled them, or
 * they are new and the organisation has as many people as it may.
 */
export async function enterGuest(
  context: ControllerContext,
  { store, reader }: Organisation,
  { email, host, challenge, address }: GuestEntry,
): Promise<string | undefined> {
  const nowMs = context.now();
  const session = newId('ses', context.random(16));
  const fresh = newId('usr', context.random(16));
  return store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const { person, why } = await writeGuest(tx, email, fresh, nowMs);
    const note = (result: 'done' | 'refused', detail: object = {}): Promise<void> =>
      appendAudit(tx, [
        {
          atMs: nowMs,
          who: person ?? 'nobody',
          what: 'guest.sign-in',
          result,
          ...(why === undefined ? {} : { reasons: [why] }),
          detail: { email, host, address, ...detail },
        },
      ]);
    if (person === undefined) {
      await note('refused');
      return undefined;
    }
    const row = {
      id: session,
      kind: 'browser',
      subject: person,
      device: null,
      enrolment_key: null,
      // None: the portal and the sign-in of devices are not for guests.
      cookie_hash: null,
      address,
      started_ms: nowMs,
      until_ms: nowMs + guestSessionLengthMs(state.document),
      auth_ms: nowMs,
      amr: '[]',
      acr: null,
      provider: guestIssuer,
      provider_session: null,
      id_token: null,
      ended_ms: null,
      ended_reason: null,
    } as const;
    const subject = await subjectOf(tx, state, person);
    const right =
      subject === undefined
        ? undefined
        : rightAtHost(
            state,
            visitorOf(subject, { ...row, organisation: store.organisation }, [address]),
            row,
            host,
            nowMs,
          );
    if (right === undefined) {
      await note('refused');
      return undefined;
    }
    await tx.insert('sessions', row).execute();
    await note('done', { session });
    return writeWebCode(
      tx,
      { host, network: right.resource.network.id, challenge, session, address },
      { random: context.random, nowMs },
    );
  });
}

/** Their id, or why they do not come in: they are disabled, or new where there may be no more. */
async function writeGuest(
  tx: ScopedStore,
  email: Email,
  fresh: Id<'usr'>,
  nowMs: number,
): Promise<{ person: Id<'usr'>; why?: undefined } | { person?: undefined; why: 'disabled' | 'limit' }> {
  const known = await tx
    .select('people')
    .select(['id', 'disabled_ms'])
    .where('issuer', '=', guestIssuer)
    .where('subject', '=', email)
    .executeTakeFirst();
  if (known === undefined) {
    if (!(await hasRoom(tx, 'people'))) return { why: 'limit' };
    const row = { issuer: guestIssuer, subject: email, email, name: email, groups: '[]' };
    await tx.insert('people', { id: fresh, ...row, created_ms: nowMs, signed_in_ms: nowMs }).execute();
    return { person: fresh };
  }
  if (known.disabled_ms !== null) return { why: 'disabled' };
  await tx.update('people').set({ signed_in_ms: nowMs }).where('id', '=', known.id).execute();
  return { person: known.id };
}
