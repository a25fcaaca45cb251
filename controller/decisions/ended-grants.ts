/**
 * Grants that were revoked whole are deleted a little later: until then their revocation says that they carry nothing, and
 * nobody waits for the disk. What a controller leaves when it stops goes once it has expired.
 */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';

/** By then the devices that lost them have been told. */
const laterMs = 10_000;
/** So many are deleted in one transaction; other work comes in between. */
const together = 100;

/** Deletes grants that were revoked, in a while. */
export function sweepEndedLater(context: ControllerContext, organisation: OrganisationId): void {
  context.atNextSweep(organisation, 'ended', context.now() + laterMs, () => {
    sweep(context, organisation).catch((error: unknown) =>
      context.log.error({ err: error }, 'revoked grants were not deleted; they go when they have expired'),
    );
  });
}

async function sweep(context: ControllerContext, organisation: OrganisationId): Promise<void> {
  const { store, narrowed } = context.organisation(organisation);
  await store.transaction((tx) => narrowed.read(tx, context.now()));
  const { ended } = narrowed;
  for (let left = ended.size; left > 0 && !context.isDraining; left -= together) {
    const ids = [...ended].slice(0, together) as Id<'tok'>[];
    await store.transaction((tx) => tx.delete('issued_tokens').where('id', 'in', ids).execute());
    for (const id of ids) ended.delete(id);
  }
}
