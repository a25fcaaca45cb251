/**
 * How requests end besides an answer: withdrawn by whoever asked or may approve, or run out, unanswered or approved. What
 * an approval gave ends with it, open flows included.
 */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { subjectOf } from '../decisions/seat.ts';
import { deliverLater } from '../notifications/deliver.ts';
import { tellOfRequest } from '../notifications/tell-of-request.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Approver } from './answer.ts';
import { mayApprove, noRequestText, ruleNamed } from './rules.ts';

/** What is over is kept for so long. */
const keptMs = 90 * 24 * 3_600_000;
const longestWaitMs = 3_600_000;

/** Withdraws a request that is pending or approved. Throws a `ProblemError` where it is over, or none of theirs. */
export async function withdrawRequest(
  context: ControllerContext,
  { id: organisation, store, reader }: Organisation,
  request: Id<'req'>,
  by: Approver,
): Promise<void> {
  const nowMs = context.now();
  const who = by.kind === 'person' ? by.id : by.who;
  const { person, wasApproved } = await store.transaction(async (tx) => {
    const row = await tx.select('access_requests').selectAll().where('id', '=', request).executeTakeFirst();
    const state = await reader.current(tx);
    if (row === undefined) throw new ProblemError('not-found', noRequestText);
    if (by.kind === 'person' && by.id !== row.person) {
      const rule = ruleNamed(state, row.rule);
      const subject = await subjectOf(tx, state, by.id);
      const may = rule !== undefined && subject !== undefined && mayApprove(rule, subject);
      if (!may) throw new ProblemError('not-found', noRequestText);
    }
    const done = await tx
      .update('access_requests')
      .set({ state: 'withdrawn', ended_ms: nowMs, ended_by: who })
      .where('id', '=', request)
      .where('state', '=', row.state)
      .where('state', 'in', ['pending', 'approved'])
      .returning('id')
      .execute();
    if (done.length === 0) throw new ProblemError('conflict', `It is ${row.state} already.`);
    const wasApproved = row.state === 'approved';
    if (wasApproved) await tx.nextRequestsSerial();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who,
        what: 'request.withdraw',
        resource: row.resource,
        result: 'done',
        detail: { request, person: row.person, rule: row.rule, was: row.state },
      },
    ]);
    await tellOfRequest(context, tx, state, 'request.withdrawn', request);
    return { person: row.person, wasApproved };
  });
  if (wasApproved)
    await context.publish(organisation, { kind: 'request', person, cause: 'request-withdrawn' });
  followUp(context, organisation);
}

/** Ends what has run out, and looks again when the next does. */
export async function sweepRequests(context: ControllerContext, organisation: OrganisationId): Promise<void> {
  const { store, reader } = context.organisation(organisation);
  const nowMs = context.now();
  const people = await store.transaction(async (tx) => {
    const over = [
      ...(await expire(tx, 'pending', 'answer_by_ms', nowMs)),
      ...(await expire(tx, 'approved', 'until_ms', nowMs)),
    ];
    await forget(tx, nowMs - keptMs);
    if (over.length === 0) return [];
    const ended = over.filter(({ until_ms: untilMs }) => untilMs !== null);
    if (ended.length > 0) await tx.nextRequestsSerial();
    await appendAudit(
      tx,
      over.map(({ id, person, resource, rule, until_ms: untilMs }) => ({
        atMs: nowMs,
        who: 'controller',
        what: 'request.expire',
        resource,
        result: 'done' as const,
        detail: { request: id, person, rule, was: untilMs === null ? 'pending' : 'approved' },
      })),
    );
    const state = await reader.current(tx);
    for (const { id } of over) await tellOfRequest(context, tx, state, 'request.expired', id);
    return [...new Set(ended.map(({ person }) => person))];
  });
  for (const person of people)
    await context.publish(organisation, { kind: 'request', person, cause: 'request-expired' });
  deliverLater(context, organisation);
  await lookAgain(context, organisation);
}

/** Something was asked or answered: tells webhooks of it, and looks when the next request runs out. */
export function followUp(context: ControllerContext, organisation: OrganisationId): void {
  deliverLater(context, organisation);
  lookAgain(context, organisation).catch((error: unknown) => failed(context, error));
}

async function lookAgain(context: ControllerContext, organisation: OrganisationId): Promise<void> {
  const { store } = context.organisation(organisation);
  const rows = await store
    .select('access_requests')
    .select(['state', 'answer_by_ms', 'until_ms'])
    .where('state', 'in', ['pending', 'approved'])
    .execute();
  const ends = rows.map((row) => (row.state === 'pending' ? row.answer_by_ms : (row.until_ms ?? 0)));
  const atMs = ends.length === 0 ? undefined : Math.min(...ends, context.now() + longestWaitMs);
  context.atNextSweep(organisation, 'requests', atMs, () => {
    sweepRequests(context, organisation).catch((error: unknown) => failed(context, error));
  });
}

function failed({ log, isDraining }: ControllerContext, error: unknown): void {
  if (!isDraining)
    log.error({ err: error }, 'requests that ran out were not ended; their rights end by themselves');
}

async function expire(
  tx: ScopedStore,
  state: 'pending' | 'approved',
  column: 'answer_by_ms' | 'until_ms',
  nowMs: number,
) {
  return tx
    .update('access_requests')
    .set({ state: 'expired', ended_ms: nowMs, ended_by: 'controller' })
    .where('state', '=', state)
    .where(column, '<=', nowMs)
    .returning(['id', 'person', 'resource', 'rule', 'until_ms'])
    .execute();
}

async function forget(tx: ScopedStore, beforeMs: number): Promise<void> {
  const gone = await tx
    .delete('access_requests')
    .where('state', 'in', ['denied', 'withdrawn', 'expired'])
    .where('ended_ms', '<', beforeMs)
    .returning('id')
    .execute();
  for (const { id } of gone) await tx.delete('request_answers').where('request', '=', id).execute();
}
