/** Requests as the API shows them, and the lists that a person and an approver see. */
import type {
  AccessRequest,
  AccessRequests,
  MyApprovals,
  MyRequests,
  RequestState,
} from '../../protocol/requests.ts';
import type { Id } from '../../protocol/ids.ts';
import type { Organisation } from '../context.ts';
import { ProblemError } from '../api/problems.ts';
import { subjectOf, subjectsOf, type Subject } from '../decisions/seat.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { AccessRequestsTable, RequestAnswersTable } from '../store/tables/requests.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { longestOf, mayApprove, quorumOf, requestableFor, ruleNamed, waivableFor } from './rules.ts';

/** Of those that are over, on one page. */
const mostShown = 200;
/** What waits or lasts is never hidden by what came and went since. */
const mostOpen = 1_000;
const mostOver = 50;
const openStates: readonly RequestState[] = ['pending', 'approved'];

/** Whoever asked sees neither the names of requires nor what was waived: they may speak of others. */
type Eyes = 'approver' | 'asker';

/** Requests with everything that is said of them; those of people who are gone are left out. */
async function shownRequests(
  store: ScopedStore,
  state: OrganisationState,
  rows: readonly AccessRequestsTable[],
  eyes: Eyes,
): Promise<AccessRequest[]> {
  const answers = await inChunks(
    rows.map(({ id }) => id),
    (some) =>
      store.select('request_answers').selectAll().where('request', 'in', some).orderBy('at_ms').execute(),
  );
  const people = await subjectsOf(store, state, [
    ...rows.map(({ person }) => person),
    ...answers.map(({ who }) => who),
  ]);
  return rows.flatMap((row) => {
    const person = people.get(row.person);
    if (person === undefined) return [];
    const own = answers.filter(({ request }) => request === row.id);
    return [shown(state, row, person, own, people, eyes)];
  });
}

/** One of them as approvers see it; undefined when there is none of that id. */
export async function shownRequest(
  store: ScopedStore,
  state: OrganisationState,
  id: Id<'req'>,
): Promise<AccessRequest | undefined> {
  const rows = await store.select('access_requests').selectAll().where('id', '=', id).execute();
  return (await shownRequests(store, state, rows, 'approver'))[0];
}

/**
 * A page of everybody's requests, in one state or in any, the newest first: on the first one all that waits or lasts, and of the
 * others so many at a time. Throws `not-found` where `before`, the last page's cursor, names no request.
 */
export async function allRequests(
  { store, reader }: Organisation,
  { state, before }: { readonly state?: RequestState | undefined; readonly before?: string | undefined },
): Promise<AccessRequests> {
  const newest = store
    .select('access_requests')
    .selectAll()
    .orderBy('created_ms', 'desc')
    .orderBy('id', 'desc');
  const ofState = state === undefined ? newest : newest.where('state', '=', state);
  const open =
    before === undefined ? await ofState.where('state', 'in', openStates).limit(mostOpen).execute() : [];
  const last = before === undefined ? undefined : await cursorOf(store, before);
  const older =
    last === undefined
      ? ofState
      : ofState.where((is) =>
          is.or([
            is('created_ms', '<', last.created_ms),
            is.and([is('created_ms', '=', last.created_ms), is('id', '<', last.id)]),
          ]),
        );
  const over = await older
    .where('state', 'not in', openStates)
    .limit(mostShown + 1)
    .execute();
  const page = over.slice(0, mostShown);
  const rows = [...open, ...page].toSorted((one, other) => other.created_ms - one.created_ms);
  const requests = await shownRequests(store, await reader.current(), rows, 'approver');
  const next = page.at(-1)?.id;
  return over.length > page.length && next !== undefined ? { requests, next } : { requests };
}

async function cursorOf(
  store: ScopedStore,
  id: string,
): Promise<Pick<AccessRequestsTable, 'id' | 'created_ms'>> {
  const row = await store
    .select('access_requests')
    .select(['id', 'created_ms'])
    .where('id', '=', id as Id<'req'>)
    .executeTakeFirst();
  if (row === undefined) throw new ProblemError('not-found');
  return row;
}

