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
  return ({ nowMs, session }) => {
    if (!usedSeveralFactors(session.amr)) return { met: false, reason: 'mfa-missing' };
    if (session.authTimeMs === undefined) return { met: 'unknown', reason: 'mfa-too-old' };
    const endMs = session.authTimeMs + maxAgeMs;
    return nowMs < endMs
      ? { met: true, reason: 'mfa-fresh', changesMs: endMs }
      : { met: false, reason: 'mfa-too-old' };
  };
}

/** `mfa` itself, or methods that prove factors of two kinds. */
function usedSeveralFactors(amr: readonly string[]): boolean {
  if (amr.includes('mfa')) return true;
  const factors = amr.filter((method) => Object.hasOwn(factorOf, method)).map((method) => factorOf[method]);
  return new Set(factors).size >= 2;
}
