/**
 * What is still to be told, in the store, so that a restart loses nothing: written with the change it tells of, bounded,
 * tried again with growing pauses, and given up in the open.
 */
import type { ControllerContext } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export interface Notification {
  /** `webhook NAME` or `mail ADDRESS`. */
  readonly target: string;
  readonly event: string;
  readonly body: object;
}

/** So many wait for one organisation; the oldest make room. */
export const mostWaiting = 1_000;

/** Adds them in the caller's transaction. The sender hears of it once that has committed. */
export async function queueNotifications(
  context: ControllerContext,
  tx: ScopedStore,
  list: readonly Notification[],
): Promise<void> {
  if (list.length === 0) return;
  const nowMs = context.now();
  await tx
    .insert(
      'notifications',
      list.map(({ target, event, body }) => ({
        id: context.random(16).toString('hex'),
        target,
        event,
        body: JSON.stringify(body),
        attempts: 0,
        created_ms: nowMs,
        next_ms: nowMs,
      })),
    )
    .execute();
  const waiting = await tx.select('notifications').select('id').orderBy('created_ms').orderBy('id').execute();
  const over = waiting.slice(0, Math.max(0, waiting.length - mostWaiting)).map(({ id }) => id);
  if (over.length === 0) return;
  await tx.delete('notifications').where('id', 'in', over).execute();
  context.log.warn({ dropped: over.length }, 'notifications were dropped: too many wait to be told');
}
