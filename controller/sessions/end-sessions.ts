/** Ends sessions in the store and tells everyone: the one way by which a session is over before its time. */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';

/**
 * Ends those of `sessions` that are still open and returns them. `reason` is a code such as `logout`, `removed`,
 * `replaced`; `who` did it. Resolves when verifiers are being told.
 */
export async function endSessions(
  context: ControllerContext,
  organisation: OrganisationId,
  sessions: readonly Id<'ses'>[],
  { reason, who }: { readonly reason: string; readonly who: string },
): Promise<Id<'ses'>[]> {
  if (sessions.length === 0) return [];
  const nowMs = context.now();
  const ended = await context.organisation(organisation).store.transaction(async (tx) => {
    const rows = await tx
      .update('sessions')
      .set({ ended_ms: nowMs, ended_reason: reason })
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
  });
  if (ended.length > 0)
    await context.publish(organisation, { kind: 'sessions-ended', sessions: ended, reason });
  return ended;
}
