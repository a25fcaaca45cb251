/**
 * Tokens bound to keys that a device has rotated away: honoured for an hour, so that what is open may end by itself, then
 * revoked by their ids, in this process or the one that is started after it.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { storeRevocations } from './revocations.ts';

/** How long tokens of the old keys are honoured. */
export const supersededMs = 3_600_000;

/** Revokes what is due, and comes back when the next will be. */
export async function sweepSuperseded(
  context: ControllerContext,
  organisation: OrganisationId,
): Promise<void> {
  const { store } = context.organisation(organisation);
  const nowMs = context.now();
  const { revocations, nextMs } = await store.transaction(async (tx) => {
    const due = await tx
      .delete('issued_tokens')
      .where('superseded_ms', '<=', nowMs - supersededMs)
      .where('superseded_ms', 'is not', null)
      .returning('id')
      .execute();
    const next = await tx
      .select('issued_tokens')
      .select((eb) => eb.fn.min('superseded_ms').as('first'))
      .where('superseded_ms', 'is not', null)
      .executeTakeFirst();
    const ids = due.map(({ id }) => id);
    return {
      revocations: await storeRevocations(tx, ids, 'rotated', nowMs),
      nextMs: next?.first === null || next?.first === undefined ? undefined : next.first + supersededMs,
    };
  });
  for (const revocation of revocations) context.bus.publish(organisation, { kind: 'revoked', revocation });
  context.atNextSweep(organisation, 'superseded', nextMs, () => {
    sweepSuperseded(context, organisation).catch((error: unknown) =>
      context.log.error({ err: error }, 'tokens of old keys were not revoked; the next start does'),
    );
  });
}
