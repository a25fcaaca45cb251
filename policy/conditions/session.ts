/** `session: 8h`: the session began at most this long ago. */
import { unlessOver, type Condition, type Verdict } from './condition.ts';

const fresh: Verdict = { met: true, reason: 'session-fresh' };
const tooOld: Verdict = { met: false, reason: 'session-too-old' };

export function sessionCondition(maxAgeMs: number): Condition {
  return {
    name: 'session',
    judge: ({ nowMs, session }) => (nowMs < session.startedMs + maxAgeMs ? fresh : tooOld),
    nextChangeMs: (facts) => unlessOver(facts.session.startedMs + maxAgeMs, facts),
  };
}
