/**
 * What a seat may use and may know of: `decide()` for each resource, and the two things that stand before any policy, a
 * session that is over and a device that is held. Used by grants, snapshots, revocation and the portal alike.
 */
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import type { Door } from '../../protocol/admin.ts';
import type { Reason } from '../../protocol/reasons.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { approvalRule } from '../organisation/settings.ts';
import { whyOver, type Seat, type SeatSession, type Subject } from './seat.ts';

export interface Entitlement {
  readonly resource: Resource;
  readonly state: 'granted' | 'refused';
  /** Whether the person may know that it exists. */
  readonly known: boolean;
  readonly reasons: readonly Reason[];
  /** Epoch ms at which time alone changes it. */
  readonly untilMs?: number;
}

/** A person without a device at hand, as the portal sees them. */
export interface Visitor {
  readonly subject: Subject;
  readonly session: Pick<SeatSession, 'startedMs' | 'authMs' | 'amr' | 'acr'>;
}

/** Every resource of the organisation for this seat, in the order of the document. */
export function entitlements(state: OrganisationState, seat: Seat, nowMs: number): Entitlement[] {
  const { device, session } = seat;
  const over = whyOver(session, nowMs) !== undefined;
  const held = isHeld(state, seat) || device.state !== 'active';
  const withheld: Reason | undefined = over
    ? { name: 'session-too-old' }
    : held
      ? { name: 'device-not-approved' }
      : undefined;
  const facts = deviceFacts(device);
  return state.resources.map((resource) =>
    entitlement(state, resource, factsOf(seat, facts, resource, nowMs, 'client'), withheld),
  );
}

/** Whether the device waits for an administrator: it was let in that way, or the document asks it of every device. */
export function isHeld({ document }: OrganisationState, { device }: Pick<Seat, 'device'>): boolean {
  return device.approval === 'held' || (device.approval === 'none' && approvalRule(document) === 'required');
}

/** The same for a person without a device; conditions that ask for one fail. */
export function visitorEntitlements(
  state: OrganisationState,
  visitor: Visitor,
  nowMs: number,
  door: Door,
): Entitlement[] {
  return state.resources.map((resource) =>
    entitlement(state, resource, factsOf(visitor, { approved: false }, resource, nowMs, door), undefined),
  );
}

function entitlement(
  state: OrganisationState,
  resource: Resource,
  facts: Facts,
  withheld: Reason | undefined,
): Entitlement {
  const { decision, reasons, fixable, untilMs } = decide(facts, state.policies);
  const until = untilMs === undefined ? {} : { untilMs };
  if (decision === 'allow' && withheld === undefined) {
    return { resource, state: 'granted', known: true, reasons, ...until };
  }
  const visibility = resource.definition.visibility ?? 'fixable';
  const mendable = fixable || decision === 'allow';
  const known = visibility === 'everyone' || (visibility === 'fixable' && mendable);
  const shown = decision === 'allow' && withheld !== undefined ? [withheld] : reasons;
  return { resource, state: 'refused', known, reasons: shown, ...until };
}

/** The facts of one question: a seat with its device, or a person without one. */
export function entitlementFacts(who: Seat | Visitor, resource: Resource, nowMs: number, door: Door): Facts {
  const device = 'device' in who ? deviceFacts(who.device) : { approved: false };
  return factsOf(who, device, resource, nowMs, door);
}

function deviceFacts({ approval, posture }: Seat['device']): Facts['device'] {
  return { approved: approval === 'approved', ...(posture === undefined ? {} : { posture }) };
}

function factsOf(
  { subject, session }: Visitor,
  device: Facts['device'],
  { definition }: Resource,
  nowMs: number,
  door: Door,
): Facts {
  const { kind, name, email, groups } = subject;
  return {
    nowMs,
    door,
    subject: { kind, name, groups, ...(email === undefined ? {} : { email: email.toLowerCase() }) },
    session: {
      startedMs: session.startedMs,
      amr: session.amr,
      ...(session.authMs === undefined ? {} : { authTimeMs: session.authMs }),
      ...(session.acr === undefined ? {} : { acr: session.acr }),
    },
    device,
    resource: { name: definition.name, tags: definition.tags ?? [] },
  };
}
