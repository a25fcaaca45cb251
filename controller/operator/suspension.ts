/**
 * What a suspension does: everything that was issued is revoked at once, and while it lasts the organisation has no resource
 * that anybody could be given. Sessions, devices and keys stay, so that it can be taken back.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { decideAll } from '../decisions/act-on-change.ts';
import { storeRevocations } from '../decisions/revocations.ts';
import type { Store } from '../store/store.ts';

/** Writes it down, beside the records or in a controller; false when it was so already. */
export async function setSuspended(
  store: Store,
  id: OrganisationId,
  isSuspended: boolean,
  { nowMs, who }: { readonly nowMs: number; readonly who: string },
): Promise<boolean> {
  const scoped = store.forOrganisation(id);
  if ((await scoped.standing()).isSuspended === isSuspended) return false;
  const what = isSuspended ? 'organisation.suspend' : 'organisation.resume';
  await appendAudit(scoped, [{ atMs: nowMs, who, what, result: 'done' }]);
  await store.changeOrganisation(id, { suspended_ms: isSuspended ? nowMs : null });
  return true;
}

/** It is suspended now: ends whatever of it is open. May be done again, and by several controllers. */
export async function endEverything(context: ControllerContext, id: OrganisationId): Promise<void> {
  const { store } = context.organisation(id);
  const revocations = await store.transaction(async (tx) => {
    const issued = await tx.delete('issued_tokens').returning('id').execute();
    const web = await tx.delete('web_sessions').returning('id').execute();
    await tx.delete('web_codes').execute();
    const ids = [...issued, ...web].map((row) => row.id);
    return storeRevocations(tx, ids, 'suspended', context.now());
  });
  for (const revocation of revocations) context.bus.publish(id, { kind: 'revoked', revocation });
  await lookAnew(context, id);
}

/** It is suspended no more, or has other limits: everybody gets what they may have. */
export async function lookAnew(context: ControllerContext, id: OrganisationId): Promise<void> {
  context.bus.publish(id, { kind: 'servers' });
  await decideAll(context, id);
}
