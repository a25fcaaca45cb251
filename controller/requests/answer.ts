/**
 * Approvers answer a request: one answer each, never on their own, until enough agree or one denies. How long it counts and
 * what it waives is what all who approved were ready for.
 */
import type { RequestRuleDocument } from '../../protocol/request-document.ts';
import { formatDuration, parseDuration } from '../../protocol/durations.ts';
import type { Id } from '../../protocol/ids.ts';
import { covers } from '../../protocol/roles.ts';
import type { Approving } from '../../protocol/requests.ts';
import { ProblemError } from '../api/problems.ts';
import { behind, roleOfToken, tokenIn } from '../administrators/behind.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { subjectOf, subjectsOf } from '../decisions/seat.ts';
import { takeRequestLink } from '../notifications/request-links.ts';
import { tellOfRequest } from '../notifications/tell-of-request.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { AccessRequestsTable } from '../store/tables/requests.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { printable } from './ask.ts';
import { followUp } from './end-requests.ts';
import { mayApprove, noRequestText, quorumOf, ruleNamed, waivableFor } from './rules.ts';

/**
 * Who answers: a person whom the rule must name, or an administrator, in person or by token. `by`: through which webhook.
 * `link`: the token of the mail they came by, which is used up.
 */
export type Approver =
  | { readonly kind: 'person'; readonly id: Id<'usr'>; readonly by?: string; readonly link?: string }
  | { readonly kind: 'administrator'; readonly who: string };

export type Answer =
  ({ readonly answer: 'approve' } & Approving) | { readonly answer: 'deny'; readonly text: string };

/** What has become of the request: another approval may still be missing. */
export type Answered = 'pending' | 'approved' | 'denied';

/** Counts the answer. Throws a `ProblemError`: `not-found` also for whom it is none of their business. */
export async function answerRequest(
  context: ControllerContext,
  { id: organisation, store, reader }: Organisation,
  request: Id<'req'>,
  approver: Approver,
  given: Answer,
): Promise<Answered> {
  const nowMs = context.now();
  const { outcome, person } = await store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const row = await requestOf(tx, request);
    const rule = await ruleFor(tx, state, row, approver);
    if (row.state !== 'pending' || row.answer_by_ms <= nowMs)
      throw new ProblemError('conflict', `It is ${row.state === 'pending' ? 'expired' : row.state} already.`);
    await takeLink(tx, row, approver, nowMs);
    const answer = await checked(tx, state, row, rule, given);
    await record(tx, row, approver, answer, nowMs);
    const outcome = await settle(tx, state, row, rule, answer, whoOf(approver), nowMs);
    await appendAudit(tx, [entryOf(row, approver, answer, outcome, nowMs)]);
    if (outcome !== 'pending') await tellOfRequest(context, tx, state, `request.${outcome}`, row.id);
    return { outcome, person: row.person };
  });
  if (outcome === 'approved')
    await context.publish(organisation, { kind: 'request', person, cause: 'request-approved' });
  followUp(context, organisation);
  return outcome;
}

async function requestOf(tx: ScopedStore, request: Id<'req'>): Promise<AccessRequestsTable> {
  const row = await tx.select('access_requests').selectAll().where('id', '=', request).executeTakeFirst();
  if (row === undefined) throw new ProblemError('not-found', noRequestText);
  return row;
}

async function ruleFor(
  tx: ScopedStore,
  state: OrganisationState,
  row: AccessRequestsTable,
  approver: Approver,
): Promise<RequestRuleDocument> {
  const rule = ruleNamed(state, row.rule);
  if ((await behind(tx, whoOf(approver))).includes(row.person))
    throw new ProblemError('not-allowed', 'Nobody answers their own request.');
  if (approver.kind === 'person') {
    const subject = await subjectOf(tx, state, approver.id);
    if (rule === undefined || subject === undefined || !mayApprove(rule, subject))
      throw new ProblemError('not-found', noRequestText);
  }
  if (rule === undefined)
    throw new ProblemError('conflict', `The document has no rule "${row.rule}" any more.`);
  return rule;
}

/** Whoever comes by a link answers by it or not at all: it was sent to them, for this, once. */
async function takeLink(
  tx: ScopedStore,
  { id: request }: AccessRequestsTable,
  approver: Approver,
  nowMs: number,
): Promise<void> {
  if (approver.kind !== 'person' || approver.link === undefined) return;
  const person = await tx.select('people').select('email').where('id', '=', approver.id).executeTakeFirst();
  const email = person?.email ?? '';
  if (!(await takeRequestLink(tx, approver.link, { request, email, nowMs })))
    throw new ProblemError(
      'conflict',
      'This link was used, has run out, or was sent to somebody else. Open the page of your requests without it.',
    );
}

interface Checked {
  readonly answer: 'approve' | 'deny';
  readonly forMs: number | null;
  readonly waives: readonly string[];
  readonly text: string | null;
}

