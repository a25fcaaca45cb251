/**
 * Revocations in the store: each raises the organisation's epoch, is durable before anyone hears of it, and is remembered
 * until everything it names has expired (DESIGN section 4, WIRE A3).
 */
import type { Revocation } from '../../protocol/lease.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Nothing signed lives longer than a day; the minute is for clocks. */
export const longestLifeMs = 24 * 3_600_000;
const memoryMs = longestLifeMs + 60_000;

/** Stores a revocation under the next epoch; inside the caller's transaction. `ids` is not empty. */
export async function storeRevocation(
  tx: ScopedStore,
  ids: readonly string[],
  reason: string,
  nowMs: number,
): Promise<Revocation> {
  const epoch = await tx.nextEpoch();
  await tx.delete('revocations').where('until_ms', '<', nowMs).execute();
  await tx
    .insert('revocations', {
      epoch,
      ids: JSON.stringify(ids),
      reason,
      at_ms: nowMs,
      until_ms: nowMs + memoryMs,
    })
    .execute();
  return { epoch, ids, reason };
}

/** Revocations after `epoch`, oldest first. */
export async function revocationsAfter(store: ScopedStore, epoch: number): Promise<Revocation[]> {
  const rows = await store
    .select('revocations')
    .select(['epoch', 'ids', 'reason'])
    .where('epoch', '>', epoch)
    .orderBy('epoch')
    .execute();
  return rows.map((row) => ({ epoch: row.epoch, ids: JSON.parse(row.ids) as string[], reason: row.reason }));
}

/** Every id that is still remembered as revoked. */
export async function rememberedIds(store: ScopedStore, nowMs: number): Promise<string[]> {
  const rows = await store.select('revocations').select('ids').where('until_ms', '>=', nowMs).execute();
  return rows.flatMap(({ ids }) => JSON.parse(ids) as string[]);
}
