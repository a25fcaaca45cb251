/** Whether somebody may use something with the devices and sessions they have open now, as grants and portal decide it. */
import type { Door } from '../../../protocol/policy-document.ts';
import type { Facts } from '../../../policy/facts.ts';
import { entitlementsTo, visitorEntitlements, type Visitor } from '../../decisions/entitlements.ts';
import type { Subject } from '../../decisions/seat.ts';
import { signInFacts } from '../../login/sign-in-facts.ts';
import type { SessionsTable } from '../../store/tables/people.ts';
import type { OrganisationState, Resource } from '../organisation-state.ts';
import type { Member, OpenNow } from './plan-subjects.ts';

export interface Asked {
  readonly subject: Facts['subject'] | undefined;
  readonly member: Member;
  readonly door: Door;
  readonly open: OpenNow;
  readonly nowMs: number;
}

/** Undefined when there is nothing open to decide about: no device or browser, no such resource, nobody there. */
export function isGrantedNow(
  state: OrganisationState,
  resource: Resource | undefined,
  { subject, member, door, open, nowMs }: Asked,
): boolean | undefined {
  if (subject === undefined || resource === undefined) return undefined;
  const { id } = member;
  const { groups } = subject;
  if (door === 'client')
    return open.seats.get(id)?.some((seat) => {
      const own = { ...seat, subject: { ...seat.subject, groups } };
      return entitlementsTo(state, own, [resource], nowMs)[0]?.state === 'granted';
    });
  const alone = { ...state, resources: [resource] };
  return open.browsers.get(id)?.some((session) => {
    const visitor = visitorOf(session, subject, member);
    return visitorEntitlements(alone, visitor, nowMs, 'web')[0]?.state === 'granted';
  });
}

function visitorOf(
  session: SessionsTable,
  { kind, name, email, groups }: Facts['subject'],
  { usedMs }: Member,
): Visitor {
  const subject: Subject = {
    kind,
    id: session.subject as Subject['id'],
    name,
    groups,
    ...(email === undefined ? {} : { email }),
    ...(usedMs === undefined ? {} : { usedMs }),
  };
  return {
    subject,
    session: signInFacts(session),
    addresses: [session.address],
  };
}
