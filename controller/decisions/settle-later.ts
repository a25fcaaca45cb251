/**
 * What a fault of the store left between a change and what follows from it. The change is committed, and whoever asks for it
 * again is told that it is so already, so nobody would do the rest: instead everything of the organisation is decided anew, as
 * at the start, until that succeeds.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { endEverything } from '../operator/suspension.ts';
import { decideAll } from './act-on-change.ts';

const firstMs = 250;
const mostMs = 10_000;

/** Does it soon, and again with growing pauses while it fails. */
export function settleLater(context: ControllerContext, id: OrganisationId, waitMs: number = firstMs): void {
  if (context.isDraining) return;
  context.atNextSweep(id, 'unsettled', context.now() + waitMs, () => {
    settle(context, id).catch((error: unknown) => {
      if (context.isDraining) return;
      context.log.error(
        { err: error, organisation: id },
        'what was taken away is not revoked yet; trying again',
      );
      settleLater(context, id, Math.min(2 * waitMs, mostMs));
    });
  });
}

async function settle(context: ControllerContext, id: OrganisationId): Promise<void> {
  const known = context.organisations.get(id);
  // Deleted since: nothing of it is left.
  if (known === undefined) return;
  if (known.isSuspended) return endEverything(context, id);
  await decideAll(context, id);
  // What else its nodes should have been told of.
  context.bus.publish(id, { kind: 'servers' });
}
