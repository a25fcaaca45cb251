/** `lockUnused: 30d` of a resource: the person has used it within so long. Nobody else can ask for it again, so nobody else is locked out. */
import { unlessOver, type Condition, type Verdict } from './condition.ts';

const used: Verdict = { met: true, reason: 'used-recently' };
const unused: Verdict = { met: false, reason: 'unused-too-long' };

/** Of whom no use is known, the time begins to count now: they cannot have let it lie. */
export function recentUseCondition(longestMs: number): Condition {
  return {
    name: 'use',
    judge: ({ nowMs, subject, resource }) => {
      const usedMs = subject.usedMs?.get(resource.name) ?? nowMs;
      return subject.kind !== 'person' || nowMs < usedMs + longestMs ? used : unused;
    },
    nextChangeMs: (facts) => {
      const usedMs = facts.subject.usedMs?.get(facts.resource.name);
      return facts.subject.kind !== 'person' || usedMs === undefined
        ? Number.POSITIVE_INFINITY
        : unlessOver(usedMs + longestMs, facts);
    },
  };
}
