/**
 * Everything that went into a decision, policy by policy, for administrators: the simulator and `why`. Asked for apart
 * from `decide()`, which every decision takes; it carries names of policies that a person may not know.
 */
import type { ReasonName } from '../protocol/reasons.ts';
import type { Condition } from './conditions/condition.ts';
import { decide, type Decision } from './decide.ts';
import type { Facts } from './facts.ts';
import type { Policies } from './policies.ts';
import { holds, isValid, takesEffect, type Effect, type Policy } from './policy.ts';

export interface Trace extends Decision {
  /** Every policy of the organisation, in the order of the document. */
  readonly policies: readonly PolicyTrace[];
}

export type PolicyTrace = { readonly policy: string; readonly effect: Effect } & (
  | { readonly state: 'not-selected'; readonly because: readonly Miss[] }
  | {
      readonly state: 'selected';
      readonly held: boolean | 'unknown';
      /** Whether it counted: a deny that refused, an allow that allowed, a require that refused. */
      readonly inEffect: boolean;
      /** A require that is not met and would have refused, had not the allow that let the request in waived it. */
      readonly waived?: true;
      readonly conditions: readonly ConditionTrace[];
    }
);

/** Which part of a policy did not match: the subject, the resource, the door, or the time. */
export type Miss = 'who' | 'to' | 'doors' | 'validity';

export interface ConditionTrace {
  readonly condition: Condition['name'];
  readonly met: boolean | 'unknown';
  readonly reason: ReasonName;
}

/** The same decision as `decide()`, and what every policy had to do with it. */
export function traceDecision(facts: Facts, policies: Policies): Trace {
  const { decision, reasons, fixable, untilMs } = decide(facts, policies);
  const named = policies.naming(facts);
  return {
    decision,
    reasons,
    fixable,
    untilMs,
    policies: policies.policies.map((policy) => {
      const because: Miss[] = [];
      if (!named.subject.has(policy)) because.push('who');
      if (!named.resource.has(policy)) because.push('to');
      if (!policy.doors.includes(facts.door)) because.push('doors');
      if (!isValid(policy, facts.nowMs)) because.push('validity');
      return because.length > 0
        ? { policy: policy.name, effect: policy.effect, state: 'not-selected', because }
        : traceSelected(policy, facts, decision);
    }),
  };
}

function traceSelected(policy: Policy, facts: Facts, decision: Decision['decision']): PolicyTrace {
  const takes = takesEffect(policy, facts);
  const waived = takes && policy.effect === 'require' && decision === 'allow';
  return {
    policy: policy.name,
    effect: policy.effect,
    state: 'selected',
    held: holds(policy, facts),
    inEffect: takes && !waived,
    ...(waived ? { waived } : {}),
    conditions: policy.conditions.flatMap((condition) =>
      (condition.judgeEach?.(facts) ?? [condition.judge(facts)]).map((verdict) => ({
        condition: condition.name,
        ...verdict,
      })),
    ),
  };
}
