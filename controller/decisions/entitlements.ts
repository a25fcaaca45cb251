/**
 * What a seat may use and may know of: `decide()` for each resource, and what stands before any policy, a session that is
 * over and a device that is held, suspended or blocked. Used by grants, snapshots, revocation and the portal alike.
 */
import { decide, type Decision } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import type { Door } from '../../protocol/policy-document.ts';
import type { Reason } from '../../protocol/reasons.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { approvalRule } from '../organisation/settings.ts';
import { pickClaims } from '../posture/device-claims.ts';
import { sourceOf } from '../source/source-of.ts';
import { candidatesFor } from './candidates.ts';
import { whyOver, type Seat, type SeatSession, type Subject } from './seat.ts';
import { subjectFacts } from './subject-facts.ts';

export interface Entitlement {
  readonly resource: Resource;
  readonly state: 'granted' | 'refused';
  /** Whether the person may know that it exists. */
  readonly known: boolean;
  /** As the person may see them: policies are named only where they allow. */
  readonly reasons: readonly Reason[];
  /** The same with the name of every policy, for the controller alone. */
  readonly judged: readonly Reason[];
  /** Epoch ms at which time alone changes it. */
  readonly untilMs?: number;
}

/** A person without a device at hand, as the portal sees them. */
export interface Visitor {
  readonly subject: Subject;
  readonly session: Pick<SeatSession, 'startedMs' | 'authMs' | 'amr' | 'acr'>;
  /**
   * Where the browser signed in, and where it asks from. Both must be allowed: neither a cookie that travels nor a sign-in
   * from the right place is enough.
   */
  readonly addresses: readonly string[];
}

/** The facts about a subject and a device that are the same for every resource. */
export type Circumstances = Omit<Facts, 'nowMs' | 'door' | 'resource'>;

/**
 * What this seat may use or know of, and what is refused though an allow names it, in the order of the document. A resource
 * that is absent is refused and hidden. `only` limits it to resources of these names.
 */
export function entitlements(
  state: OrganisationState,
  seat: Seat,
  nowMs: number,
  only: ReadonlySet<string> | 'all' = 'all',
): Entitlement[] {
  const candidates = candidatesFor(state, seat.subject);
  const chosen =
    only === 'all' ? candidates : candidates.filter(({ definition }) => only.has(definition.name));
  return entitlementsTo(state, seat, chosen, nowMs);
}

/** The same for these resources, whether or not an allow names the seat. */
export function entitlementsTo(
  state: OrganisationState,
  seat: Seat,
  resources: readonly Resource[],
  nowMs: number,
): Entitlement[] {
  const of = circumstancesOf(state, seat);
  const questions = resources.map((resource) => [resource, factsOf(of, resource, nowMs, 'client')] as const);
  return entitlementsOn(state, questions, withheldFrom(state, seat, nowMs));
}

/** The same on these facts. Whatever it reads of them it has read when it returns. */
export function entitlementsOn(
  { policies }: OrganisationState,
  questions: readonly (readonly [Resource, Facts])[],
  withheld: Reason | undefined,
): Entitlement[] {
  return questions.map(([resource, facts]) => entitlement(resource, decide(facts, policies), withheld));
}

/** Whether the device waits for an administrator: it was let in that way, or the document asks it of every device. */
function isHeld({ document }: OrganisationState, { device }: Pick<Seat, 'device'>): boolean {
  return device.approval === 'held' || (device.approval === 'none' && approvalRule(document) === 'required');
}

/** The same for a person without a device; conditions that ask for one fail. `resources`: of these, whatever names them. */
export function visitorEntitlements(
  state: OrganisationState,
  visitor: Visitor,
  nowMs: number,
  door: Door,
  resources: readonly Resource[] = candidatesFor(state, visitor.subject),
): Entitlement[] {
  const circumstances = visitorCircumstances(state, visitor, door);
  return resources.map((resource) => {
    const everywhere = circumstances.map((of) =>
      entitlement(resource, decide(factsOf(of, resource, nowMs, door), state.policies), undefined),
    );
    return strictest(everywhere);
  });
}

/** What stands before any policy: a session that is over, a device that may use nothing. */
export function withheldFrom(state: OrganisationState, seat: Seat, nowMs: number): Reason | undefined {
  const { session, device } = seat;
  if (whyOver(session, nowMs) !== undefined) return { name: 'session-ended' };
  if (device.state === 'blocked') return { name: 'device-blocked' };
  if (device.state === 'suspended') return { name: 'device-suspended' };
  return isHeld(state, seat) ? { name: 'device-not-approved' } : undefined;
}