/** What a person asked for, the newest first, and what they may ask for. */
export async function requestsOf({ store, reader }: Organisation, person: Id<'usr'>): Promise<MyRequests> {
  const state = await reader.current();
  const subject = await subjectOf(store, state, person);
  const own = store.select('access_requests').selectAll().where('person', '=', person);
  const open = own.where('state', 'in', openStates).orderBy('created_ms').limit(mostOpen);
  const over = own.where('state', 'not in', openStates).orderBy('created_ms', 'desc').limit(mostOver);
  const rows = [...(await open.execute()), ...(await over.execute())].toSorted(
    (one, other) => other.created_ms - one.created_ms,
  );
  const requestable = subject === undefined ? [] : requestableFor(state, subject);
  return {
    requests: await shownRequests(store, state, rows, 'asker'),
    requestable: requestable.map(({ resource, rule }) => ({
      resource: resource.definition.name,
      hosts: [...resourceHosts(resource.definition), ...webHostnames(resource.definition)],
      rule: rule.name,
      longestMs: longestOf(rule),
      quorum: quorumOf(rule),
      breakGlass: rule.breakGlass === true,
    })),
  };
}

/** What waits for this approver, and what was answered lately. */
export async function approvalsFor({ store, reader }: Organisation, person: Id<'usr'>): Promise<MyApprovals> {
  const state = await reader.current();
  const subject = await subjectOf(store, state, person);
  const rules =
    subject === undefined ? [] : (state.document.requests ?? []).filter((rule) => mayApprove(rule, subject));
  if (rules.length === 0) return { waiting: [], answered: [] };
  const names = rules.map(({ name }) => name);
  const theirs = store
    .select('access_requests')
    .selectAll()
    .where('rule', 'in', names)
    .where('person', '!=', person);
  const pending = await theirs.where('state', '=', 'pending').orderBy('created_ms').limit(mostOpen).execute();
  const over = await theirs
    .where('state', '!=', 'pending')
    .orderBy('created_ms', 'desc')
    .limit(mostOver)
    .execute();
  const list = await shownRequests(store, state, [...pending.toReversed(), ...over], 'approver');
  const waits = ({ state: is, answers }: AccessRequest): boolean =>
    is === 'pending' && !answers.some(({ who }) => who === person);
  return {
    waiting: list.filter(waits),
    answered: list.filter((each) => !waits(each)).slice(0, mostOver),
  };
}

function shown(
  state: OrganisationState,
  row: AccessRequestsTable,
  person: Subject,
  answers: readonly RequestAnswersTable[],
  people: ReadonlyMap<string, Subject>,
  eyes: Eyes,
): AccessRequest {
  const rule = ruleNamed(state, row.rule);
  const resource = state.resources.find(({ definition }) => definition.name === row.resource);
  const isApprover = eyes === 'approver';
  const isPending = row.state === 'pending' && rule !== undefined && resource !== undefined;
  const nameOf = (who: string): string => (isApprover ? who : (people.get(who)?.name ?? 'an administrator'));
  return {
    id: row.id,
    resource: row.resource,
    rule: row.rule,
    person: {
      id: row.person,
      name: person.name,
      ...(person.email === undefined ? {} : { email: person.email }),
    },
    reason: row.reason,
    state: row.state,
    breakGlass: row.break_glass === 1,
    forMs: row.for_ms,
    asked: instant(row.created_ms),
    answerBy: instant(row.answer_by_ms),
    ...(row.until_ms === null ? {} : { until: instant(row.until_ms) }),
    quorum: rule === undefined ? 0 : quorumOf(rule),
    answers: answers.map(({ who, answer, at_ms: atMs, said, for_ms: forMs, waives }) => ({
      who: nameOf(who),
      answer,
      at: instant(atMs),
      ...(said === null ? {} : { text: said }),
      ...(forMs === null ? {} : { forMs }),
      ...(isApprover ? { waives: JSON.parse(waives) as string[] } : {}),
    })),
    ...(isApprover && isPending ? { waivable: waivableFor(state, rule, person, resource) } : {}),
    ...(isApprover && row.until_ms !== null ? { waives: JSON.parse(row.waives) as string[] } : {}),
    ...(row.ended_ms === null ? {} : { ended: instant(row.ended_ms) }),
    ...(row.ended_by === null ? {} : { endedBy: nameOf(row.ended_by) }),
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
