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
export type IssuedToken = Omit<IssuedTokensTable, 'organisation'>;

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
  for (const row of rows) byNode.get(row.node as N)?.push(row);
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
  for (let at = 0; at < fresh.length; at += rowsPerStatement)
    await tx.insert('issued_tokens', fresh.slice(at, at + rowsPerStatement)).execute();
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

/** The public hostnames that a ticket was signed for. */
export function hostsNamedBy({ resources }: Pick<IssuedTokensTable, 'resources'>): readonly string[] {
  const { hosts = [] } = JSON.parse(resources) as { readonly hosts?: readonly string[] };
  return hosts;
}

/** As stored: the resources of each kind of right. Before 0.2: the right of each resource. */
type StoredRights = readonly (readonly [until: number, out: number, resources: readonly ResourceId[]])[];

/** The rights that a grant was signed for; what it still carries is for `NarrowedRights` to say. */
export function rightsOf({ resources }: Pick<IssuedTokensTable, 'resources'>): Map<ResourceId, Right> {
  const [, untilText, outText, list] = oneKind.exec(resources) ?? [];
  if (list !== undefined) {
    const right = { until: Number(untilText), out: Number(outText) };
    return new Map(idsIn(list).map((id) => [id, right]));
  }
  const stored = JSON.parse(resources) as StoredRights | Readonly<Record<ResourceId, Right>>;
  if (!Array.isArray(stored)) return new Map(Object.entries(stored) as [ResourceId, Right][]);
  const rights = new Map<ResourceId, Right>();
  for (const [until, out, ids] of stored as StoredRights) {
    const right = { until, out };
    for (const id of ids) rights.set(id, right);
  }
  return rights;
}

/** Rights that are all of one kind, as most are. */
const oneKind = /^\[\[(\d+),(\d+),(\[[^\]]*\])\]\]$/;

/** Lists of resources as they were stored last: those of one network are the same for many devices. */
const lists = new Map<string, readonly ResourceId[]>();
const maxLists = 256;

function idsIn(list: string): readonly ResourceId[] {
  let ids = lists.get(list);
  if (ids === undefined) {
    ids = JSON.parse(list) as ResourceId[];
    lists.set(list, ids);
    const [oldest] = lists.keys();
    if (lists.size > maxLists && oldest !== undefined) lists.delete(oldest);
  }
  return ids;
}

/** How rights are stored beside their token. */
export function storedRights(rights: Rights): string {
  const kinds = new Map<string, [until: number, out: number, resources: ResourceId[]]>();
  for (const [id, { until, out }] of rights) {
    const key = `${until} ${out}`;
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, [until, out, [id]]);
    else kind[2].push(id);
  }
  return JSON.stringify([...kinds.values()]);
}
