/**
 * When people last used the resources that are locked while they are not used (`lockUnused`). A use is a flow that a
 * connector opened or closed; the first right to a resource counts as one, so that the time begins somewhere.
 */
import type { Id, ResourceId } from '../../protocol/ids.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Subject } from './seat.ts';

/** One use of a resource by a person. */
export interface Use {
  readonly person: Id<'usr'>;
  readonly resource: ResourceId;
  /** Epoch ms. */
  readonly atMs: number;
}

/** The last uses of these people, by the names of resources that lock what is not used. */
export async function lastUses(
  store: ScopedStore,
  { locked }: OrganisationState,
  people: readonly Id<'usr'>[],
): Promise<Map<string, Map<string, number>>> {
  const uses = new Map<string, Map<string, number>>();
  if (locked.size === 0) return uses;
  const rows = await inChunks(people, (some) =>
    store.select('resource_uses').selectAll().where('person', 'in', some).execute(),
  );
  for (const { person, resource, used_ms: usedMs } of rows) {
    const name = locked.get(resource);
    if (name === undefined) continue;
    const own = uses.get(person);
    if (own === undefined) uses.set(person, new Map([[name, usedMs]]));
    else own.set(name, usedMs);
  }
  return uses;
}

/** Remembers uses of resources that lock what is not used; of several, the newest counts. */
export async function noteUses(
  tx: ScopedStore,
  { locked }: OrganisationState,
  uses: readonly Use[],
): Promise<void> {
  const newest = new Map<string, Use>();
  for (const use of uses) {
    if (!locked.has(use.resource)) continue;
    const key = `${use.person} ${use.resource}`;
    if ((newest.get(key)?.atMs ?? Number.NEGATIVE_INFINITY) < use.atMs) newest.set(key, use);
  }
  if (newest.size === 0) return;
  await tx
    .insert(
      'resource_uses',
      [...newest.values()].map(({ person, resource, atMs }) => ({ person, resource, used_ms: atMs })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['organisation', 'person', 'resource'])
        .doUpdateSet((eb) => ({ used_ms: eb.ref('excluded.used_ms') }))
        .whereRef('excluded.used_ms', '>', 'resource_uses.used_ms'),
    )
    .execute();
}

/** For those of these resources, which the subject may use now, of which no use is known, the time begins to count. */
export async function noteFirstRights(
  tx: ScopedStore,
  state: OrganisationState,
  { kind, id, usedMs }: Subject,
  resources: readonly Resource[],
  nowMs: number,
): Promise<void> {
  if (kind !== 'person' || state.locked.size === 0) return;
  const fresh = resources.filter(({ definition }) => usedMs?.get(definition.name) === undefined);
  const person = id as Id<'usr'>;
  await noteUses(
    tx,
    state,
    fresh.map((resource) => ({ person, resource: resource.id, atMs: nowMs })),
  );
}
