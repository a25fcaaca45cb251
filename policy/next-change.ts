/**
 * `until` of a decision: the first instant at which time alone changes it. Follows every policy concerned through its
 * own changes and adds up what they come to; works for `decide()` alone, and only when somebody asks.
 */
import type { Facts } from './facts.ts';
import { isValid, isWaived, takesEffect, type Policy } from './policy.ts';

/** Nothing signed lives longer than a day, so changes further ahead are found again before they matter. */
const horizonMs = 48 * 3_600_000;

/** A policy begins or ceases to take effect. */
interface Turn {
  readonly atMs: number;
  readonly policy: Policy;
  readonly isInEffect: boolean;
}

/** Epoch ms, at most the horizon ahead; undefined when there is none until then. */
export function nextChange(facts: Facts, concerning: readonly Policy[]): number | undefined {
  if (!mayChange(facts, concerning)) return undefined;
  const inEffect = { allow: new Set<Policy>(), deny: new Set<Policy>(), require: new Set<Policy>() };
  const isAllowed = (): boolean =>
    inEffect.deny.size === 0 &&
    inEffect.allow.size > 0 &&
    (inEffect.require.size === 0 || isWaived([...inEffect.require], [...inEffect.allow]));
  const turns: Turn[] = [];
  const then = { ...facts };
  for (const policy of concerning) {
    then.nowMs = facts.nowMs;
    let was = isInEffect(policy, then);
    if (was) inEffect[policy.effect].add(policy);
    for (let atMs = nextMs(policy, then); atMs <= facts.nowMs + horizonMs; atMs = nextMs(policy, then)) {
      then.nowMs = atMs;
      const is = isInEffect(policy, then);
      if (is !== was) turns.push({ atMs, policy, isInEffect: is });
      was = is;
    }
  }
  const allowedNow = isAllowed();
  turns.sort((a, b) => a.atMs - b.atMs);
  for (const [index, { atMs, policy, isInEffect: is }] of turns.entries()) {
    if (is) inEffect[policy.effect].add(policy);
    else inEffect[policy.effect].delete(policy);
    const isLastOfInstant = turns[index + 1]?.atMs !== atMs;
    if (isLastOfInstant && isAllowed() !== allowedNow) return atMs;
  }
  return undefined;
}

/** Whether there is an allow at all, and a policy that time alone can turn until the horizon: most decisions have none. */
function mayChange(facts: Facts, concerning: readonly Policy[]): boolean {
  let [isAllow, turns] = [false, false];
  for (const policy of concerning) {
    if (policy.effect === 'allow') isAllow = true;
    if (!turns && nextMs(policy, facts) <= facts.nowMs + horizonMs) turns = true;
  }
  return isAllow && turns;
}

function isInEffect(policy: Policy, facts: Facts): boolean {
  return isValid(policy, facts.nowMs) && takesEffect(policy, facts);
}

/** The first instant after `facts.nowMs` at which its validity or one of its conditions may change. */
function nextMs(policy: Policy, facts: Facts): number {
  if (facts.nowMs < policy.fromMs) return policy.fromMs;
  if (facts.nowMs >= policy.untilMs) return Number.POSITIVE_INFINITY;
  let next = policy.untilMs;
  for (const condition of policy.conditions) next = Math.min(next, condition.nextChangeMs(facts));
  return next;
}
