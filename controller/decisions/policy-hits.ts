/**
 * How often each policy decided of late: the allows and requires by which connections opened, counted by day as connectors
 * tell of them, and the refusals that somebody was shown because of a policy, from the audit log. By name, since that
 * outlives a change of the document. What a client refuses by itself, from what it was told, is not seen here.
 */
import { sql, type SqlBool } from 'kysely';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { PolicyHits } from '../../protocol/policy-hits.ts';
import { isValid } from '../../policy/policy.ts';
import type { ControllerContext } from '../context.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { OpenedFlow, OpenedFlows } from './opened-counts.ts';
import { noteLastUses } from './resource-last-uses.ts';
import { subjectsOf } from './seat.ts';
import { subjectFacts } from './subject-facts.ts';

const dayMs = 86_400_000;
/** Days for which counts are kept. */
const keptDays = 90;

/** So many refusals are looked at, the newest. */
const mostRefusals = 5_000;

interface Hit {
  readonly policy: string;
  readonly atMs: number;
  readonly opened: number;
}

/** Counts are written so long after the first of them; a crash takes those along, and the audit log still has each flow. */
const laterMs = 5_000;
/** So many that are not alike are not waited for. */
const mostCounts = 10_000;

/** Counts flows that connectors opened, once their records are on disk. */
export function countOpened(
  context: ControllerContext,
  organisation: OrganisationId,
  flows: readonly OpenedFlow[],
): void {
  if (flows.length === 0) return;
  const { opened } = context.organisation(organisation);
  const isFirst = opened.size === 0;
  opened.add(flows);
  const isFull = opened.size >= mostCounts;
  if (!isFirst && !isFull) return;
  context.atNextSweep(organisation, 'opened', context.now() + (isFull ? 0 : laterMs), () => {
    writeOpened(context, organisation).catch((error: unknown) =>
      context.log.error({ err: error }, 'which policies opened connections was not counted for some seconds'),
    );
  });
}

/** Writes what was counted in this process until now. */
export async function writeOpened(
  { organisation: known }: Pick<ControllerContext, 'organisation'>,
  organisation: OrganisationId,
): Promise<void> {
  const { store, reader, opened } = known(organisation);
  const flows = opened.take();
  if (flows.length === 0) return;
  await store.transaction(async (tx) => {
    const state = await reader.current(tx);
    await write(tx, state, await hitsOf(tx, state, flows));
    await noteLastUses(tx, state, flows);
  });
}

async function hitsOf(
  tx: ScopedStore,
  state: OrganisationState,
  flows: readonly OpenedFlows[],
): Promise<Hit[]> {
  const subjects = await subjectsOf(
    tx,
    state,
    flows.map(({ subject }) => subject),
  );
  const resources = new Map(state.resources.map((resource) => [resource.id as string, resource.definition]));
  const hits: Hit[] = [];
  for (const flow of flows) {
    const subject = subjects.get(flow.subject);
    const resource = resources.get(flow.resource);
    if (subject === undefined || resource === undefined) continue;
    const { door, atMs, times } = flow;
    const facts = {
      door,
      subject: subjectFacts(subject),
      resource: { name: resource.name, tags: resource.tags ?? [] },
    };
    for (const policy of state.policies.concerning(facts))
      if (policy.effect !== 'deny' && isValid(policy, atMs))
        hits.push({ policy: policy.name, atMs, opened: times });
  }
  return hits;
}

/** Of the last `days`, this one among them, for every policy of the document. */
export async function policyHits(
  store: ScopedStore,
  { document }: OrganisationState,
  days: number,
  nowMs: number,
): Promise<PolicyHits> {
  const firstDay = dayOf(nowMs) - days + 1;
  const opened = await store
    .select('policy_hits')
    .select((eb) => [
      'policy',
      // PostgreSQL has sums of integers as text.
      eb.fn.sum<number | string>('opened').as('count'),
      eb.fn.max('last_ms').as('last_ms'),
    ])
    .where('day', '>=', firstDay)
    .groupBy('policy')
    .execute();
  const byName = new Map(opened.map((row) => [row.policy, row]));
  const refused = await refusals(store, firstDay * dayMs);
  return {
    days,
    policies: (document.policies ?? []).map(({ name }) => {
      const [row, refusal] = [byName.get(name), refused.get(name)];
      const lastMs = Math.max(row?.last_ms ?? 0, refusal?.lastMs ?? 0);
      return {
        name,
        opened: Number(row?.count ?? 0),
        refused: refusal?.count ?? 0,
        ...(lastMs === 0 ? {} : { last: new Date(lastMs).toISOString() }),
      };
    }),
  };
}

async function refusals(
  store: ScopedStore,
  sinceMs: number,
): Promise<Map<string, { count: number; lastMs: number }>> {
  const rows = await store
    .select('audit')
    .select(['at_ms', 'detail'])
    // As the index has it, which a parameter would not match.
    .where(sql<SqlBool>`what = 'access.refuse'`)
    .where('at_ms', '>=', sinceMs)
    .orderBy('seq', 'desc')
    .limit(mostRefusals)
    .execute();
  const found = new Map<string, { count: number; lastMs: number }>();
  for (const { at_ms: atMs, detail } of rows) {
    const { policies = [] } = JSON.parse(detail) as { policies?: string[] };
    for (const policy of policies) {
      const known = found.get(policy);
      found.set(policy, {
        count: (known?.count ?? 0) + 1,
        lastMs: Math.max(known?.lastMs ?? 0, atMs),
      });
    }
  }
  return found;
}

/** Of the document's own policies alone: approved requests and exposures are counted elsewhere, one by one. */
async function write(tx: ScopedStore, { document }: OrganisationState, hits: readonly Hit[]): Promise<void> {
  const own = new Set(document.policies?.map(({ name }) => name));
  const sums = new Map<string, Hit & { readonly day: number }>();
  for (const hit of hits) {
    if (!own.has(hit.policy)) continue;
    const day = dayOf(hit.atMs);
    const key = `${day} ${hit.policy}`;
    const sum = sums.get(key);
    sums.set(key, {
      day,
      policy: hit.policy,
      atMs: Math.max(hit.atMs, sum?.atMs ?? 0),
      opened: hit.opened + (sum?.opened ?? 0),
    });
  }
  if (sums.size === 0) return;
  const newest = Math.max(...[...sums.values()].map(({ day }) => day));
  await tx
    .delete('policy_hits')
    .where('day', '<=', newest - keptDays)
    .execute();
  await tx
    .insert(
      'policy_hits',
      [...sums.values()].map(({ day, policy, opened, atMs }) => ({ day, policy, opened, last_ms: atMs })),
    )
    .onConflict((conflict) =>
      conflict.columns(['organisation', 'day', 'policy']).doUpdateSet((eb) => ({
        opened: eb('policy_hits.opened', '+', eb.ref('excluded.opened')),
        last_ms: eb.ref('excluded.last_ms'),
      })),
    )
    .execute();
}

function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}
