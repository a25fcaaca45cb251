/** A device is blocked or forgotten: its sessions end, and with them whatever is open on it. */
import type { DeviceId, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { endSessions } from '../sessions/end-sessions.ts';

/** Ends every session of a device. */
export async function endDeviceSessions(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
  reason: string,
  who: string,
): Promise<void> {
  const open = await context
    .organisation(organisation)
    .store.select('sessions')
    .select('id')
    .where('device', '=', device)
    .where('ended_ms', 'is', null)
    .execute();
  const ids = open.map(({ id }) => id);
  await endSessions(context, organisation, ids, { reason, who });
}

/** Ends its sessions and forgets it: whoever signs in on it then has a new device. The caller knows that it exists. */
export async function forgetDevice(
  context: ControllerContext,
  organisation: OrganisationId,
  { device, name, who }: { device: DeviceId; name: string; who: string },
): Promise<void> {
  await endDeviceSessions(context, organisation, device, 'removed', who);
  await context.organisation(organisation).store.transaction(async (tx) => {
    await tx.delete('nodes').where('id', '=', device).execute();
    const detail = { device, name };
    await appendAudit(tx, [{ atMs: context.now(), who, what: 'device.remove', result: 'done', detail }]);
  });
  await context.publish(organisation, { kind: 'node-removed', node: device });
}
