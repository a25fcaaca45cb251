/**
 * Who may use what as it stands now: for each subject that an allow names and each resource it speaks of, whether it may be
 * used with what is open, and what stands in the way. Decided as everywhere else; changes nothing.
 */
import { traceDecision } from '../../policy/trace.ts';
import type { EffectiveAccess, EffectiveAccessList } from '../../protocol/effective-access.ts';
import type { NodeId } from '../../protocol/ids.ts';
import { readableReason } from '../../protocol/reasons.ts';
import type { Organisation } from '../context.ts';
import { candidatesFor } from '../decisions/candidates.ts';
import {
  aboutSubject,
  entitlementsTo,
  factsOf,
  visitorEntitlements,
  type Entitlement,
} from '../decisions/entitlements.ts';
import { subjectsOf, type Subject } from '../decisions/seat.ts';
import { signInFacts } from '../login/sign-in-facts.ts';
import { isInvited } from '../guests/invited.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { openNow, type OpenNow } from '../organisation/plan/plan-subjects.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Rows of one answer. */
const maxRows = 2_000;

/** One thing to look from: a resource by its name, a subject by its id, or a device by its id, as its owner on it alone. */
export type AccessAsked =
  { readonly resource: string } | { readonly subject: string } | { readonly device: string };

/** Undefined when there is no such thing. */
export async function effectiveAccess(
  { store, reader }: Organisation,
  asked: AccessAsked,
  nowMs: number,
): Promise<EffectiveAccessList | undefined> {
  const state = await reader.current();
  const all = await openNow(store, state, nowMs);
  if (!('resource' in asked)) {
    const id = 'subject' in asked ? asked.subject : await ownerOf(store, asked.device);
    const subject = id === undefined ? undefined : (await subjectsOf(store, state, [id])).get(id);
    if (subject === undefined) return undefined;
    const open = 'subject' in asked ? all : onlyOn(all, subject, asked.device);
    const allowed = candidatesFor(state, subject).map((resource) =>
      accessTo(state, subject, resource, open, nowMs),
    );
    return cut(allowed.filter((row) => row !== undefined));
  }
  const resource = state.resources.find(({ definition }) => definition.name === asked.resource);
  if (resource === undefined) return undefined;
  const people = await store.select('people').select('id').orderBy('name').execute();
  const ids = [...people.map(({ id }) => id), ...state.serviceAccounts.map(({ id }) => id)];
  const rows: EffectiveAccess[] = [];
  for (const subject of (await subjectsOf(store, state, ids)).values()) {
    if (!candidatesFor(state, subject).includes(resource)) continue;
    const row = accessTo(state, subject, resource, all, nowMs);
    if (row !== undefined) rows.push(row);
  }
  return cut(rows);
}

async function ownerOf(store: ScopedStore, device: string): Promise<string | undefined> {
  const row = await store
    .select('nodes')
    .select('owner')
    .where('id', '=', device as NodeId)
    .where('kind', '=', 'device')
    .executeTakeFirst();
  return row?.owner ?? undefined;
}

/** What this subject has open on one device, and nothing else. */
function onlyOn({ seats }: OpenNow, { id }: Subject, device: string): OpenNow {
  const own = (seats.get(id) ?? []).filter((seat) => seat.device.id === device);
  return { seats: new Map([[id, own]]), browsers: new Map() };
}

/** Those who may use it first; undefined when no allow speaks of both. */
function accessTo(
  state: OrganisationState,
  subject: Subject,
  resource: Resource,
  open: OpenNow,
  nowMs: number,
): EffectiveAccess | undefined {
  const policies = allowsOf(state, subject, resource, nowMs);
  if (policies.length === 0) return undefined;
  // What is for everyone lets in only guests who are invited there.
  if (subject.kind === 'guest' && !isInvited(state, resource, subject.email ?? '', nowMs)) return undefined;
  const seats = (open.seats.get(subject.id) ?? []).flatMap((seat) =>
    entitlementsTo(state, seat, [resource], nowMs),
  );
  const browsers =
    resource.definition.web === undefined
      ? []
      : (open.browsers.get(subject.id) ?? []).flatMap((session) => {
          const visitor = { subject, session: signInFacts(session), addresses: [session.address] };
          return visitorEntitlements(state, visitor, nowMs, 'web', [resource]);
        });
  const isGranted = (list: readonly Entitlement[]): boolean => list.some((each) => each.state === 'granted');
  const doors = [
    ...(isGranted(seats) ? (['client'] as const) : []),
    ...(isGranted(browsers) ? (['web'] as const) : []),
  ];
  const [first] = [...seats, ...browsers];
  const unmet = (first?.reasons ?? []).filter((reason) => !readableReason(reason).met);
  return {
    subject: { id: subject.id, kind: subject.kind, name: subject.email ?? subject.name },
    resource: resource.definition.name,
    policies,
    state: doors.length > 0 ? 'now' : first === undefined ? 'idle' : 'refused',
    doors,
    reasons: doors.length > 0 ? [] : unmet.map((reason) => readableReason(reason)),
  };
}

/** The names of the allows that select both, whatever they and others ask for besides. */
function allowsOf(state: OrganisationState, subject: Subject, resource: Resource, nowMs: number): string[] {
  const about = aboutSubject({ subject, session: { startedMs: nowMs, amr: [] } });
  const names = new Set<string>();
  for (const door of ['client', 'web'] as const) {
    const facts = factsOf({ ...about, device: { approved: false } }, resource, nowMs, door);
    for (const each of traceDecision(facts, state.policies).policies)
      if (each.effect === 'allow' && each.state === 'selected') names.add(each.policy);
  }
  return [...names];
}

const order: Readonly<Record<EffectiveAccess['state'], number>> = { now: 0, refused: 1, idle: 2 };

function cut(rows: readonly EffectiveAccess[]): EffectiveAccessList {
  const sorted = rows.toSorted((a, b) => order[a.state] - order[b.state]);
  return { list: sorted.slice(0, maxRows), more: Math.max(0, sorted.length - maxRows) };
}
