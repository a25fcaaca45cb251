/**
 * Grants and tickets as issued: remembered until they expire, so that a node that returns gets the same ones and a right that is
 * lost can be named to those who hold the token. Always inside the transaction that decided: nothing is issued on facts
 * that have changed meanwhile. Their texts are kept nowhere; `sign-issued.ts` makes them of what is remembered.
 */
import {
  newId,
  type Id,
  type NetworkId,
  type NodeId,
  type OrganisationId,
  type ResourceId,
} from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import type { IssuedTokensTable } from '../store/tables/nodes.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { nameOf, readLists, storeLists, type ListName, type NamedLists } from './resource-lists.ts';
import { longestLifeMs } from './revocations.ts';
import type { Right, Rights } from './rights.ts';

/** What a ticket says besides whose it is, as it is stored. */
export interface TicketTerms {
  readonly meet: readonly NetworkId[];
  /** Seconds it outlives contact. */
  readonly out: number;
  /** Public hostnames of a connector; absent: none. */
  readonly hosts?: readonly string[];
  /** Bytes a second at a relay; absent: without bound. */
  readonly rate?: number;
}

export interface TicketDue extends TicketTerms {
  readonly node: NodeId;
  /** A device's; null for a connector. */
  readonly session: Id<'ses'> | null;
  /** Epoch milliseconds after which it must not be honoured. */
  readonly untilMs: number;
}

const bytesInMegabit = 125_000;

/** SQLite takes a bounded number of values in one statement. */
const rowsPerStatement = 200;

/** A token as it is remembered. */
export interface IssuedToken extends Omit<IssuedTokensTable, 'organisation'> {
  /** Those that `resources` names, perhaps among others. */
  readonly lists: NamedLists;
}

/** What a grant was signed for. */
export type SignedRights = Pick<IssuedToken, 'resources' | 'lists'>;

/** Of a ticket. */
const noLists: NamedLists = new Map();

/** The names of lists in a grant's `resources`. */
const listNames = /"(#[\w-]+)"/g;

/** What a node was issued, and what it is issued now, which its caller stores for many at once. */
export interface Tokens {
  readonly issued: readonly IssuedToken[];
  readonly fresh: IssuedToken[];
}

/** Tokens of these nodes that have not expired, by node. */
export async function issuedTo<N extends NodeId>(
  tx: ScopedStore,
  nodes: readonly N[],
  nowMs: number,
): Promise<Map<N, IssuedToken[]>> {
  const byNode = new Map<N, IssuedToken[]>(nodes.map((node) => [node, []]));
  const rows = await inChunks(nodes, (some) =>
    tx
      .select('issued_tokens')
      .selectAll()
      .where('node', 'in', some)
      .where('expires_ms', '>', nowMs)
      .execute(),
  );
  const names = new Set<ListName>();
  for (const { kind, resources } of rows) {
    if (kind !== 'grant') continue;
    for (const [, name] of resources.matchAll(listNames)) names.add(name as ListName);
  }
  const lists = await readLists(tx, names);
  // The row itself: there are thousands, and nobody else has them.
  for (const row of rows) byNode.get(row.node as N)?.push(Object.assign(row, { lists }));
  return byNode;
}

/** Remembers tokens, and forgets those that have expired. */
export async function storeIssued(
  tx: ScopedStore,
  fresh: readonly IssuedToken[],
  nowMs: number,
): Promise<void> {
  if (fresh.length === 0) return;
  await tx.delete('issued_tokens').where('expires_ms', '<=', nowMs).execute();
  await storeLists(tx, listsOf(fresh), nowMs);
  const rows = fresh.map(rowOf);
  for (let at = 0; at < rows.length; at += rowsPerStatement)
    await tx.insert('issued_tokens', rows.slice(at, at + rowsPerStatement)).execute();
}

/** As it is stored: without the lists, which are kept apart. */
function rowOf(token: IssuedToken): Omit<IssuedTokensTable, 'organisation'> {
  const { id, kind, node, session, network, resources, who, issued_ms, expires_ms, superseded_ms } = token;
  return { id, kind, node, session, network, resources, who, issued_ms, expires_ms, superseded_ms };
}

