/** One policy as `decide()` sees it, compiled, and the two questions that every part of a decision asks of it. */
import { patternsFor } from '../protocol/email-address.ts';
import type { Door, TargetDocument, WhoDocument } from '../protocol/policy-document.ts';
import type { Condition } from './conditions/condition.ts';
import type { Facts } from './facts.ts';

export type Effect = 'allow' | 'deny' | 'require';

export interface Policy {
  readonly name: string;
  readonly effect: Effect;
  readonly who: WhoDocument;
  /** Of those, this person alone, by id: an approved request. */
  readonly person?: string;
  readonly to: TargetDocument;
  readonly doors: readonly Door[];
  /** Epoch ms; valid from the first, no longer at the second. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly conditions: readonly Condition[];
  /** Names of requires that whom this allow lets in need not meet; absent when it waives none. */
  readonly waives?: ReadonlySet<string>;
}

/** Whether it is about this subject. */
export function isNamed(
  { who, person }: Pick<Policy, 'who' | 'person'>,
  { kind, id, name, email, groups }: Facts['subject'],
): boolean {
  if (person !== undefined && (kind !== 'person' || id !== person)) return false;
  if (who === 'everyone') return true;
  if (groups.some((group) => who.groups?.includes(group))) return true;
  if (kind === 'service') return who.serviceAccounts?.includes(name) === true;
  if (email === undefined) return false;
  if (kind === 'person') return who.people?.some((each) => each.toLowerCase() === email) === true;
  const patterns: readonly string[] = patternsFor(email);
  return who.guests?.some((pattern) => patterns.includes(pattern.toLowerCase())) === true;
}

/** Whether one of these allows, all of which hold, waives every one of these requires. */
export function isWaived(unmet: readonly Policy[], holding: readonly Policy[]): boolean {
  for (const allow of holding) if (waivesAll(allow, unmet)) return true;
  return false;
}

/** Whether this allow waives every one of these requires. */
export function waivesAll({ waives }: Policy, unmet: readonly Policy[]): boolean {
  if (waives === undefined) return unmet.length === 0;
  for (const { name } of unmet) if (!waives.has(name)) return false;
  return true;
}

export function isValid({ fromMs, untilMs }: Policy, nowMs: number): boolean {
  return nowMs >= fromMs && nowMs < untilMs;
}

/** Whether all its conditions hold: false when one is known to fail, else unknown when one is. */
export function holds({ conditions }: Policy, facts: Facts): boolean | 'unknown' {
  let held: boolean | 'unknown' = true;
  for (const condition of conditions) {
    const { met } = condition.judge(facts);
    if (met === false) return false;
    if (met === 'unknown') held = met;
  }
  return held;
}

/**
 * Whether a policy that is selected takes effect: a deny refuses, an allow allows, a require refuses. In doubt the first
 * and the last do, and an allow does not.
 */
export function takesEffect(policy: Policy, facts: Facts): boolean {
  const held = holds(policy, facts);
  if (policy.effect === 'deny') return held !== false;
  if (policy.effect === 'require') return held !== true;
  return held === true;
}
