/**
 * Grants and tickets as issued: minted when what is due has changed, remembered until they expire, so that a node that
 * returns gets the same ones and a right that is lost can be named to those who hold the token. Always inside the
 * transaction that decided: nothing is minted on facts that have changed meanwhile.
 */
import {
  newId,
  type Id,
  type NetworkId,
  type NodeId,
  type OrganisationId,
  type ResourceId,
} from '../../protocol/ids.ts';
import { signTicket } from '../../protocol/tokens.ts';
import type { ControllerContext } from '../context.ts';
import type { IssuedTokensTable } from '../store/tables/nodes.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { longestLifeMs } from './revocations.ts';
import type { Right, Rights } from './rights.ts';

export interface TicketClaims {
  readonly node: NodeId;
  readonly mk: string;
  readonly role: 'client' | 'connector';
  readonly meet: readonly NetworkId[];
  /** Public hostnames of a connector; absent: none. */
  readonly hosts?: readonly string[];
  /** Seconds it outlives contact. */
  readonly out: number;
  readonly session?: Id<'ses'>;
  /** Epoch milliseconds after which it must not be honoured. */
  readonly untilMs: number;
}

/** A token as it is remembered; storing it is the caller's, for many at once. */
export interface Minted {
  readonly row: IssuedToken;
  readonly token: string;
}

const bytesInMegabit = 125_000;

/** SQLite takes a bounded number of values in one statement. */
const rowsPerStatement = 200;

/** A token as far as decisions are concerned: all but the text of it. */
export type IssuedToken = Omit<IssuedTokensTable, 'organisation'>;

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

/** The texts of these tokens by id, of which `minted` are not stored yet. */
export async function textsOf(
  tx: ScopedStore,
  ids: readonly Id<'tok'>[],
  minted: readonly Minted[],
): Promise<Map<Id<'tok'>, string>> {
  const texts = new Map(minted.map(({ row, token }) => [row.id, token]));
  const stored = ids.filter((id) => !texts.has(id));
  const rows = await inChunks(stored, (some) =>
    tx.select('issued_token_texts').select(['id', 'token']).where('id', 'in', some).execute(),
  );
  for (const { id, token } of rows) texts.set(id, token);
  return texts;
}

/** Remembers tokens, and forgets those that have expired. */
export async function storeMinted(tx: ScopedStore, minted: readonly Minted[], nowMs: number): Promise<void> {
  if (minted.length === 0) return;
  await tx.delete('issued_tokens').where('expires_ms', '<=', nowMs).execute();
  for (let at = 0; at < minted.length; at += rowsPerStatement) {
    const some = minted.slice(at, at + rowsPerStatement);
    await tx
      .insert(
        'issued_tokens',
        some.map(({ row }) => row),
      )
      .execute();
    const texts = some.map(({ row: { id }, token }) => ({ id, token }));
    await tx.insert('issued_token_texts', texts).execute();
  }
}

/** The id of the node's ticket: of `issued` the one that still serves, else a new one, which is added to `minted`. */
export async function ticketFor(
  context: ControllerContext,
  organisation: OrganisationId,
  claims: TicketClaims,
  { issued, minted }: { readonly issued: readonly IssuedToken[]; readonly minted: Minted[] },
): Promise<Id<'tok'>> {
  const nowMs = context.now();
  const rows = issued.filter(
    ({ kind, session, superseded_ms: superseded }) =>
      kind === 'ticket' && session === (claims.session ?? null) && superseded === null,
  );
  const expiresMs = Math.min(claims.untilMs, nowMs + longestLifeMs);
  const hosts = claims.hosts === undefined ? {} : { hosts: claims.hosts };
  const relay = context.organisations.get(organisation)?.limits.relay ?? null;
  const rate = relay === null ? {} : { rate: relay * bytesInMegabit };
  const terms = JSON.stringify({ meet: claims.meet.toSorted(), out: claims.out, ...hosts, ...rate });
  const newest = Math.max(...rows.map((row) => row.issued_ms));
  const last = rows.find((row) => row.issued_ms === newest);
  if (last?.resources === terms && last.expires_ms - nowMs > (expiresMs - nowMs) / 2) return last.id;
  const id = newId('tok', context.random(16));
  const token = await signTicket(context.keys.signer, {
    iss: context.publicUrl.origin,
    jti: id,
    org: organisation,
    sub: claims.node,
    role: claims.role,
    mk: claims.mk,
    meet: claims.meet,
    ...hosts,
    ...rate,
    out: claims.out,
    iat: Math.floor(nowMs / 1_000),
    exp: Math.floor(expiresMs / 1_000),
  });
  const row = {
    id,
    kind: 'ticket',
    node: claims.node,
    session: claims.session ?? null,
    network: null,
    resources: terms,
    who: null,
    issued_ms: Math.max(nowMs, (last?.issued_ms ?? 0) + 1),
    expires_ms: expiresMs,
    superseded_ms: null,
  } as const;
  minted.push({ row, token });
  return id;
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
