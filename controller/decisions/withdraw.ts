/**
 * Compares issued grants with what is due now and takes back what is too much: the ids to revoke, and why, per seat.
 * Writes the narrowed rights; storing and telling the revocation is the caller's.
 */
import type { Id, ResourceId } from '../../protocol/ids.ts';
import type { AuditEntry } from '../audit/append-audit.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { entitlements, type Entitlement } from './entitlements.ts';
import { rightsOf, storedRights } from './issued-tokens.ts';
import { promisesMore, rightsByNetwork } from './rights.ts';
import type { Seat } from './seat.ts';

export interface Withdrawn {
  /** `tok_…`, or `tok_…/res_…` where the rest of the grant stands. */
  readonly ids: readonly string[];
  readonly entries: readonly AuditEntry[];
}

/**
 * Takes back what these seats no longer may. `redirected` are resources whose grants end although the right stays,
 * because the resource now means something else; a new grant follows. Resources among `removed` are revoked by their own
 * id, which no grant outlives.
 */
export async function withdraw(
  tx: ScopedStore,
  state: OrganisationState,
  seats: readonly Seat[],
  {
    nowMs,
    redirected,
    removed,
    cause,
  }: {
    readonly nowMs: number;
    readonly redirected: readonly ResourceId[];
    readonly removed: readonly string[];
    readonly cause: string;
  },
): Promise<Withdrawn> {
  const moved = new Set(redirected);
  const gone = new Set(removed);
  const ids: string[] = [];
  const entries: AuditEntry[] = [];
  for (const seat of seats) {
    const rows = await tx
      .select('issued_tokens')
      .selectAll()
      .where('node', '=', seat.device.id)
      .where('kind', '=', 'grant')
      .where('session', '=', seat.session.id)
      .where('expires_ms', '>', nowMs)
      .execute();
    if (rows.length === 0) continue;
    const list = entitlements(state, seat, nowMs);
    const due = rightsByNetwork(list, seat.session.untilMs, nowMs);
    const lost = new Set<ResourceId>();
    for (const row of rows) {
      const issued = rightsOf(row);
      const over = [...issued].filter(([id, right]) => {
        const now = row.network === null ? undefined : due.get(row.network)?.get(id);
        return moved.has(id) || promisesMore(right, now);
      });
      if (over.length === 0) continue;
      for (const [id] of over) {
        issued.delete(id);
        lost.add(id);
      }
      if (issued.size === 0) {
        ids.push(row.id);
        await tx.delete('issued_tokens').where('id', '=', row.id).execute();
      } else {
        ids.push(...over.flatMap(([id]) => (gone.has(id) ? [] : `${row.id}/${id}`)));
        await tx
          .update('issued_tokens')
          .set({ resources: storedRights(issued) })
          .where('id', '=', row.id)
          .execute();
      }
    }
    entries.push(...lostEntries(seat, list, lost, nowMs, cause));
  }
  return { ids, entries };
}

/** Audit entries for what the seat may no longer use at all: one for the resources that are refused for the same reasons. */
function lostEntries(
  { subject, device, session }: Seat,
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
  for (const { resource, state, reasons } of list) {
    if (state === 'granted' || !lost.has(resource.id)) continue;
    note(
      resource.definition.name,
      reasons.map(({ name }) => name),
    );
  }
  for (const id of lost) if (!list.some(({ resource }) => resource.id === id)) note(id, []);
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
