/**
 * The grants a seat is due: of those that were issued, what still serves, and new ones for what none of them gives. Always
 * inside the transaction that decided: nothing is minted on facts that have changed meanwhile.
 */
import { newId, type Id, type NetworkId, type OrganisationId, type ResourceId } from '../../protocol/ids.ts';
import { maxGrantResources, signGrant, type Caveat, type Grant } from '../../protocol/tokens.ts';
import type { ControllerContext } from '../context.ts';
import { storedRights, type IssuedToken, type Minted } from './issued-tokens.ts';
import { serves, type Right, type Rights } from './rights.ts';
import type { Seat } from './seat.ts';
import { whoText, whoTold } from './told.ts';

/** What a grant's claims may take as JSON, so that the token stays below 16 KiB. */
const maxClaimsBytes = 11_500;
/** So many grants of a network may come together over time; then one generation of new ones takes the place of all. */
const maxAdded = 8;

/** What grants tell of their holder, and where that is believed. */
export interface Told {
  /** Groups that the applications of a network may be told of. */
  groupsOf(this: void, network: NetworkId): readonly string[];
  /** Resources behind public hostnames. */
  readonly web: ReadonlySet<ResourceId>;
}

/** Grants in force for a seat, and the rights they carry. */
export interface Grants {
  readonly ids: readonly Id<'tok'>[];
  readonly held: ReadonlyMap<ResourceId, Right>;
}

/**
 * The grants this seat is due, one network after the other: of `issued` those that still serve, and new ones for the rest,
 * which are added to `minted`. What comes back gets a grant of its own, so that thousands need not be told all anew.
 */
export async function grantsFor(
  context: ControllerContext,
  organisation: OrganisationId,
  seat: Seat,
  due: ReadonlyMap<NetworkId, Rights>,
  { groupsOf, web }: Told,
  { issued, minted }: { readonly issued: readonly IssuedToken[]; readonly minted: Minted[] },
): Promise<Grants> {
  const nowMs = context.now();
  const { narrowed } = context.organisation(organisation);
  const grants = issued
    .filter(
      ({ kind, session, superseded_ms: superseded }) =>
        kind === 'grant' && session === seat.session.id && superseded === null,
    )
    .sort((a, b) => b.issued_ms - a.issued_ms || (a.id < b.id ? -1 : 1));
  const ids: Id<'tok'>[] = [];
  const held = new Map<ResourceId, Right>();
  for (const [network, rights] of due) {
    const kept: Id<'tok'>[] = [];
    const served = new Map<ResourceId, Right>();
    const groups = groupsOf(network);
    const who = whoText(seat.subject, groups);
    for (const row of grants) {
      if (row.network !== network) continue;
      const before = served.size;
      for (const [id, right] of narrowed.carriedBy(row)) {
        const wanted = rights.get(id);
        if (wanted === undefined || served.has(id) || (row.who !== who && web.has(id))) continue;
        if (serves(right, wanted, nowMs)) served.set(id, right);
      }
      if (served.size > before) kept.push(row.id);
    }
    const isWhole = served.size === rights.size;
    if (!isWhole && kept.length >= Math.ceil(rights.size / maxGrantResources) + maxAdded) {
      kept.length = 0;
      served.clear();
    }
    ids.push(...kept);
    for (const [id, right] of served) held.set(id, right);
    if (isWhole) continue;
    const missing = served.size === 0 ? [...rights] : [...rights].filter(([id]) => !served.has(id));
    for (const [id, right] of missing) held.set(id, right);
    for (const part of parts(missing, seat, groups)) {
      const fresh = await mint(context, organisation, seat, network, part, groups, nowMs);
      minted.push(fresh);
      ids.push(fresh.row.id);
    }
  }
  return { ids, held };
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
    who: whoTold(subject, groups),
    ...(session.authMs === undefined ? {} : { auth_time: Math.floor(session.authMs / 1_000) }),
    ...claimsOf(part),
    iat: nowS,
    exp: expires,
  });
  const row = {
    id,
    kind: 'grant',
    node: device.id,
    session: session.id,
    network,
    resources: storedRights(new Map(part)),
    who: whoText(subject, groups),
    issued_ms: issuedMs,
    expires_ms: expires * 1_000,
    superseded_ms: null,
  } as const;
  return { row, token };
}
