/** The one way by which something that is exposed is over: in the store first, then for everyone who was told of it. */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Exposure } from './exposure.ts';

/** What its process prints, by the code of why it is over. */
export const overTexts = {
  ended: 'It was ended: postern expose end.',
  'ended-by-administrator': 'An administrator ended what you exposed.',
  expired: 'Its time is over. Expose it again for longer with --ttl.',
  'signed-out': 'You have signed out, or your session is over: postern login, then expose it again.',
  'not-allowed': 'You may not expose anything any more.',
  hostname: 'Its hostname is no longer yours to have: the settings of your organisation have changed.',
  gone: 'Its process was gone.',
  replaced: 'The same was exposed again.',
} as const satisfies Record<string, string>;

/** A code for logs. */
export type OverCause = keyof typeof overTexts;

/** Its process has cut what was open by the revocation, and has so long to hand in the records of that. */
export const lastWordMs = 500;

/** What has ended is kept for so long. */
const keptMs = 90 * 24 * 3_600_000;

export interface Over {
  readonly cause: OverCause;
  /** Who did it. */
  readonly who: string;
}

/** Ends those that are not over. Resolves when what was lost is revoked and on its way to every verifier. */
export async function endExposures(
  context: ControllerContext,
  organisation: OrganisationId,
  exposures: readonly Exposure[],
  { cause, who }: Over,
): Promise<Exposure[]> {
  if (exposures.length === 0) return [];
  const nowMs = context.now();
  const ended = await context.organisation(organisation).store.transaction(async (tx) => {
    const rows = await tx
      .update('exposures')
      .set({ ended_ms: nowMs })
      .where(
        'id',
        'in',
        exposures.map(({ id }) => id),
      )
      .where('ended_ms', 'is', null)
      .returning('id')
      .execute();
    const over = exposures.filter(({ id }) => rows.some((row) => row.id === id));
    if (over.length > 0) await tx.nextRequestsSerial();
    await tx
      .delete('exposures')
      .where('ended_ms', '<', nowMs - keptMs)
      .execute();
    for (const { network } of over) {
      await tx.delete('nodes').where('kind', '=', 'connector').where('network', '=', network).execute();
      await tx.delete('networks').where('id', '=', network).execute();
      await tx.delete('enrolment_keys').where('target', '=', network).execute();
    }
    await appendAudit(
      tx,
      over.map(({ id, person, device, hostname, port }) => ({
        atMs: nowMs,
        who,
        what: 'exposure.end',
        resource: hostname,
        result: 'done' as const,
        cause,
        detail: { exposure: id, person, device, port },
      })),
    );
    return over;
  });
  for (const exposure of ended)
    await context.publish(organisation, { kind: 'exposure', exposure, over: cause });
  return ended;
}

/** Forgets what was signed for it; the ids of its web sessions and tickets, which are to be revoked. */
export async function forgetExposure(
  tx: ScopedStore,
  { network, connector }: Exposure,
): Promise<Id<'tok'>[]> {
  const sessions = await tx.delete('web_sessions').where('network', '=', network).returning('id').execute();
  await tx.delete('web_codes').where('network', '=', network).execute();
  const tickets =
    connector === undefined
      ? []
      : await tx.delete('issued_tokens').where('node', '=', connector).returning('id').execute();
  return [...sessions, ...tickets].map(({ id }) => id);
}
