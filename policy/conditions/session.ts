/** `session: 8h`: the session began at most this long ago. */
import { unlessOver, type Condition, type Verdict } from './condition.ts';

const fresh: Verdict = { met: true, reason: 'session-fresh' };
const tooOld: Verdict = { met: false, reason: 'session-too-old' };

/** For a person as `sessionCondition`; a service account has no sign-in that could be too long ago. */
export function personSessionCondition(maxAgeMs: number): Condition {
  const condition = sessionCondition(maxAgeMs);
  return {
    ...condition,
    judge: (facts) => (facts.subject.kind === 'service' ? fresh : condition.judge(facts)),
    nextChangeMs: (facts) =>
      facts.subject.kind === 'service' ? Number.POSITIVE_INFINITY : condition.nextChangeMs(facts),
  };
}

export function sessionCondition(maxAgeMs: number): Condition {
  return {
    name: 'session',
    judge: ({ nowMs, session }) => (nowMs < session.startedMs + maxAgeMs ? fresh : tooOld),
    nextChangeMs: (facts) => unlessOver(facts.session.startedMs + maxAgeMs, facts),
  };
}
