/**
 * Revocations in the store: each raises the organisation's epoch, is durable before anyone hears of it, and is remembered
 * until everything it names has expired (DESIGN section 4, WIRE A3).
 */
import type { Revocation } from '../../protocol/lease.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Nothing signed lives longer than a day; the minute is for clocks. */
export const longestLifeMs = 24 * 3_600_000;
const memoryMs = longestLifeMs + 60_000;

/** Each message names at most so many ids, about 300 kB. */
const idsPerRevocation = 5_000;

/** Stores revocations of these ids, each under the next epoch; inside the caller's transaction. */
export async function storeRevocations(
  tx: ScopedStore,
  ids: readonly string[],
  reason: string,
  nowMs: number,
): Promise<Revocation[]> {
  await tx.delete('revocations').where('until_ms', '<', nowMs).execute();
  const stored: Revocation[] = [];
  for (let at = 0; at < ids.length; at += idsPerRevocation) {
    const part = ids.slice(at, at + idsPerRevocation);
    const epoch = await tx.nextEpoch();
    await tx
      .insert('revocations', {
        epoch,
        ids: JSON.stringify(part),
        reason,
        at_ms: nowMs,
        until_ms: nowMs + memoryMs,
      })
      .execute();
    stored.push({ epoch, ids: part, reason });
  }
  return stored;
}

/** Revocations after `epoch`, oldest first. */
export async function revocationsAfter(store: ScopedStore, epoch: number): Promise<Revocation[]> {
  const rows = await store
    .select('revocations')
    .select(['epoch', 'ids', 'reason'])
    .where('epoch', '>', epoch)
    .orderBy('epoch')
    .execute();
  return rows.map(revocationOf);
}

/** Every revocation that is still remembered, oldest first. */
export async function remembered(store: ScopedStore, nowMs: number): Promise<Revocation[]> {
  const rows = await store
    .select('revocations')
    .select(['epoch', 'ids', 'reason'])
    .where('until_ms', '>=', nowMs)
    .orderBy('epoch')
    .execute();
  return rows.map(revocationOf);
}

function revocationOf({ epoch, ids, reason }: { epoch: number; ids: string; reason: string }): Revocation {
  return { epoch, ids: JSON.parse(ids) as string[], reason };
}
