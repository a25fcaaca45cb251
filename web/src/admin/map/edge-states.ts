/** How somebody stands by what each line of the map leads to: the best of the resources at its end, or on the way to them. */
import type { EffectiveAccess } from '../../../../protocol/effective-access.ts';
import { edgeKey, type Graph } from './graph.ts';

/** `none`: no policy lets them in at all. */
export type SeenState = EffectiveAccess['state'] | 'none';

const best: readonly SeenState[] = ['now', 'idle', 'refused', 'none'];

/** @param stateOf of a resource, by its name */
export function edgeStates(
  { nodes, edges }: Graph,
  stateOf: (resource: string) => SeenState,
): ReadonlyMap<string, SeenState> {
  const better = (list: readonly SeenState[]): SeenState =>
    best.find((each) => list.includes(each)) ?? 'none';
  const states = new Map<string, SeenState>();
  for (const { id, column, name } of nodes) if (column === 'resources') states.set(id, stateOf(name));
  const into = Map.groupBy(edges, ({ to }) => to);
  const outOf = Map.groupBy(edges, ({ from }) => from);
  const of = (id: string): SeenState => states.get(id) ?? 'none';
  for (const { id, column } of nodes)
    if (column === 'policies') states.set(id, better((outOf.get(id) ?? []).map(({ to }) => of(to))));
  for (const { id, column } of nodes)
    if (column === 'connectors') states.set(id, better((into.get(id) ?? []).map(({ from }) => of(from))));
  const isBehind = new Set(nodes.filter(({ column }) => column === 'connectors').map(({ id }) => id));
  return new Map(
    edges.map((edge) => {
      const { from, to } = edge;
      // Behind a resource a line is as good as where it comes from; before it, as what it leads to.
      return [edgeKey(edge), of(from.startsWith('resources:') || isBehind.has(from) ? from : to)];
    }),
  );
}
