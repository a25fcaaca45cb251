/** Ends sessions in the store and tells everyone: the one way by which a session is over before its time. */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export interface Ending {
  /** A code such as `logout`, `removed`, `replaced`, `disabled`. */
  readonly reason: string;
  /** Who did it. */
  readonly who: string;
}

/**
 * Ends those of `sessions` that are still open and returns them. Resolves when verifiers are being told.
 * @param before done in one step with it: nobody sees the one without the other
 */
export async function endSessions(
  context: ControllerContext,
  organisation: OrganisationId,
  sessions: readonly Id<'ses'>[],
  { reason, who }: Ending,
  before: (tx: ScopedStore) => Promise<void> = async () => undefined,
): Promise<Id<'ses'>[]> {
  if (sessions.length === 0) return [];
  const nowMs = context.now();
  const ended = await context.organisation(organisation).store.transaction(async (tx) => {
    await before(tx);
    return closeSessions(tx, sessions, { reason, who, nowMs });
  });
  if (ended.length > 0)
    await context.publish(organisation, { kind: 'sessions-ended', sessions: ended, reason });
  return ended;
}

/** Every session of a person or service account that is not over, in browsers and on devices. */
export async function openSessionsOf(store: ScopedStore, subject: string): Promise<Id<'ses'>[]> {
  const rows = await store
    .select('sessions')
    .select('id')
    .where('subject', '=', subject)
    .where('ended_ms', 'is', null)
    .execute();
  return rows.map(({ id }) => id);
}

/** Ends those that are still open inside the caller's transaction, who publishes `sessions-ended` of what it returns. */
export async function closeSessions(
  tx: ScopedStore,
  sessions: readonly Id<'ses'>[],
  { reason, who, nowMs }: Ending & { readonly nowMs: number },
): Promise<Id<'ses'>[]> {
  if (sessions.length === 0) return [];
  const rows = await tx
    .update('sessions')
    .set({ ended_ms: nowMs, ended_reason: reason, id_token: null })
    .where('id', 'in', sessions)
    .where('ended_ms', 'is', null)
    .returning(['id', 'subject', 'device'])
    .execute();
  await appendAudit(
    tx,
    rows.map(({ id, subject, device }) => ({
      atMs: nowMs,
      who,
      what: 'session.end',
      result: 'done' as const,
      cause: reason,
      detail: { session: id, subject, device },
    })),
  );
  return rows.map(({ id }) => id);
}
