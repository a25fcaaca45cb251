/** `mfa: 12h`: the person used several factors (RFC 8176) at most this long ago. */
import { unlessOver, type Condition, type Verdict } from './condition.ts';

/** Which kind of factor each method proves, as a bit; methods not listed here prove none. */
const factorBits = new Map(
  Object.entries({
    knows: ['pwd', 'pin', 'kba'],
    has: ['otp', 'hwk', 'swk', 'sc', 'sms', 'tel', 'pop'],
    is: ['face', 'fpt', 'iris', 'retina', 'vbm'],
  }).flatMap(([, methods], kind) => methods.map((method) => [method, 1 << kind] as const)),
);

const fresh: Verdict = { met: true, reason: 'mfa-fresh' };
const missing: Verdict = { met: false, reason: 'mfa-missing' };
const tooOld: Verdict = { met: false, reason: 'mfa-too-old' };
const unknownMethods: Verdict = { met: 'unknown', reason: 'mfa-missing' };
const unknownTime: Verdict = { met: 'unknown', reason: 'mfa-too-old' };

export function mfaCondition(maxAgeMs: number): Condition {
  return {
    name: 'mfa',
    judge: ({ nowMs, session: { amr, authTimeMs } }) => {
      const several = usedSeveralFactors(amr);
      const isOver = authTimeMs !== undefined && nowMs >= authTimeMs + maxAgeMs;
      if (several === false || (several === 'unknown' && isOver)) return missing;
      if (several === 'unknown') return unknownMethods;
      if (authTimeMs === undefined) return unknownTime;
      return isOver ? tooOld : fresh;
    },
    nextChangeMs: (facts) =>
      facts.session.authTimeMs === undefined
        ? Number.POSITIVE_INFINITY
        : unlessOver(facts.session.authTimeMs + maxAgeMs, facts),
  };
}

/** `mfa` itself, or methods that prove factors of two kinds; unknown when the provider named no method at all. */
function usedSeveralFactors(amr: readonly string[]): boolean | 'unknown' {
  if (amr.length === 0) return 'unknown';
  let kinds = 0;
  for (const method of amr) {
    if (method === 'mfa') return true;
    kinds |= factorBits.get(method) ?? 0;
  }
  // More than one bit is set.
  return (kinds & (kinds - 1)) !== 0;
}
