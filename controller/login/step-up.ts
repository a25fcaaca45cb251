/**
 * What a new sign-in would have to bring so that a resource's conditions hold: how long ago at most, and of which context
 * class. Read from the conditions that fail now, and asked again of the answer: a provider that ignored it mends nothing.
 */
import type { Facts } from '../../policy/facts.ts';
import { isValid, takesEffect, type Policy } from '../../policy/policy.ts';
import type { Door } from '../../protocol/policy-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import { entitlements, questionFacts, visitorEntitlements } from '../decisions/entitlements.ts';
import type { Visitor } from '../decisions/entitlements.ts';
import type { Seat } from '../decisions/seat.ts';
import { resourceHosts } from '../organisation/resource-hosts.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';

/** What to ask a provider for. */
export interface StepUp {
  /** The sign-in is at most so old (`max_age`). */
  readonly maxAgeS?: number;
  /** Context classes that would do (`acr_values`), the wanted one first. */
  readonly acrValues: readonly string[];
  /** Nothing but a new sign-in can bring a further factor (`prompt=login`). */
  readonly anew: boolean;
}

/** Conditions that a sign-in can mend. */
const mendable = new Set(['mfa', 'session']);

/** A resource by its name or a host name that leads to it, where this person may know of it; hidden and unknown ones are alike. */
export function knownResource(
  state: OrganisationState,
  who: Seat | Visitor,
  name: string,
  nowMs: number,
  door: Door = 'client',
): Resource | undefined {
  const list =
    'device' in who ? entitlements(state, who, nowMs) : visitorEntitlements(state, who, nowMs, door);
  return list.find(
    ({ resource, known }) =>
      known &&
      (resource.definition.name === name ||
        resourceHosts(resource.definition).some((host) => host === name.toLowerCase())),
  )?.resource;
}

/** What a sign-in has to bring for this resource; undefined when no condition fails that it could mend. */
export function stepUpFor(
  state: OrganisationState,
  who: Seat | Visitor,
  resource: Resource,
  nowMs: number,
  door: Door = 'client',
): StepUp | undefined {
  const facts = questionFacts(state, who, resource, nowMs, door);
  const valid = state.policies.concerning(facts).filter((policy) => isValid(policy, nowMs));
  const requires = valid.filter(({ effect }) => effect === 'require');
  const allows = valid.filter(({ effect }) => effect === 'allow');
  // Allows add up: one of them is enough, so the first that a sign-in alone can mend is asked for.
  const allow = allows.some((policy) => takesEffect(policy, facts))
    ? undefined
    : (allows.find((policy) => failing(policy, facts).every(({ name }) => mendable.has(name))) ?? allows[0]);
  let maxAgeS: number | undefined;
  let anew = false;
  let fails = false;
  const acrValues = new Set<string>();
  for (const policy of [...(allow === undefined ? [] : [allow]), ...requires]) {
    for (const condition of failing(policy, facts)) {
      if (!mendable.has(condition.name)) continue;
      fails = true;
      const { ageMs, acr } = demandOf(state, policy, condition.name, resource);
      if (ageMs !== undefined) maxAgeS = Math.min(maxAgeS ?? Infinity, Math.floor(ageMs / 1_000));
      for (const value of acr) acrValues.add(value);
      if (condition.name === 'mfa' && acr.length === 0 && condition.judge(facts).reason !== 'mfa-too-old')
        anew = true;
    }
  }
  if (!fails) return undefined;
  return { ...(maxAgeS === undefined ? {} : { maxAgeS }), acrValues: [...acrValues], anew };
}

function failing({ conditions }: Policy, facts: Facts): Policy['conditions'][number][] {
  return conditions.filter((condition) => condition.judge(facts).met !== true);
}

/** What the document says behind a condition: how old, and which context classes. */
function demandOf(
  { document }: OrganisationState,
  { name }: Policy,
  condition: string,
  { definition }: Resource,
): { ageMs: number | undefined; acr: readonly string[] } {
  const when = document.policies?.find((policy) => policy.name === name)?.when;
  if (condition === 'session') {
    const text = when === undefined ? definition.session : when.session;
    return { ageMs: text === undefined ? undefined : parseDuration(text), acr: [] };
  }
  const mfa = when?.mfa as string | { readonly age?: string; readonly acr?: readonly string[] } | undefined;
  if (mfa === undefined) return { ageMs: undefined, acr: [] };
  if (typeof mfa === 'string') return { ageMs: parseDuration(mfa), acr: [] };
  return { ageMs: mfa.age === undefined ? undefined : parseDuration(mfa.age), acr: mfa.acr ?? [] };
}
