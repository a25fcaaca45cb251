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
import { maxGrantResources, signGrant, signTicket, type Caveat, type Grant } from '../../protocol/tokens.ts';
import type { ControllerContext } from '../context.ts';
import type { IssuedTokensTable } from '../store/schema.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { longestLifeMs } from './revocations.ts';
import { stillServes, type Right, type Rights } from './rights.ts';
import type { Seat } from './seat.ts';

/** What a grant's claims may take as JSON, so that the token stays below 16 KiB. */
const maxClaimsBytes = 11_500;

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

/** Grants in force for a seat, and the rights they carry. */
export interface Grants {
  readonly tokens: readonly string[];
  readonly held: ReadonlyMap<ResourceId, Right>;
}

/** A token as it is remembered; storing it is the caller's, for many at once. */
export type Minted = Omit<IssuedTokensTable, 'organisation'>;

/** SQLite takes a bounded number of values in one statement. */
const rowsPerStatement = 200;

/** Tokens of these nodes that have not expired, by node. */
export async function issuedTo(
  tx: ScopedStore,
  nodes: readonly NodeId[],
  nowMs: number,
): Promise<Map<NodeId, IssuedTokensTable[]>> {
  const byNode = new Map<NodeId, IssuedTokensTable[]>(nodes.map((node) => [node, []]));
  for (let at = 0; at < nodes.length; at += rowsPerStatement) {
    const rows = await tx
      .select('issued_tokens')
      .selectAll()
      .where('node', 'in', nodes.slice(at, at + rowsPerStatement))
      .where('expires_ms', '>', nowMs)
      .execute();
    for (const row of rows) byNode.get(row.node)?.push(row);
  }
  return byNode;
}

/** Remembers tokens, and forgets those that have expired. */
export async function storeMinted(tx: ScopedStore, minted: readonly Minted[], nowMs: number): Promise<void> {
  if (minted.length === 0) return;
  await tx.delete('issued_tokens').where('expires_ms', '<=', nowMs).execute();
  for (let at = 0; at < minted.length; at += rowsPerStatement) {
    await tx.insert('issued_tokens', minted.slice(at, at + rowsPerStatement)).execute();
  }
}

/** Writes down which of their rights these tokens still carry. */
export async function storeNarrowed(tx: ScopedStore, rows: readonly Minted[]): Promise<void> {
  // As rows that are there already: one statement for many of them.
  for (let at = 0; at < rows.length; at += rowsPerStatement) {
    await tx
      .insert('issued_tokens', rows.slice(at, at + rowsPerStatement))
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({ resources: eb.ref('excluded.resources') })),
      )
      .execute();
  }
}

/**
 * The grants this seat is due, one network after the other: of `issued` those that still serve, else new ones, which are
 * added to `minted`.
 */
export async function grantsFor(
  context: ControllerContext,
  organisation: OrganisationId,
  seat: Seat,
  due: ReadonlyMap<NetworkId, Rights>,
  groupsOfNetwork: (network: NetworkId) => readonly string[],
  { issued, minted }: { readonly issued: readonly IssuedTokensTable[]; readonly minted: Minted[] },
): Promise<Grants> {
  const nowMs = context.now();
  const grants = issued.filter(
    ({ kind, session, superseded_ms: superseded }) =>
      kind === 'grant' && session === seat.session.id && superseded === null,
  );
  const tokens: string[] = [];
  const inForce = new Map<ResourceId, Right>();
  for (const [network, rights] of due) {
    const last = newestGeneration(grants.filter((row) => row.network === network));
    const held = new Map(last.flatMap((row) => [...rightsOf(row)]));
    if (last.length > 0 && stillServes(held, rights, nowMs)) {
      tokens.push(...last.map(({ token }) => token));
      for (const [id, right] of held) inForce.set(id, right);
      continue;
    }
    for (const [id, right] of rights) inForce.set(id, right);
    const issuedMs = Math.max(nowMs, (last[0]?.issued_ms ?? 0) + 1);
    const groups = groupsOfNetwork(network);
    for (const part of parts([...rights], seat, groups)) {
      const row = await mint(context, organisation, seat, network, part, groups, issuedMs);
      minted.push(row);
      tokens.push(row.token);
    }
  }
  return { tokens, held: inForce };
}

