/** The organisation as four columns and what joins them: who, policies, resources, networks. Reads the document, decides nothing. */
import type { ShownDocument } from '../document/shown-document.ts';
import { effectOf, whoOf, type Effect } from '../policies/about.ts';

export type Column = 'who' | 'policies' | 'resources' | 'networks';
export const columns: readonly Column[] = ['who', 'policies', 'resources', 'networks'];

export interface MapNode {
  /** Unique in the map: its column and name. */
  readonly id: string;
  readonly column: Column;
  readonly name: string;
  readonly about?: string;
  readonly effect?: Effect;
}

export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly effect: Effect;
}

export interface Graph {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export function graphOf({ policies = [], resources = [], networks = [] }: ShownDocument): Graph {
  const nodes = new Map<string, MapNode>();
  const edges: MapEdge[] = [];
  const add = (column: Column, name: string, more: Partial<MapNode> = {}): string => {
    const id = `${column}:${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, column, name, ...more });
    return id;
  };
  for (const policy of policies) {
    const effect = effectOf(policy);
    const id = add('policies', policy.name, { effect });
    const who = whoOf(policy);
    const subjects =
      who === 'everyone'
        ? [add('who', 'everyone')]
        : [
            ...(who.groups ?? []).map((name) => add('who', name, { about: 'group' })),
            ...(who.people ?? []).map((name) => add('who', name, { about: 'person' })),
            ...(who.serviceAccounts ?? []).map((name) => add('who', name, { about: 'service account' })),
            ...(who.guests ?? []).map((name) => add('who', name, { about: 'guests' })),
          ];
    for (const from of subjects) edges.push({ from, to: id, effect });
    for (const resource of resources) {
      const { to = {} } = policy;
      const meant =
        to === 'everything' ||
        to.resources?.includes(resource.name) === true ||
        to.tags?.some((tag) => resource.tags?.includes(tag)) === true;
      if (meant) edges.push({ from: id, to: `resources:${resource.name}`, effect });
    }
  }
  for (const { name, address, network } of resources) {
    const id = add('resources', name, { about: address });
    edges.push({ from: id, to: add('networks', network), effect: 'allow' });
  }
  for (const { name } of networks) add('networks', name);
  return { nodes: [...nodes.values()], edges };
}

/** What is joined with one node, in both directions and never back: who is let in by it, and where it leads. */
export function around({ nodes, edges }: Graph, id: string): Graph {
  const kept = new Set([id]);
  const follow = (start: string, next: (edge: MapEdge, at: string) => string | undefined): void => {
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const edge of edges) {
        const other = next(edge, at);
        if (other === undefined || kept.has(other)) continue;
        kept.add(other);
        open.push(other);
      }
    }
  };
  follow(id, (edge, at) => (edge.from === at ? edge.to : undefined));
  follow(id, (edge, at) => (edge.to === at ? edge.from : undefined));
  return {
    nodes: nodes.filter((node) => kept.has(node.id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}
