/**
 * Flow records from a connector into the audit log, once each: a batch commits as one and is acknowledged after that, so
 * the connector forgets nothing that is not on disk here.
 */
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { parseId, type ConnectorId, type OrganisationId } from '../../protocol/ids.ts';
import { appendAudit, type AuditEntry } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { noteUses, type Use } from '../decisions/last-uses.ts';
import type { OpenedFlow } from '../decisions/opened-counts.ts';
import { countOpened } from '../decisions/policy-hits.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Up to so many records at once share a commit with what others write. */
const few = 32;

/**
 * Stores what is new in `list` and returns the highest sequence number on disk. A connector that is removed has its last word
 * on the channel that it still has.
 */
export async function storeReceipts(
  context: ControllerContext,
  organisation: OrganisationId,
  connector: ConnectorId,
  list: readonly FlowRecord[],
): Promise<number> {
  const { store, commits, reader } = context.organisation(organisation);
  const keep = async (tx: ScopedStore): Promise<{ seq: number; fresh: FlowRecord[] }> => {
    const row = await tx
      .select('nodes')
      .select('received_seq')
      .where('id', '=', connector)
      .executeTakeFirst();
    const received = row?.received_seq ?? 0;
    const fresh = list.filter(({ seq }) => seq > received).toSorted((a, b) => a.seq - b.seq);
    const last = fresh.at(-1);
    if (last === undefined) return { seq: received, fresh };
    const state = await reader.current(tx);
    await noteUses(tx, state, fresh.flatMap(useOf));
    const names = await namesOf(tx, state, fresh);
    await appendAudit(
      tx,
      fresh.map((record) => flowEntry(record, connector, names)),
    );
    await tx.update('nodes').set({ received_seq: last.seq }).where('id', '=', connector).execute();
    return { seq: last.seq, fresh };
  };
  // A long list is worth a commit of its own, and would hold up whoever shares it.
  const kept = await (list.length > few ? store.transaction(keep) : commits.run(keep));
  countOpened(context, organisation, kept.fresh.flatMap(openedOf));
  return kept.seq;
}

/** A person's flow is a use, when it begins and when it ends. */
function useOf({ event, subject, resource, at }: FlowRecord): Use[] {
  const person = parseId('usr', subject);
  const used = parseId('res', resource);
  if (event === 'refused' || person === undefined || used === undefined) return [];
  return [{ person, resource: used, atMs: at }];
}

function openedOf({ event, subject, resource, door, at }: FlowRecord): OpenedFlow[] {
  if (event !== 'open' || subject === undefined || resource === undefined) return [];
  return [{ subject, resource, door: door ?? 'client', atMs: at }];
}

const results = { open: 'allowed', close: 'done', refused: 'refused' } as const;

/** Names of the resources that these are about, by id; also of what was exposed and is over. */
async function namesOf(
  tx: ScopedStore,
  state: OrganisationState,
  records: readonly FlowRecord[],
): Promise<ReadonlyMap<string, string>> {
  const about = new Set(records.flatMap(({ resource }) => parseId('res', resource) ?? []));
  const names = new Map<string, string>();
  for (const { id, definition } of state.resources) if (about.delete(id)) names.set(id, definition.name);
  if (about.size === 0) return names;
  const over = await tx
    .select('exposures')
    .select(['id', 'hostname'])
    .where('id', 'in', [...about])
    .execute();
  for (const { id, hostname } of over) names.set(id, hostname);
  return names;
}

function flowEntry(
  record: FlowRecord,
  connector: ConnectorId,
  names: ReadonlyMap<string, string>,
): AuditEntry {
  const { seq, at, event, subject, resource, code, cause, ...detail } = record;
  const name = resource === undefined ? undefined : (names.get(resource) ?? resource);
  return {
    atMs: at,
    who: subject ?? 'unknown',
    what: `flow.${event}`,
    ...(name === undefined ? {} : { resource: name }),
    result: results[event],
    reasons: code === undefined ? [] : [code],
    ...(cause === undefined ? {} : { cause }),
    detail: { connector, seq, ...detail },
  };
}
