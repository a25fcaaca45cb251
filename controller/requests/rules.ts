/**
 * What the document says of requests, asked for one person: what they may ask for and by which rule, who may approve it,
 * and what an approval may waive. Pure.
 */
import { isNamed } from '../../policy/policy.ts';
import type { RequestRuleDocument } from '../../protocol/request-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { subjectFacts } from '../decisions/subject-facts.ts';
import type { Subject } from '../decisions/seat.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import { isTarget } from './approved.ts';

/** Whoever may not see a request is told what is told of one that does not exist. */
export const noRequestText =
  'There is no such request for you. The page of requests, or postern request list, has yours and those that wait for you.';

export interface RequestableResource {
  readonly resource: Resource;
  readonly rule: RequestRuleDocument;
}

/** What this person may ask for: for each resource the first rule that serves, and the first that breaks the glass. */
export function requestableFor(state: OrganisationState, subject: Subject): RequestableResource[] {
  if (subject.kind !== 'person') return [];
  const rules = (state.document.requests ?? []).filter(({ who }) => isNamed({ who }, subjectFacts(subject)));
  return state.resources.flatMap((resource) => {
    const serving = rules.filter(({ to }) => isTarget(to, resource.definition));
    const first = [false, true].flatMap(
      (isBreakGlass) => serving.find(({ breakGlass = false }) => breakGlass === isBreakGlass) ?? [],
    );
    return first.map((rule) => ({ resource, rule }));
  });
}

/** The rule of this name; undefined when it is gone. */
export function ruleNamed({ document }: OrganisationState, name: string): RequestRuleDocument | undefined {
  return document.requests?.find((rule) => rule.name === name);
}

/** Whether this person may approve by the rule. Whose request it is, the caller looks at. */
export function mayApprove({ approvers, breakGlass }: RequestRuleDocument, subject: Subject): boolean {
  if (approvers === undefined || breakGlass === true || subject.kind !== 'person') return false;
  return isNamed({ who: approvers }, subjectFacts(subject));
}

/** How many must approve. */
export function quorumOf({ quorum = 1, breakGlass }: RequestRuleDocument): number {
  return breakGlass === true ? 0 : quorum;
}

/** For how long at most. */
export function longestOf({ longest }: RequestRuleDocument): number {
  return parseDuration(longest) ?? 0;
}

/** The requires that hold for this person at this resource and that the rule lets an approval waive, with what they ask for. */
export function waivableFor(
  state: OrganisationState,
  rule: RequestRuleDocument,
  subject: Subject,
  resource: Resource,
): { policy: string; needs: string[] }[] {
  const facts = subjectFacts(subject);
  return state.policies.policies
    .filter(
      (policy) =>
        policy.effect === 'require' &&
        rule.waives?.includes(policy.name) === true &&
        isNamed(policy, facts) &&
        isTarget(policy.to, resource.definition),
    )
    .map(({ name, conditions }) => ({ policy: name, needs: conditions.map((condition) => condition.name) }));
}
