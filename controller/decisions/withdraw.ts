/**
 * Compares issued grants with what is due now and takes back what is too much: the grants to revoke, those that go on with
 * less, and why, per seat. Storing and telling the revocation is the caller's.
 */
import type { Id, ResourceId, NetworkId } from '../../protocol/ids.ts';
import type { AuditEntry } from '../audit/append-audit.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { resourceById } from './candidates.ts';
import type { Entitlement } from './entitlements.ts';
import { Excesses } from './excesses.ts';
import { issuedTo } from './issued-tokens.ts';
import type { NarrowedRights } from './narrowed-rights.ts';
import type { Taken } from './revocations.ts';
import type { Right } from './rights.ts';
import type { Seat } from './seat.ts';
import { SharedEntitlements } from './shared-entitlements.ts';
import { groupsOfNetwork, webResources, whoText } from './told.ts';

export interface Withdrawn extends Taken {
  readonly entries: readonly AuditEntry[];
}

/** What may have changed, and why. */
export interface Reconsidered {
  readonly nowMs: number;
  /** Names of the resources that are decided anew; what was issued for others stays. */
  readonly resources: ReadonlySet<string> | 'all';
  /** Resources whose grants end although the right stays, because they now mean something else; new grants follow. */
  readonly redirected: readonly ResourceId[];
  /** Ids that are revoked by themselves, which no grant outlives. */
  readonly removed: readonly string[];
  readonly cause: string;
}

/** Takes back what these seats no longer may. */
export async function withdraw(
  tx: ScopedStore,
  state: OrganisationState,
  seats: readonly Seat[],
  issued: NarrowedRights,
  { nowMs, resources: about, redirected, removed, cause }: Reconsidered,
): Promise<Withdrawn> {
  const moved = new Set(redirected);
  const gone = new Set(removed);
  const reconsidered =
    about === 'all'
      ? undefined
      : new Set(state.resources.flatMap(({ id, definition }) => (about.has(definition.name) ? [id] : [])));
  const stays = (id: ResourceId): boolean =>
    reconsidered !== undefined && !reconsidered.has(id) && !moved.has(id) && !gone.has(id);
  const ids: string[] = [];
  const entries: AuditEntry[] = [];
  /** By the resources and what is left of them, which are the same for many. */
  const narrowed = new Map<string, { grants: Id<'tok'>[]; resources: readonly ResourceId[]; left?: Right }>();
  const narrow = (grant: Id<'tok'>, resources: readonly ResourceId[], left?: Right): void => {
    const key = `${left?.until} ${left?.out} ${resources.join()}`;
    const same = narrowed.get(key);
    if (same !== undefined) same.grants.push(grant);
    else narrowed.set(key, { grants: [grant], resources, ...(left === undefined ? {} : { left }) });
  };
  const groupsOf = (network: NetworkId): readonly string[] => groupsOfNetwork(state, network);
  const web = webResources(state);
  await issued.read(tx, nowMs);
  const grants = await issuedTo(
    tx,
    seats.map(({ device }) => device.id),
    nowMs,
  );
  const shared = new SharedEntitlements(state, nowMs, about);
  const excesses = new Excesses({ stays, moved, gone, web });
  for (const seat of seats) {
    const rows = (grants.get(seat.device.id) ?? []).filter(
      ({ kind, session }) => kind === 'grant' && session === seat.session.id,
    );
    if (rows.length === 0) continue;
    const list = shared.of(seat);
    const due = shared.dueUntil(list, seat.session.untilMs);
    const lost = new Set<ResourceId>();
    for (const row of rows) {
      const carried = issued.carriedBy(row, gone);
      const now = row.network === null ? undefined : due.get(row.network);
      // What it says of its holder holds no more: a new grant follows.
      const isOutdated =
        row.network !== null && web.size > 0 && row.who !== whoText(seat.subject, groupsOf(row.network));
      const excess = excesses.of(carried, now, isOutdated);
      for (const id of excess.lost) lost.add(id);
      if (excess.lost.length > 0 && excess.lost.length === carried.size) {
        ids.push(row.id);
        continue;
      }
      if (excess.over.length > 0) narrow(row.id, excess.over);
      for (const { resources, left } of excess.shorter) narrow(row.id, resources, left);
    }
    if (lost.size > 0) entries.push(...lostEntries(state, shared, seat, list, lost, nowMs, cause));
  }
  return { ids, narrowed: [...narrowed.values()], entries };
}

/** Audit entries for what the seat may no longer use at all: one for the resources that are refused for the same reasons. */
function lostEntries(
  state: OrganisationState,
  shared: SharedEntitlements,
  seat: Seat,
  list: readonly Entitlement[],
  lost: ReadonlySet<ResourceId>,
  nowMs: number,
  cause: string,
): AuditEntry[] {
  const byReasons = new Map<string, { reasons: readonly string[]; names: string[] }>();
  const note = (name: string, reasons: readonly string[]): void => {
    const key = reasons.join();
    const group = byReasons.get(key) ?? { reasons, names: [] };
    group.names.push(name);
    byReasons.set(key, group);
  };
  const looked = new Map(list.map((entry) => [entry.resource.id, entry]));
  const others = [...lost].flatMap((id) => (looked.has(id) ? [] : (resourceById(state, id) ?? [])));
  for (const entry of shared.to(seat, others)) looked.set(entry.resource.id, entry);
  for (const id of lost) {
    const entry = looked.get(id);
    if (entry === undefined) note(id, []);
    else if (entry.state === 'refused')
      note(
        entry.resource.definition.name,
        entry.reasons.map(({ name }) => name),
      );
  }
  const { subject, device, session } = seat;
  return [...byReasons.values()].map(({ reasons, names }) => ({
    atMs: nowMs,
    who: subject.id,
    what: 'access.end',
    ...(names.length === 1 && names[0] !== undefined ? { resource: names[0] } : {}),
    result: 'refused' as const,
    reasons,
    cause,
    detail: { device: device.id, session: session.id, ...(names.length === 1 ? {} : { resources: names }) },
  }));
}

/** Tickets and grants of ended sessions, forgotten here; tickets are returned for revocation, grants go with `ses_`. */
export async function forgetTokensOf(tx: ScopedStore, sessions: readonly Id<'ses'>[]): Promise<Id<'tok'>[]> {
  const rows = await tx
    .delete('issued_tokens')
    .where('session', 'in', sessions)
    .returning(['id', 'kind'])
    .execute();
  return rows.filter(({ kind }) => kind === 'ticket').map(({ id }) => id);
}
