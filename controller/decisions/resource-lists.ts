/**
 * The lists of resources in issued grants. Thousands of devices are granted the same ones, so a list is stored once under its
 * hash and grants name that; it stays for as long as a grant may that does.
 */
import { createHash } from 'node:crypto';
import type { ResourceId } from '../../protocol/ids.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** `#` and the SHA-256 of the list as JSON, base64url: no id begins so. */
export type ListName = `#${string}`;

/** Lists by their names, as far as somebody needs them: of all grants that were read together, or of one. */
export type NamedLists = ReadonlyMap<ListName, readonly ResourceId[]>;

/** So many lists are remembered; what a name stands for never changes. */
const maxRemembered = 1_024;
const remembered = new Map<ListName, readonly ResourceId[]>();

export function nameOf(ids: readonly ResourceId[]): ListName {
  return `#${createHash('sha256').update(JSON.stringify(ids)).digest('base64url')}`;
}

/** The lists of these names. Throws a plain Error where one is missing: a grant is never stored without its own. */
export async function readLists(tx: ScopedStore, names: ReadonlySet<ListName>): Promise<NamedLists> {
  const lists = new Map<ListName, readonly ResourceId[]>();
  const missing: ListName[] = [];
  for (const name of names) {
    const ids = remembered.get(name);
    if (ids === undefined) missing.push(name);
    else lists.set(name, ids);
  }
  const rows = await inChunks(missing, (some) =>
    tx.select('resource_lists').select(['hash', 'ids']).where('hash', 'in', some).execute(),
  );
  for (const { hash, ids } of rows) {
    const list = JSON.parse(ids) as ResourceId[];
    lists.set(hash, list);
    remember(hash, list);
  }
  if (lists.size < names.size) throw new Error('a grant names a list of resources that is not stored');
  return lists;
}

/** Clocks of controllers may differ, and may be set. */
const afterwardsMs = 3_600_000;

/** Stores lists, each for grants that expire at this instant (epoch ms), and forgets those that no grant needs any more. */
export async function storeLists(
  tx: ScopedStore,
  lists: ReadonlyMap<ListName, { readonly ids: readonly ResourceId[]; readonly expiresMs: number }>,
  nowMs: number,
): Promise<void> {
  await tx.delete('resource_lists').where('until_ms', '<=', nowMs).execute();
  for (const [hash, { ids, expiresMs }] of lists) {
    const untilMs = expiresMs + afterwardsMs;
    await tx
      .insert('resource_lists', { hash, ids: JSON.stringify(ids), until_ms: untilMs })
      .onConflict((conflict) =>
        conflict
          .columns(['organisation', 'hash'])
          .doUpdateSet({ until_ms: untilMs })
          .where('resource_lists.until_ms', '<', untilMs),
      )
      .execute();
  }
}

function remember(name: ListName, ids: readonly ResourceId[]): void {
  remembered.set(name, ids);
  const [oldest] = remembered.keys();
  if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
}