/** What is known of a seat whatever it asks for. */
export function circumstancesOf({ countries }: OrganisationState, seat: Seat): Circumstances {
  const { device } = seat;
  const source = sourceOf(device.address, countries);
  return {
    ...aboutSubject(seat),
    ...(source === undefined ? {} : { source }),
    device: { approved: device.approval === 'approved', ...pickClaims(device) },
  };
}

/** What is known of a person without a device, at each place that counts. */
function visitorCircumstances(
  state: OrganisationState,
  visitor: Visitor,
  door: Door,
): readonly [Circumstances, ...Circumstances[]] {
  const device = door === 'web' ? ({ approved: false, absent: true } as const) : { approved: false };
  const about = { ...aboutSubject(visitor), device };
  const places = new Map(visitor.addresses.map((address) => placeOf(state, address)));
  const [first, ...others] = [...places.values()].map((source) =>
    source === undefined ? about : { ...about, source },
  );
  return first === undefined ? [about] : [first, ...others];
}

/** The facts of one question: a seat with its device, or a person without one, where they signed in. */
export function questionFacts(
  state: OrganisationState,
  who: Seat | Visitor,
  resource: Resource,
  nowMs: number,
  door: Door,
): Facts {
  const [of] = 'device' in who ? [circumstancesOf(state, who)] : visitorCircumstances(state, who, door);
  return factsOf(of, resource, nowMs, door);
}

export function aboutSubject({
  subject,
  session,
}: {
  readonly subject: Omit<Subject, 'id'>;
  readonly session: Visitor['session'];
}): Pick<Circumstances, 'subject' | 'session'> {
  return {
    subject: subjectFacts(subject),
    session: {
      startedMs: session.startedMs,
      amr: session.amr,
      ...(session.authMs === undefined ? {} : { authTimeMs: session.authMs }),
      ...(session.acr === undefined ? {} : { acr: session.acr }),
    },
  };
}

export function factsOf(
  circumstances: Circumstances,
  { definition }: Resource,
  nowMs: number,
  door: Door,
): Facts {
  return {
    ...circumstances,
    nowMs,
    door,
    resource: { name: definition.name, tags: definition.tags ?? [] },
  };
}

/** What a decision comes to for who asked: whether it counts, and how much of it they may know. */
export function entitlement(
  resource: Resource,
  { decision, reasons, fixable, untilMs }: Decision,
  withheld: Reason | undefined,
): Entitlement {
  const until = untilMs === undefined ? {} : { untilMs };
  if (decision === 'allow' && withheld === undefined) {
    const shown = shownReasons(reasons);
    return { resource, state: 'granted', known: true, reasons: shown, judged: reasons, ...until };
  }
  const visibility = resource.definition.visibility ?? 'fixable';
  const mendable = fixable || decision === 'allow';
  const known = visibility === 'everyone' || (visibility === 'fixable' && mendable);
  const shown = decision === 'allow' && withheld !== undefined ? [withheld] : shownReasons(reasons);
  return { resource, state: 'refused', known, reasons: shown, judged: reasons, ...until };
}

/** Names of denies and requires are not for the person: they may speak of people and things that are not theirs. */
function shownReasons(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.every(({ name, policy }) => name === 'allow-matches' || policy === undefined)) return reasons;
  const allows = new Set<string | undefined>();
  for (const { name, policy } of reasons) if (name === 'allow-matches') allows.add(policy);
  return reasons.map((reason) =>
    reason.policy === undefined || allows.has(reason.policy) ? reason : { name: reason.name },
  );
}

/** A place by how it is judged, so that one that is named twice is judged once. */
function placeOf(
  { countries }: OrganisationState,
  address: string,
): readonly [string, NonNullable<Facts['source']> | undefined] {
  const source = sourceOf(address, countries);
  return [source?.address ?? '', source];
}

/** A refusal before a grant, hidden before known; of what is granted, the one that ends first. */
function strictest(list: readonly Entitlement[]): Entitlement {
  return list.reduce((strict, next) => {
    if (strict.state !== next.state) return strict.state === 'refused' ? strict : next;
    if (strict.known !== next.known) return strict.known ? next : strict;
    return (next.untilMs ?? Number.POSITIVE_INFINITY) < (strict.untilMs ?? Number.POSITIVE_INFINITY)
      ? next
      : strict;
  });
}
