/**
 * The control channels of a node, counted in the store over all controllers: the one with the highest number is its newest,
 * and ends the others wherever they are.
 */
import type { NodeId } from '../../protocol/ids.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** The number of a channel that begins now; one atomic statement. */
export async function nextChannel(store: ScopedStore, node: NodeId): Promise<number> {
  const row = await store
    .insert('channels', { node, number: 1 })
    .onConflict((conflict) =>
      conflict.column('node').doUpdateSet((eb) => ({ number: eb('channels.number', '+', 1) })),
    )
    .returning('number')
    .executeTakeFirstOrThrow();
  return row.number;
}

/** The newest channel of each of these nodes, and the boot id of a device that is current. */
export async function newestChannels(
  store: ScopedStore,
  nodes: readonly NodeId[],
): Promise<ReadonlyMap<NodeId, { readonly channel: number; readonly boot: string | undefined }>> {
  const rows = await inChunks(nodes, (some) =>
    store.select('channels').select(['node', 'number']).where('node', 'in', some).execute(),
  );
  const boots = await inChunks(nodes, (some) =>
    store
      .select('boots')
      .select(['node', 'boot'])
      .where('node', 'in', some)
      .where('fenced_ms', 'is', null)
      .execute(),
  );
  const current = new Map(boots.map(({ node, boot }) => [node, boot]));
  return new Map(rows.map(({ node, number }) => [node, { channel: number, boot: current.get(node) }]));
}