/** The node's ticket: of `issued` the one that still serves, else a new one, which is added to `minted`. */
export async function ticketFor(
  context: ControllerContext,
  organisation: OrganisationId,
  claims: TicketClaims,
  { issued, minted }: { readonly issued: readonly IssuedTokensTable[]; readonly minted: Minted[] },
): Promise<string> {
  const nowMs = context.now();
  const rows = issued.filter(
    ({ kind, session, superseded_ms: superseded }) =>
      kind === 'ticket' && session === (claims.session ?? null) && superseded === null,
  );
  const expiresMs = Math.min(claims.untilMs, nowMs + longestLifeMs);
  const hosts = claims.hosts === undefined ? {} : { hosts: claims.hosts };
  const terms = JSON.stringify({ meet: claims.meet.toSorted(), out: claims.out, ...hosts });
  const last = newestGeneration(rows)[0];
  if (last?.resources === terms && last.expires_ms - nowMs > (expiresMs - nowMs) / 2) return last.token;
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
    out: claims.out,
    iat: Math.floor(nowMs / 1_000),
    exp: Math.floor(expiresMs / 1_000),
  });
  minted.push({
    id,
    kind: 'ticket',
    node: claims.node,
    session: claims.session ?? null,
    network: null,
    resources: terms,
    token,
    issued_ms: Math.max(nowMs, (last?.issued_ms ?? 0) + 1),
    expires_ms: expiresMs,
    superseded_ms: null,
  });
  return token;
}

/** As stored: the resources of each kind of right. Before 0.2: the right of each resource. */
type StoredRights = readonly (readonly [until: number, out: number, resources: readonly ResourceId[]])[];

/** The rights that an issued grant still carries. */
export function rightsOf({ resources }: Pick<IssuedTokensTable, 'resources'>): Map<ResourceId, Right> {
  const stored = JSON.parse(resources) as StoredRights | Readonly<Record<ResourceId, Right>>;
  if (!Array.isArray(stored)) return new Map(Object.entries(stored) as [ResourceId, Right][]);
  const rights = new Map<ResourceId, Right>();
  for (const [until, out, ids] of stored as StoredRights) {
    const right = { until, out };
    for (const id of ids) rights.set(id, right);
  }
  return rights;
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

/** Tokens minted together carry the same instant. */
function newestGeneration(rows: readonly IssuedTokensTable[]): IssuedTokensTable[] {
  const newest = Math.max(...rows.map((row) => row.issued_ms));
  return rows.filter((row) => row.issued_ms === newest);
}

type Part = readonly (readonly [ResourceId, Right])[];

/** Splits what one network grants into parts that each fit a token. */
function parts(rights: Part, seat: Seat, groups: readonly string[]): Part[] {
  const size = JSON.stringify([claimsOf(rights), seat.subject, groups]).length;
  if (rights.length <= 1 || (rights.length <= maxGrantResources && size <= maxClaimsBytes)) return [rights];
  const middle = Math.ceil(rights.length / 2);
  return [...parts(rights.slice(0, middle), seat, groups), ...parts(rights.slice(middle), seat, groups)];
}

/** Caveats, each once, and the index of each resource's. */
function claimsOf(rights: Part): Pick<Grant, 'cav' | 'res'> {
  const caveats: Caveat[] = [];
  const places = new Map<string, number>();
  const res: Record<string, number> = {};
  for (const [id, { until, out }] of rights) {
    const key = `${until} ${out}`;
    let place = places.get(key);
    if (place === undefined) {
      place = caveats.push({ until, out }) - 1;
      places.set(key, place);
    }
    res[id] = place;
  }
  return { cav: caveats, res };
}

async function mint(
  context: ControllerContext,
  organisation: OrganisationId,
  seat: Seat,
  network: NetworkId,
  part: Part,
  groups: readonly string[],
  issuedMs: number,
): Promise<Minted> {
  const { device, session, subject } = seat;
  const id = newId('tok', context.random(16));
  const nowS = Math.floor(context.now() / 1_000);
  const expires = Math.max(...part.map(([, { until }]) => until));
  const token = await signGrant(context.keys.signer, {
    iss: context.publicUrl.origin,
    aud: network,
    jti: id,
    org: organisation,
    sub: subject.id,
    dev: device.id,
    ses: session.id,
    nk: device.nk,
    who: {
      name: subject.name,
      groups: subject.groups.filter((group) => groups.includes(group)),
      ...(subject.email === undefined ? {} : { email: subject.email }),
    },
    ...claimsOf(part),
    iat: nowS,
    exp: expires,
  });
  return {
    id,
    kind: 'grant',
    node: device.id,
    session: session.id,
    network,
    resources: storedRights(new Map(part)),
    token,
    issued_ms: issuedMs,
    expires_ms: expires * 1_000,
    superseded_ms: null,
  };
}
