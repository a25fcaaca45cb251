/** `mfa: 12h`: the person used several factors (RFC 8176) at most this long ago. */
import type { Condition } from './condition.ts';

/** Which kind of factor a method proves; methods not listed here prove none. */
const factorOf: Record<string, 'knows' | 'has' | 'is'> = {
  pwd: 'knows',
  pin: 'knows',
  kba: 'knows',
  otp: 'has',
  hwk: 'has',
  swk: 'has',
  sc: 'has',
  sms: 'has',
  tel: 'has',
  pop: 'has',
  face: 'is',
  fpt: 'is',
  iris: 'is',
  retina: 'is',
  vbm: 'is',
};

export function mfaCondition(maxAgeMs: number): Condition {
  return ({ nowMs, session: { amr, authTimeMs } }) => {
    const several = usedSeveralFactors(amr);
    if (several === false) return { met: false, reason: 'mfa-missing' };
    const reason = several === true ? 'mfa-too-old' : 'mfa-missing';
    if (authTimeMs === undefined) return { met: 'unknown', reason };
    const endMs = authTimeMs + maxAgeMs;
    if (nowMs >= endMs) return { met: false, reason };
    return several === true
      ? { met: true, reason: 'mfa-fresh', changesMs: endMs }
      : { met: 'unknown', reason, changesMs: endMs };
  };
}

/** `mfa` itself, or methods that prove factors of two kinds; unknown when the provider named no method at all. */
function usedSeveralFactors(amr: readonly string[]): boolean | 'unknown' {
  if (amr.length === 0) return 'unknown';
  if (amr.includes('mfa')) return true;
  const factors = amr.filter((method) => Object.hasOwn(factorOf, method)).map((method) => factorOf[method]);
  return new Set(factors).size >= 2;
}
