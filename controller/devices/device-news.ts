/**
 * What the owner of devices should hear of on their others: one that was let in and that they have not said they know,
 * and one that is suspended because two copies of its key were seen.
 */
import type { DeviceNews } from '../../protocol/snapshot.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

const most = 10;

/** A device and whose it is. */
interface Owned {
  readonly device: DeviceId;
  readonly owner: string;
}

/**
 * News for these devices of their owners' others, the newest first; none for a service account, whose key lets its
 * devices in. Devices without news are absent.
 */
export async function deviceNews(
  store: ScopedStore,
  devices: readonly Owned[],
): Promise<ReadonlyMap<DeviceId, readonly DeviceNews[]>> {
  const people = [...new Set(devices.map(({ owner }) => owner))].filter((owner) => owner.startsWith('usr_'));
  const rows = await inChunks(people, (owners) =>
    store
      .select('nodes')
      .select(['id', 'owner', 'name', 'address', 'state', 'created_ms', 'signed_in_ms'])
      .where('kind', '=', 'device')
      .where('owner', 'in', owners)
      .where((eb) =>
        eb.or([
          eb('state', '=', 'suspended'),
          eb.and([eb('acknowledged_ms', 'is', null), eb('state', '=', 'active')]),
        ]),
      )
      .orderBy('signed_in_ms', 'desc')
      .execute(),
  );
  const byOwner = Map.groupBy(rows, ({ owner }) => owner);
  const news = new Map<DeviceId, readonly DeviceNews[]>();
  for (const { device, owner } of devices) {
    const others = (byOwner.get(owner) ?? []).filter(({ id }) => id !== device);
    if (others.length > 0) news.set(device, others.slice(0, most).map(newsOf));
  }
  return news;
}

function newsOf(row: {
  id: string;
  name: string;
  address: string | null;
  state: string;
  created_ms: number;
  signed_in_ms: number | null;
}): DeviceNews {
  return {
    device: row.id,
    name: row.name,
    what: row.state === 'suspended' ? 'suspended' : 'new',
    at: Math.floor((row.signed_in_ms ?? row.created_ms) / 1_000),
    ...(row.address === null ? {} : { address: row.address }),
  };
}
