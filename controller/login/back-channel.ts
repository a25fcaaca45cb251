/**
 * A provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0): the sessions that came of
 * it end here, in browsers and on devices, with everything that is open under them.
 */
import type { Id } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { closeSessions, openSessionsOf } from '../sessions/end-sessions.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { LogoutRequest } from './logout-token.ts';
import type { Provider } from './providers.ts';

/** The code by which those sessions end. */
const reason = 'provider-logout';

/** Acts on a token once; false when it was acted upon before. Resolves when verifiers are being told. */
export async function signOutByProvider(
  context: ControllerContext,
  { id, store }: Organisation,
  provider: Provider,
  request: LogoutRequest,
): Promise<boolean> {
  const nowMs = context.now();
  const { name, issuer } = provider.definition;
  const ended = await store.transaction(async (tx) => {
    await tx.delete('logout_tokens').where('until_ms', '<', nowMs).execute();
    const { jti, untilMs } = request;
    const taken = await tx
      .insert('logout_tokens', { provider: name, jti, until_ms: untilMs })
      .onConflict((conflict) => conflict.columns(['organisation', 'provider', 'jti']).doNothing())
      .returning('jti')
      .executeTakeFirst();
    if (taken === undefined) return undefined;
    const sessions = await sessionsOf(tx, name, issuer, request);
    const who = `provider ${name}`;
    await appendAudit(tx, [
      { atMs: nowMs, who, what: 'provider.logout', result: 'done', detail: { sessions: sessions.length } },
    ]);
    return closeSessions(tx, sessions, { reason, who, nowMs });
  });
  if (ended === undefined) return false;
  if (ended.length > 0) await context.publish(id, { kind: 'sessions-ended', sessions: ended, reason });
  return true;
}

async function sessionsOf(
  tx: ScopedStore,
  provider: string,
  issuer: string,
  { subject, providerSession }: LogoutRequest,
): Promise<Id<'ses'>[]> {
  const person =
    subject === undefined
      ? undefined
      : await tx
          .select('people')
          .select('id')
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .executeTakeFirst();
  if (subject !== undefined && person === undefined) return [];
  if (providerSession === undefined) return person === undefined ? [] : openSessionsOf(tx, person.id);
  let query = tx
    .select('sessions')
    .select('id')
    .where('provider', '=', provider)
    .where('provider_session', '=', providerSession)
    .where('ended_ms', 'is', null);
  if (person !== undefined) query = query.where('subject', '=', person.id);
  return (await query.execute()).map(({ id }) => id);
}
