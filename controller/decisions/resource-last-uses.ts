/**
 * When each resource was last connected to, by whomever: written with the counts of policies every few seconds, so that it costs
 * nothing for each flow. By name, since that outlives a change of the document.
 */
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { OpenedFlows } from './opened-counts.ts';

/** Remembers these uses; an older one than what is known changes nothing. */
export async function noteLastUses(
  tx: ScopedStore,
  { resources }: OrganisationState,
  flows: readonly OpenedFlows[],
): Promise<void> {
  const names = new Map(resources.map(({ id, definition }) => [id as string, definition.name]));
  const newest = new Map<string, number>();
  for (const { resource, atMs } of flows) {
    const name = names.get(resource);
    if (name !== undefined) newest.set(name, Math.max(atMs, newest.get(name) ?? 0));
  }
  if (newest.size === 0) return;
  await inChunks([...newest], async (some) => {
    await tx
      .insert(
        'resource_last_uses',
        some.map(([resource, usedMs]) => ({ resource, used_ms: usedMs })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['organisation', 'resource'])
          .doUpdateSet((eb) => ({ used_ms: eb.ref('excluded.used_ms') }))
          .whereRef('excluded.used_ms', '>', 'resource_last_uses.used_ms'),
      )
      .execute();
    return [];
  });
}

/** By name, epoch milliseconds; of those that were ever used. */
export async function resourceLastUses(store: ScopedStore): Promise<ReadonlyMap<string, number>> {
  const rows = await store.select('resource_last_uses').select(['resource', 'used_ms']).execute();
  return new Map(rows.map(({ resource, used_ms: usedMs }) => [resource, usedMs]));
}
