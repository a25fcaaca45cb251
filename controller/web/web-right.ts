/**
 * What a signed-in browser may open at one hostname now, and what that rests on: decided as everywhere else, with the web
 * door, for every place the browser was seen at.
 */
import type { Name } from '../../protocol/names.ts';
import type { Who } from '../../protocol/web.ts';
import { groupsOfNetwork, whoTold } from '../decisions/told.ts';
import { visitorEntitlements, type Entitlement, type Visitor } from '../decisions/entitlements.ts';
import { longestLifeMs } from '../decisions/revocations.ts';
import type { Subject } from '../decisions/seat.ts';
import { signInFacts } from '../login/sign-in-facts.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { isInvited } from '../guests/invited.ts';
import { originTexts } from '../organisation/resource-web.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import { resourceAtHost } from './connector-web.ts';

export interface WebRight {
  readonly resource: Resource;
  /** Epoch ms at which it ends by itself, within a day. */
  readonly untilMs: number;
  readonly who: Who;
  /** JSON of where the door leads and of who is told to be there: another text is another thing. */
  readonly terms: string;
}

/** The person behind a browser's session, from where it signed in and from these addresses. */
export function visitorOf(subject: Subject, session: SessionsTable, addresses: readonly string[]): Visitor {
  return {
    subject,
    session: signInFacts(session),
    addresses: [...new Set([session.address, ...addresses])],
  };
}

/** What is decided about the resource at `host`; undefined when no door is there. */
export function decideAtHost(
  state: OrganisationState,
  visitor: Visitor,
  host: Name,
  nowMs: number,
): Entitlement | undefined {
  const resource = resourceAtHost(state, host);
  if (resource === undefined) return undefined;
  return visitorEntitlements(state, visitor, nowMs, 'web', [resource])[0];
}

/** The right that follows; undefined when there is none or the session is over. */
export function rightAtHost(
  state: OrganisationState,
  visitor: Visitor,
  session: Pick<SessionsTable, 'ended_ms' | 'until_ms'>,
  host: Name,
  nowMs: number,
): WebRight | undefined {
  if (session.ended_ms !== null || session.until_ms <= nowMs) return undefined;
  const entitlement = decideAtHost(state, visitor, host, nowMs);
  if (entitlement?.state !== 'granted') return undefined;
  const { resource, untilMs } = entitlement;
  // What lets everyone in lets those in who are invited as guests, and nobody from anywhere else.
  const { kind, email = '' } = visitor.subject;
  if (kind === 'guest' && !isInvited(state, resource, email, nowMs)) return undefined;
  const who = whoFor(state, resource, visitor.subject);
  return {
    resource,
    untilMs: Math.min(untilMs ?? Number.POSITIVE_INFINITY, session.until_ms, nowMs + longestLifeMs),
    who,
    terms: JSON.stringify({ door: doorOf(resource), who }),
  };
}

/** Who somebody is to the applications of a resource's network. */
export function whoFor(state: OrganisationState, resource: Resource, subject: Subject): Who {
  return whoTold(subject, groupsOfNetwork(state, resource.network.id));
}

/** Whether two texts of terms lead through the same door, whoever is told to be there. */
export function sameDoor(a: string, b: string): boolean {
  const door = (text: string): string => JSON.stringify((JSON.parse(text) as { door: unknown }).door);
  return door(a) === door(b);
}

function doorOf({ id, network, definition: { web } }: Resource): unknown {
  return [id, network.id, web === undefined ? [] : originTexts(web), web?.originName, web?.originInsecure];
}
