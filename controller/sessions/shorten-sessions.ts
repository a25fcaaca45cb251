/** What a document that shortens sessions or the life of devices does to sessions that are open. */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { deviceLifeMs, sessionLengthMs } from '../organisation/settings.ts';
import { endSessions } from './end-sessions.ts';

/** Ends what has lasted too long by the document in force, and brings the end of the others forward. Never puts it off. */
export async function shortenSessions(
  context: ControllerContext,
  organisation: OrganisationId,
): Promise<void> {
  const { store, reader } = context.organisation(organisation);
  const { document } = await reader.current();
  const nowMs = context.now();
  const over = await store.transaction(async (tx) => {
    const found: Id<'ses'>[] = [];
    const open = await tx
      .select('sessions')
      .select(['id', 'kind', 'started_ms', 'until_ms'])
      .where('subject', 'like', 'usr_%')
      .where('ended_ms', 'is', null)
      .where('until_ms', '>', nowMs)
      .execute();
    for (const { id, kind, started_ms: startedMs, until_ms: untilMs } of open) {
      const lifeMs = kind === 'device' ? deviceLifeMs(document) : undefined;
      const lastMs = startedMs + Math.min(sessionLengthMs(document), lifeMs ?? Infinity);
      if (lastMs <= nowMs) found.push(id);
      else if (lastMs < untilMs)
        await tx.update('sessions').set({ until_ms: lastMs }).where('id', '=', id).execute();
    }
    return found;
  });
  await endSessions(context, organisation, over, { reason: 'expired', who: 'controller' });
}
