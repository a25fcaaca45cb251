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

/** Stores what is new in `list` and returns the highest sequence number on disk. */
export async function storeReceipts(
  context: ControllerContext,
  organisation: OrganisationId,
  connector: ConnectorId,
  list: readonly FlowRecord[],
): Promise<number> {
  const { store, reader } = context.organisation(organisation);
  const kept = await store.transaction(async (tx) => {
    const row = await tx
      .select('nodes')
      .select('received_seq')
      .where('id', '=', connector)
      .executeTakeFirstOrThrow();
    const fresh = list.filter(({ seq }) => seq > row.received_seq).toSorted((a, b) => a.seq - b.seq);
    const last = fresh.at(-1);
    if (last === undefined) return { seq: row.received_seq, fresh };
    const state = await reader.current(tx);
    await noteUses(tx, state, fresh.flatMap(useOf));
    await appendAudit(
      tx,
      fresh.map((record) => flowEntry(record, connector, state)),
    );
    await tx.update('nodes').set({ received_seq: last.seq }).where('id', '=', connector).execute();
    return { seq: last.seq, fresh };
  });
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

function flowEntry(record: FlowRecord, connector: ConnectorId, state: OrganisationState): AuditEntry {
  const { seq, at, event, subject, resource, code, cause, ...detail } = record;
  const name = state.resources.find(({ id }) => id === resource)?.definition.name ?? resource;
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
