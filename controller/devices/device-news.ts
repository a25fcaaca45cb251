/**
 * What the owner of devices should hear of on their others: one that was let in and that they have not said they know,
 * and one that is suspended because two copies of its key were seen.
 */
import type { DeviceNews } from '../../protocol/control.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

const most = 10;

/** News for this device of its owner, the newest first; none for a service account, whose key lets its devices in. */
export async function deviceNews(store: ScopedStore, owner: string, device: DeviceId): Promise<DeviceNews[]> {
  if (!owner.startsWith('usr_')) return [];
  const rows = await store
    .select('nodes')
    .select(['id', 'name', 'address', 'state', 'created_ms', 'signed_in_ms'])
    .where('kind', '=', 'device')
    .where('owner', '=', owner)
    .where('id', '!=', device)
    .where((eb) =>
      eb.or([
        eb('state', '=', 'suspended'),
        eb.and([eb('acknowledged_ms', 'is', null), eb('state', '=', 'active')]),
      ]),
    )
    .orderBy('signed_in_ms', 'desc')
    .limit(most)
    .execute();
  return rows.map((row) => ({
    device: row.id,
    name: row.name,
    what: row.state === 'suspended' ? 'suspended' : 'new',
    at: Math.floor((row.signed_in_ms ?? row.created_ms) / 1_000),
    ...(row.address === null ? {} : { address: row.address }),
  }));
}
