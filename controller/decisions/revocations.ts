/**
 * Revocations in the store: each raises the organisation's epoch, is durable before anyone hears of it, and is remembered
 * until everything it names has expired (WIRE A3).
 */
import type { Revocation } from '../../protocol/lease.ts';
import type { Narrowing } from '../../protocol/narrowed-grants.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Nothing signed lives longer than a day; the minute is for clocks. */
export const longestLifeMs = 24 * 3_600_000;
const memoryMs = longestLifeMs + 60_000;

/** Each message names at most so many ids, about 300 kB. */
const idsPerRevocation = 5_000;

/** What is revoked: whole ids, and grants that go on without some of their resources. */
export interface Taken {
  readonly ids: readonly string[];
  readonly narrowed: readonly Narrowing[];
}

/** Stores revocations of these ids, each under the next epoch; inside the caller's transaction. */
export function storeRevocations(
  tx: ScopedStore,
  ids: readonly string[],
  reason: string,
  nowMs: number,
): Promise<Revocation[]> {
  return storeTaken(tx, { ids, narrowed: [] }, reason, nowMs);
}

/** The same of ids and narrowings. */
export async function storeTaken(
  tx: ScopedStore,
  taken: Taken,
  reason: string,
  nowMs: number,
): Promise<Revocation[]> {
  await tx.delete('revocations').where('until_ms', '<', nowMs).execute();
  const stored: Revocation[] = [];
  for (const { ids, narrowed } of parts(taken)) {
    const epoch = await tx.nextEpoch();
    await tx
      .insert('revocations', {
        epoch,
        ids: JSON.stringify([...ids, ...narrowed]),
        reason,
        at_ms: nowMs,
        until_ms: nowMs + memoryMs,
      })
      .execute();
    stored.push({ epoch, ids, narrowed, reason });
  }
  return stored;
}

/** Parts that each name a bounded number of ids. A narrowing is of one grant's resources at most, and is never split there. */
function* parts({ ids, narrowed }: Taken): Generator<Taken> {
  for (let at = 0; at < ids.length; at += idsPerRevocation)
    yield { ids: ids.slice(at, at + idsPerRevocation), narrowed: [] };
  let part: Narrowing[] = [];
  let left = idsPerRevocation;
  for (const { grants, resources, left: still } of narrowed) {
    for (let at = 0; at < grants.length;) {
      const room = Math.max(left - resources.length, 0);
      if (room === 0 && part.length > 0) {
        yield { ids: [], narrowed: part };
        part = [];
        left = idsPerRevocation;
        continue;
      }
      const some = grants.slice(at, at + Math.max(room, 1));
      part.push({ grants: some, resources, ...(still === undefined ? {} : { left: still }) });
      left -= some.length + resources.length;
      at += some.length;
    }
  }
  if (part.length > 0) yield { ids: [], narrowed: part };
}

/** How many ids it names, as messages count them. */
export function sizeOf({ ids, narrowed = [] }: Revocation): number {
  return narrowed.reduce((sum, { grants, resources }) => sum + grants.length + resources.length, ids.length);
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
  const stored = JSON.parse(ids) as (string | Narrowing)[];
  const narrowed = stored.filter((each) => typeof each !== 'string');
  return { epoch, ids: stored.filter((each) => typeof each === 'string'), narrowed, reason };
}
