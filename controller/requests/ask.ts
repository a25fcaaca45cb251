/**
 * A person asks for a resource. What they may not ask for and what does not exist are one answer. By a rule that breaks the
 * glass it is approved at once, and loudly.
 */
import type { RequestRuleDocument } from '../../protocol/request-document.ts';
import { formatDuration, parseDuration } from '../../protocol/durations.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import type { NewRequest } from '../../protocol/requests.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { subjectOf, type Subject } from '../decisions/seat.ts';
import { meant } from '../explain/meant.ts';
import { tellOfRequest } from '../notifications/tell-of-request.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { followUp } from './end-requests.ts';
import { longestOf, requestableFor } from './rules.ts';

/** Nobody answers what is older. */
export const answerWithinMs = 7 * 24 * 3_600_000;
const shortestMs = 60_000;
const mostPending = 20;

/** Writes the request down and returns its id. Throws a `ProblemError`; `not-found` says nothing about what there is. */
export async function ask(
  context: ControllerContext,
  { id: organisation, store, reader }: Organisation,
  person: Id<'usr'>,
  wanted: NewRequest,
): Promise<Id<'req'>> {
  const id = newId('req', context.random(16));
  const nowMs = context.now();
  const isBreakGlass = wanted.breakGlass === true;
  await store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const subject = await subjectOf(tx, state, person);
    if (subject === undefined) throw new ProblemError('not-authenticated');
    const { resource, rule } = choose(state, subject, wanted);
    const forMs = lengthOf(wanted.for, rule);
    const reason = printable(wanted.reason);
    if (reason === '') throw wrong('reason', 'say why you need it');
    await refuseTooMany(tx, person, resource, isBreakGlass);
    const untilMs = isBreakGlass ? nowMs + forMs : null;
    const waives = isBreakGlass ? (rule.waives ?? []) : [];
    await tx
      .insert('access_requests', {
        id,
        person,
        resource: resource.definition.name,
        rule: rule.name,
        break_glass: isBreakGlass ? 1 : 0,
        reason,
        for_ms: forMs,
        state: isBreakGlass ? 'approved' : 'pending',
        created_ms: nowMs,
        answer_by_ms: nowMs + answerWithinMs,
        until_ms: untilMs,
        waives: JSON.stringify(waives),
        ended_ms: null,
        ended_by: null,
      })
      .execute();
    if (isBreakGlass) await tx.nextRequestsSerial();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: person,
        what: isBreakGlass ? 'request.break-glass' : 'request.ask',
        resource: resource.definition.name,
        result: 'done',
        detail: {
          request: id,
          rule: rule.name,
          reason,
          forMs,
          ...(untilMs === null ? {} : { until: new Date(untilMs).toISOString(), waives }),
        },
      },
    ]);
    await tellOfRequest(context, tx, state, isBreakGlass ? 'request.break-glass' : 'request.asked', id);
  });
  if (isBreakGlass) {
    context.log.warn({ request: id, person }, 'somebody broke the glass');
    await context.publish(organisation, { kind: 'request', person, cause: 'request-approved' });
  }
  followUp(context, organisation);
  return id;
}

/** The resource that is meant and the rule by which it may be asked for. As much work whatever there is. */
function choose(
  state: OrganisationState,
  subject: Subject,
  { resource: asked, breakGlass }: NewRequest,
): { resource: Resource; rule: RequestRuleDocument } {
  const there = meant(state.resources, asked, (resource) => resource);
  const serving = requestableFor(state, subject).filter(({ rule }) => rule.breakGlass === breakGlass);
  const chosen = meant(serving, asked, ({ resource }) => resource);
  if (chosen === undefined || chosen.resource !== there) throw new ProblemError('not-found', hiddenText);
  return chosen;
}

function lengthOf(text: string, rule: RequestRuleDocument): number {
  const ms = parseDuration(text);
  const longestMs = longestOf(rule);
  if (ms === undefined || ms < shortestMs || ms > longestMs)
    throw wrong('for', `write a duration from 1m to ${formatDuration(longestMs)}`);
  return ms;
}

async function refuseTooMany(
  tx: ScopedStore,
  person: Id<'usr'>,
  { definition }: Resource,
  isBreakGlass: boolean,
): Promise<void> {
  const pending = await tx
    .select('access_requests')
    .select(['id', 'resource'])
    .where('person', '=', person)
    .where('state', '=', 'pending')
    .execute();
  const same = pending.find(({ resource }) => resource === definition.name);
  if (same !== undefined && !isBreakGlass)
    throw new ProblemError('conflict', `You have asked for it already: ${same.id}. Withdraw that first.`);
  if (pending.length >= mostPending)
    throw new ProblemError(
      'conflict',
      `${mostPending} of your requests are unanswered; withdraw some first.`,
    );
}

function wrong(field: keyof NewRequest, message: string): ProblemError {
  return new ProblemError('invalid-request', undefined, [{ path: [field], message }]);
}

/** What people read later: one paragraph, without what does not print. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').replaceAll(/\p{C}/gu, '').trim();
}
