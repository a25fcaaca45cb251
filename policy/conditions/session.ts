/** `session: 8h`: the session began at most this long ago. */
import type { Condition } from './condition.ts';

export function sessionCondition(maxAgeMs: number): Condition {
  return ({ nowMs, session }) => {
    const endMs = session.startedMs + maxAgeMs;
    return nowMs < endMs
      ? { met: true, reason: 'session-fresh', changesMs: endMs }
      : { met: false, reason: 'session-too-old' };
  };
}