/** The lists that tokens name, each with when the last of those expires. */
function listsOf(fresh: readonly IssuedToken[]) {
  const lists = new Map<ListName, { readonly ids: readonly ResourceId[]; readonly expiresMs: number }>();
  for (const { lists: own, expires_ms: expiresMs } of fresh)
    for (const [name, ids] of own)
      if ((lists.get(name)?.expiresMs ?? 0) < expiresMs) lists.set(name, { ids, expiresMs });
  return lists;
}

/** The node's ticket: of those issued the one that still serves, else a new one, which is added to `fresh`. */
export function ticketFor(
  context: ControllerContext,
  organisation: OrganisationId,
  { node, session, untilMs, meet, out, hosts }: TicketDue,
  { issued, fresh }: Tokens,
): IssuedToken {
  const nowMs = context.now();
  const rows = issued.filter(
    (row) => row.kind === 'ticket' && row.session === session && row.superseded_ms === null,
  );
  const expiresMs = Math.min(untilMs, nowMs + longestLifeMs);
  const relay = context.organisations.get(organisation)?.limits.relay ?? null;
  const terms: TicketTerms = {
    meet: meet.toSorted(),
    out,
    ...(hosts === undefined ? {} : { hosts }),
    ...(relay === null ? {} : { rate: relay * bytesInMegabit }),
  };
  const resources = JSON.stringify(terms);
  const newest = Math.max(...rows.map((row) => row.issued_ms));
  const last = rows.find((row) => row.issued_ms === newest);
  if (last?.resources === resources && last.expires_ms - nowMs > (expiresMs - nowMs) / 2) return last;
  const ticket: IssuedToken = {
    id: newId('tok', context.random(16)),
    kind: 'ticket',
    node,
    session,
    network: null,
    resources,
    lists: noLists,
    who: null,
    issued_ms: Math.max(nowMs, (last?.issued_ms ?? 0) + 1),
    expires_ms: expiresMs,
    superseded_ms: null,
  };
  fresh.push(ticket);
  return ticket;
}

/** The terms that a ticket was issued on. */
export function termsOf({ resources }: Pick<IssuedTokensTable, 'resources'>): TicketTerms {
  return JSON.parse(resources) as TicketTerms;
}

/** A list by its name, or in its place where it is short. */
type StoredList = ListName | readonly ResourceId[];
/** The public hostnames that a ticket was signed for. */
export function hostsNamedBy({ resources }: Pick<IssuedTokensTable, 'resources'>): readonly string[] {
  const { hosts = [] } = JSON.parse(resources) as { readonly hosts?: readonly string[] };
  return hosts;
}

/** As stored: the resources of each kind of right. Before 0.2: the right of each resource. */
type StoredRights = readonly (readonly [until: number, out: number, resources: StoredList])[];

/** So many ids take less room than the name of their list. */
const shortList = 2;

/** The rights that a grant was signed for; what it still carries is for `NarrowedRights` to say. */
export function rightsOf({ resources, lists }: SignedRights): Map<ResourceId, Right> {
  const stored = JSON.parse(resources) as StoredRights | Readonly<Record<ResourceId, Right>>;
  if (!Array.isArray(stored)) return new Map(Object.entries(stored) as [ResourceId, Right][]);
  const rights = new Map<ResourceId, Right>();
  for (const [until, out, list] of stored as StoredRights) {
    const right = { until, out };
    const ids = typeof list === 'string' ? lists.get(list) : list;
    if (ids === undefined) throw new Error('a grant came without its list of resources');
    for (const id of ids) rights.set(id, right);
  }
  return rights;
}

/** How rights are stored beside their token. */
export function storedRights(rights: Rights): SignedRights {
  const kinds = new Map<string, [until: number, out: number, resources: ResourceId[]]>();
  for (const [id, { until, out }] of rights) {
    const key = `${until} ${out}`;
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, [until, out, [id]]);
    else kind[2].push(id);
  }
  const lists = new Map<ListName, readonly ResourceId[]>();
  const stored = [...kinds.values()].map(([until, out, ids]): StoredRights[number] => {
    if (ids.length <= shortList) return [until, out, ids];
    const name = nameOf(ids);
    lists.set(name, ids);
    return [until, out, name];
  });
  return { resources: JSON.stringify(stored), lists };
}
