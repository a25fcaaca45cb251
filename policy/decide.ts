/**
 * The one function that decides: deny by default; no selected deny may hold, one selected allow must
 * hold whole, and with it every selected require that this allow does not waive. Pure: controller, command line,
 * simulator and tests call the same.
 */
import type { Reason } from '../protocol/reasons.ts';
import type { Facts } from './facts.ts';
import { nextChange } from './next-change.ts';
import type { Policies } from './policies.ts';
import { isValid, isWaived, takesEffect, waivesAll, type Policy } from './policy.ts';

export interface Decision {
  readonly decision: 'allow' | 'deny';
  readonly reasons: readonly Reason[];
  /** An allow names the person and only conditions of allows and requires fail: the person may know and mend it. */
  readonly fixable: boolean;
  /**
   * The first instant (epoch ms) at which time alone changes the decision, within two days; undefined if none. Worked
   * out when it is read, from the facts that were given, which stay as they are.
   */
  readonly untilMs: number | undefined;
}

export function decide(facts: Facts, policies: Policies): Decision {
  const concerning = policies.concerning(facts);
  const denying: Policy[] = [];
  const holding: Policy[] = [];
  const failing: Policy[] = [];
  const requires: Policy[] = [];
  const unmet: Policy[] = [];
  for (const policy of concerning) {
    if (!isValid(policy, facts.nowMs)) continue;
    const inEffect = takesEffect(policy, facts);
    if (policy.effect === 'allow') (inEffect ? holding : failing).push(policy);
    else if (policy.effect === 'require') {
      requires.push(policy);
      if (inEffect) unmet.push(policy);
    } else if (inEffect) denying.push(policy);
  }
  if (denying.length > 0) {
    const reasons = denying.map(({ name }) => ({ name: 'deny-matches', policy: name }) as const);
    return new Decided('deny', reasons, false, facts, concerning);
  }
  if (holding.length === 0 && failing.length === 0)
    return new Decided('deny', [{ name: 'no-allow' }], false, facts, concerning);
  const allowed = holding.length > 0 && (unmet.length === 0 || isWaived(unmet, holding));
  const reasons: Reason[] = [];
  for (const policy of holding.length > 0 ? holding : failing) {
    // Of several that hold, those count that need none of what is not met.
    if (allowed && unmet.length > 0 && !waivesAll(policy, unmet)) continue;
    reasons.push({ name: 'allow-matches', policy: policy.name });
    addReasons(reasons, policy, facts);
  }
  for (const policy of requires) {
    if (allowed && unmet.includes(policy)) reasons.push({ name: 'require-waived', policy: policy.name });
    else addReasons(reasons, policy, facts);
  }
  return new Decided(allowed ? 'allow' : 'deny', reasons, !allowed, facts, concerning);
}

function addReasons(reasons: Reason[], { name, conditions }: Policy, facts: Facts): void {
  for (const condition of conditions) {
    if (condition.judgeEach === undefined)
      reasons.push({ name: condition.judge(facts).reason, policy: name });
    else for (const { reason } of condition.judgeEach(facts)) reasons.push({ name: reason, policy: name });
  }
}

class Decided implements Decision {
  readonly decision: 'allow' | 'deny';
  readonly reasons: readonly Reason[];
  readonly fixable: boolean;
  readonly #facts: Facts;
  readonly #concerning: readonly Policy[];

  constructor(
    decision: 'allow' | 'deny',
    reasons: readonly Reason[],
    fixable: boolean,
    facts: Facts,
    concerning: readonly Policy[],
  ) {
    this.decision = decision;
    this.reasons = reasons;
    this.fixable = fixable;
    this.#facts = facts;
    this.#concerning = concerning;
  }

  get untilMs(): number | undefined {
    return nextChange(this.#facts, this.#concerning);
  }
}
