/** Who may come as a guest, and where: whom an allow in force names as one for the resource of a hostname. */
import { patternsFor, type Email } from '../../protocol/email-address.ts';
import type { Policy } from '../../policy/policy.ts';
import { isValid } from '../../policy/policy.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';

/** Whether anybody at all is invited there. */
export function hasGuests(state: OrganisationState, resource: Resource, nowMs: number): boolean {
  return invitations(state, resource, nowMs).length > 0;
}

/** Whether this address is: the condition of being a guest there at all; what else is asked of them is decided apart. */
export function isInvited(
  state: OrganisationState,
  resource: Resource,
  email: Email | string,
  nowMs: number,
): boolean {
  const patterns: readonly string[] = patternsFor(email);
  return invitations(state, resource, nowMs).some((list) =>
    list.some((pattern) => patterns.includes(pattern.toLowerCase())),
  );
}

function invitations(
  { policies }: OrganisationState,
  { definition: { name, tags = [] } }: Resource,
  nowMs: number,
): (readonly string[])[] {
  const isAbout = ({ to }: Policy): boolean =>
    to === 'everything' ||
    to.resources?.includes(name) === true ||
    tags.some((tag) => to.tags?.includes(tag) === true);
  return policies.policies.flatMap((policy) => {
    const { effect, who, doors } = policy;
    if (effect !== 'allow' || who === 'everyone' || who.guests === undefined) return [];
    return doors.includes('web') && isValid(policy, nowMs) && isAbout(policy) ? [who.guests] : [];
  });
}