async function checked(
  tx: ScopedStore,
  state: OrganisationState,
  row: AccessRequestsTable,
  rule: RequestRuleDocument,
  given: Answer,
): Promise<Checked> {
  if (given.answer === 'deny') {
    const text = printable(given.text);
    if (text === '') throw wrong('text', 'say why; the person reads it');
    return { answer: 'deny', forMs: null, waives: [], text };
  }
  const forMs = given.for === undefined ? row.for_ms : parseDuration(given.for);
  if (forMs === undefined || forMs < 60_000 || forMs > row.for_ms)
    throw wrong('for', `write a duration from 1m to ${formatDuration(row.for_ms)}, for which it was asked`);
  const asker = await subjectOf(tx, state, row.person);
  const resource = state.resources.find(({ definition }) => definition.name === row.resource);
  if (asker === undefined || resource === undefined)
    throw new ProblemError('conflict', 'The person or the resource is gone.');
  const shown = waivableFor(state, rule, asker, resource).map(({ policy }) => policy);
  const waives = [...new Set(given.waives)];
  const other = waives.find((name) => !shown.includes(name));
  if (other !== undefined)
    throw wrong('waives', `"${other}" is none that this approval may waive; look at the request again`);
  return { answer: 'approve', forMs, waives, text: null };
}

async function record(
  tx: ScopedStore,
  { id }: AccessRequestsTable,
  approver: Approver,
  { answer, forMs, waives, text }: Checked,
  nowMs: number,
): Promise<void> {
  const written = await tx
    .insert('request_answers', {
      request: id,
      who: whoOf(approver),
      answer,
      for_ms: forMs,
      waives: JSON.stringify(waives),
      said: text,
      at_ms: nowMs,
    })
    .onConflict((conflict) => conflict.columns(['organisation', 'request', 'who']).doNothing())
    .executeTakeFirst();
  if (written.numInsertedOrUpdatedRows === 0n)
    throw new ProblemError('conflict', 'You have answered it already; others still may.');
}

/**
 * What the answers come to. An approval counts as long as its approver may still approve; those of one person and of the tokens
 * that they made count as one, and as none where it is the person who asks.
 */
async function settle(
  tx: ScopedStore,
  state: OrganisationState,
  row: AccessRequestsTable,
  rule: RequestRuleDocument,
  { answer }: Checked,
  who: string,
  nowMs: number,
): Promise<Answered> {
  const pending = tx.update('access_requests').where('id', '=', row.id).where('state', '=', 'pending');
  if (answer === 'deny') {
    await pending.set({ state: 'denied', ended_ms: nowMs, ended_by: who }).execute();
    return 'denied';
  }
  const answers = await tx
    .select('request_answers')
    .selectAll()
    .where('request', '=', row.id)
    .where('answer', '=', 'approve')
    .orderBy('at_ms')
    .execute();
  const people = await subjectsOf(
    tx,
    state,
    answers.map((each) => each.who),
  );
  const administrators = await administratorsAmong(tx, people);
  const counting: typeof answers = [];
  const counted = new Set<string>([row.person]);
  for (const each of answers) {
    const subject = people.get(each.who);
    const token = tokenIn(each.who);
    const mayStill =
      token === undefined
        ? administrators.has(each.who) || (subject !== undefined && mayApprove(rule, subject))
        : (await roleOfToken(tx, token, 'requests.answer', nowMs)) !== undefined;
    const heads = await behind(tx, each.who);
    if (!mayStill || heads.some((head) => counted.has(head))) continue;
    counting.push(each);
    for (const head of heads) counted.add(head);
  }
  if (counting.length < quorumOf(rule)) return 'pending';
  const forMs = Math.min(row.for_ms, ...counting.map((each) => each.for_ms ?? row.for_ms));
  const [first = [], ...others] = counting.map((each) => JSON.parse(each.waives) as string[]);
  const waives = first.filter((name) => others.every((list) => list.includes(name)));
  await pending.set({ state: 'approved', until_ms: nowMs + forMs, waives: JSON.stringify(waives) }).execute();
  await tx.nextRequestsSerial();
  return 'approved';
}

/** Who of these people may answer any request. */
async function administratorsAmong(
  tx: ScopedStore,
  people: ReadonlyMap<string, unknown>,
): Promise<ReadonlySet<string>> {
  const ids = [...people.keys()].filter((id) => id.startsWith('usr_')) as Id<'usr'>[];
  if (ids.length === 0) return new Set();
  const rows = await tx
    .select('people')
    .select(['id', 'role'])
    .where('id', 'in', ids)
    .where('disabled_ms', 'is', null)
    .execute();
  return new Set(
    rows.filter(({ role }) => role !== null && covers(role, 'requests.answer')).map(({ id }) => id),
  );
}

function entryOf(
  { id, person, resource, rule }: AccessRequestsTable,
  approver: Approver,
  { answer, forMs, waives, text }: Checked,
  outcome: Answered,
  nowMs: number,
): Parameters<typeof appendAudit>[1][number] {
  return {
    atMs: nowMs,
    who: whoOf(approver),
    what: `request.${answer}`,
    resource,
    result: 'done',
    detail: {
      request: id,
      person,
      rule,
      state: outcome,
      ...(forMs === null ? {} : { forMs, waives }),
      ...(text === null ? {} : { text }),
      ...wayOf(approver),
    },
  };
}

/** How the answer came, where that was not at the portal. */
function wayOf(approver: Approver): { readonly by?: string } {
  if (approver.kind !== 'person') return {};
  const by = approver.link === undefined ? approver.by : 'mail';
  return by === undefined ? {} : { by };
}

function whoOf(approver: Approver): string {
  return approver.kind === 'person' ? approver.id : approver.who;
}

function wrong(field: string, message: string): ProblemError {
  return new ProblemError('invalid-request', undefined, [{ path: [field], message }]);
}
