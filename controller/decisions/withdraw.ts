/**
 * Compares issued grants with what is due now and takes back what is too much: the ids to revoke, and why, per seat.
 * Writes the narrowed rights; storing and telling the revocation is the caller's.
 */
import type { Id, ResourceId } from '../../protocol/ids.ts';
import type { AuditEntry } from '../audit/append-audit.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { resourceById } from './candidates.ts';
import { entitlements, entitlementsTo, type Entitlement } from './entitlements.ts';
import { issuedTo, rightsOf, storedRights, storeNarrowed, type Minted } from './issued-tokens.ts';
import { promisesMore, rightsByNetwork } from './rights.ts';
import type { Seat } from './seat.ts';

export interface Withdrawn {
  /** `tok_…`, or `tok_…/res_…` where the rest of the grant stands. */
  readonly ids: readonly string[];
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
  { nowMs, resources, redirected, removed, cause }: Reconsidered,
): Promise<Withdrawn> {
  const moved = new Set(redirected);
  const gone = new Set(removed);
  const reconsidered =
    resources === 'all'
      ? undefined
      : new Set(
          state.resources.flatMap(({ id, definition }) => (resources.has(definition.name) ? [id] : [])),
        );
  const stays = (id: ResourceId): boolean =>
    reconsidered !== undefined && !reconsidered.has(id) && !moved.has(id) && !gone.has(id);
  const ids: string[] = [];
  const entries: AuditEntry[] = [];
  const ended: Id<'tok'>[] = [];
  const narrowed: Minted[] = [];
  const issuedBy = await issuedTo(
    tx,
    seats.map(({ device }) => device.id),
    nowMs,
  );
  for (const seat of seats) {
    const rows = (issuedBy.get(seat.device.id) ?? []).filter(
      ({ kind, session }) => kind === 'grant' && session === seat.session.id,
    );
    if (rows.length === 0) continue;
    const list = entitlements(state, seat, nowMs, resources);
    const due = rightsByNetwork(list, seat.session.untilMs, nowMs);
    const lost = new Set<ResourceId>();
    for (const row of rows) {
      const issued = rightsOf(row);
      const now = row.network === null ? undefined : due.get(row.network);
      const over = [...issued.keys()].filter((id) => {
        if (stays(id)) return false;
        return moved.has(id) || promisesMore(issued.get(id), now?.get(id));
      });
      if (over.length === 0) continue;
      for (const id of over) {
        issued.delete(id);
        lost.add(id);
      }
      if (issued.size === 0) {
        ids.push(row.id);
        ended.push(row.id);
      } else {
        for (const id of over) if (!gone.has(id)) ids.push(`${row.id}/${id}`);
        narrowed.push({ ...row, resources: storedRights(issued) });
      }
    }
    entries.push(...lostEntries(state, seat, list, lost, nowMs, cause));
  }
  for (let at = 0; at < ended.length; at += 500) {
    await tx
      .delete('issued_tokens')
      .where('id', 'in', ended.slice(at, at + 500))
      .execute();
  }
  await storeNarrowed(tx, narrowed);
  return { ids, entries };
}

/** Audit entries for what the seat may no longer use at all: one for the resources that are refused for the same reasons. */
function lostEntries(
  state: OrganisationState,
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
  for (const entry of entitlementsTo(state, seat, others, nowMs)) looked.set(entry.resource.id, entry);
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
