/**
 * The organisation as five columns and what joins them: who, policies, resources, connectors, networks. Reads the document and
 * who is connected, and decides nothing.
 */
import type { ServerEntry } from '../../../../protocol/inventory.ts';
import type { ShownDocument } from '../document/shown-document.ts';
import { effectOf, speaksOf, whoOf, type Effect } from '../policies/about.ts';

export type Column = 'who' | 'policies' | 'resources' | 'connectors' | 'networks';
export const columns: readonly Column[] = ['who', 'policies', 'resources', 'connectors', 'networks'];

/** What somebody in the first column is; a group and a service account of one name are two. */
export type Subject = 'everyone' | 'group' | 'person' | 'service account' | 'guests';

export interface MapNode {
  /** Unique in the map. */
  readonly id: string;
  readonly column: Column;
  readonly name: string;
  readonly about?: string;
  readonly effect?: Effect;
  /** Of a connector, and of a network: nothing gets through. */
  readonly isDown?: boolean;
  /** Stands where a connector is missing. */
  readonly isPlaceholder?: true;
}

export interface MapEdge {
  readonly from: string;
  readonly to: string;
  /** Of the policy at one of its ends; behind a resource nothing is ruled any more. */
  readonly effect?: Effect;
  readonly policy?: string;
}

export interface Graph {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export function subjectId(kind: Subject, name: string): string {
  return `who:${kind}:${name}`;
}

/** Names an edge in the page's address. */
export function edgeKey({ from, to }: MapEdge): string {
  return `${from}|${to}`;
}

/** @param connectors undefined while it is not known which there are */
export function graphOf(
  { policies = [], resources = [], networks = [] }: ShownDocument,
  connectors: readonly ServerEntry[] | undefined,
): Graph {
  const nodes = new Map<string, MapNode>();
  const edges: MapEdge[] = [];
  const add = (node: MapNode): string => {
    if (!nodes.has(node.id)) nodes.set(node.id, node);
    return node.id;
  };
  const resourceId = (name: string): string => `resources:${name}`;
  for (const each of policies) {
    const effect = effectOf(each);
    const policy = each.name;
    const id = add({ id: `policies:${policy}`, column: 'policies', name: policy, effect });
    for (const { kind, name } of subjectsOf(whoOf(each))) {
      const about = kind === 'everyone' ? {} : { about: kind };
      const from = add({ id: subjectId(kind, name), column: 'who', name, ...about });
      edges.push({ from, to: id, effect, policy });
    }
    for (const { name, tags = [] } of resources)
      if (speaksOf(each, { name, tags })) edges.push({ from: id, to: resourceId(name), effect, policy });
  }
  for (const { name, address, network } of resources) {
    const id = add({ id: resourceId(name), column: 'resources', name, about: address });
    for (const way of waysTo(network, connectors)) edges.push({ from: id, to: add(way) });
  }
  for (const { name } of networks) {
    const ways = waysTo(name, connectors);
    const isDown = connectors !== undefined && ways.every((way) => way.isDown === true);
    const id = add({ id: `networks:${name}`, column: 'networks', name, isDown });
    for (const way of ways) edges.push({ from: add(way), to: id });
  }
  return { nodes: [...nodes.values()], edges };
}

function subjectsOf(who: ReturnType<typeof whoOf>): { kind: Subject; name: string }[] {
  if (who === 'everyone') return [{ kind: 'everyone', name: 'everyone' }];
  const of = (kind: Subject, names: readonly string[] = []) => names.map((name) => ({ kind, name }));
  return [
    ...of('group', who.groups),
    ...of('person', who.people),
    ...of('service account', who.serviceAccounts),
    ...of('guests', who.guests),
  ];
}

/** The connectors of a network; where it has none, what stands in their place. */
function waysTo(network: string, connectors: readonly ServerEntry[] | undefined): MapNode[] {
  const own = connectors?.filter((each) => each.network === network) ?? [];
  if (own.length > 0)
    return own.map(({ id, name, online }) => ({
      id: `connectors:${id}`,
      column: 'connectors',
      name,
      about: `in ${network}`,
      isDown: !online,
    }));
  const isKnown = connectors !== undefined;
  return [
    {
      id: `connectors:none:${network}`,
      column: 'connectors',
      name: isKnown ? 'no connector' : '…',
      about: `in ${network}`,
      isDown: isKnown,
      isPlaceholder: true,
    },
  ];
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

/** What remains when only these may ask. */
export function reachedFrom({ nodes, edges }: Graph, own: ReadonlySet<string>): Graph {
  const kept = new Set(own);
  // Edges lead from one column to the next, so each step of it is one column further.
  for (const _ of columns) for (const { from, to } of edges) if (kept.has(from)) kept.add(to);
  return {
    nodes: nodes.filter(({ id }) => kept.has(id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}
