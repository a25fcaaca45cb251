/** Gives a device a name of somebody's choice, which outlives what the device calls itself at the next sign-in. */
import { Type } from 'typebox';
import type { DeviceId, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';

/** Something to read: no control characters, no spaces around it. */
export const DeviceName = Type.String({ pattern: '^[^\\p{C}\\s]([^\\p{C}]{0,62}[^\\p{C}\\s])?$' });

/** False when there is no such device. `owner` limits it to devices of one person. */
export async function nameDevice(
  context: ControllerContext,
  organisation: OrganisationId,
  { device, name, owner, who }: { device: DeviceId; name: string; owner?: string; who: string },
): Promise<boolean> {
  const { store } = context.organisation(organisation);
  const known = await store.transaction(async (tx) => {
    let query = tx.select('nodes').select('name').where('id', '=', device).where('kind', '=', 'device');
    if (owner !== undefined) query = query.where('owner', '=', owner);
    const before = await query.executeTakeFirst();
    if (before === undefined) return false;
    await tx.update('nodes').set({ name, named_by: who }).where('id', '=', device).execute();
    const detail = { device, before, after: { name } };
    await appendAudit(tx, [{ atMs: context.now(), who, what: 'device.rename', result: 'done', detail }]);
    return true;
  });
  if (known) await context.publish(organisation, { kind: 'device', device });
  return known;
}
