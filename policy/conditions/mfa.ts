/**
 * `mfa: 12h`: the person used several factors (RFC 8176) at most this long ago. `amr` asks for one of some methods
 * besides; `acr` names the context classes that count as several factors, whatever methods the provider names.
 */
import type { MfaDocument } from '../../protocol/policy-document.ts';
import { parseDuration } from '../../protocol/durations.ts';
import type { Facts } from '../facts.ts';
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
const unknownMethods: Verdict = { met: 'unknown', reason: 'mfa-unknown' };
const otherMethod: Verdict = { met: false, reason: 'mfa-method-not-listed' };
const otherContext: Verdict = { met: false, reason: 'mfa-context-not-listed' };
const unknownContext: Verdict = { met: 'unknown', reason: 'mfa-context-unknown' };
const tooOld: Verdict = { met: false, reason: 'mfa-too-old' };
const unknownTime: Verdict = { met: 'unknown', reason: 'mfa-time-unknown' };

/** The long form of what a policy says. */
export function mfaOf(document: string | MfaDocument): MfaDocument {
  return typeof document === 'string' ? { age: document } : document;
}

export function mfaCondition(document: string | MfaDocument): Condition {
  const { age, amr, acr } = mfaOf(document);
  const maxAgeMs = parseDuration(age);
  if (maxAgeMs === undefined) throw new Error(`"${age}" is no duration`);
  const methods = amr === undefined ? undefined : new Set(amr);
  const contexts = acr === undefined ? undefined : new Set(acr);
  return {
    name: 'mfa',
    judge: ({ nowMs, session }) => {
      const factors = contexts === undefined ? judgeFactors(session) : judgeContext(session, contexts);
      if (factors.met === false) return factors;
      const method = methods === undefined ? fresh : judgeMethods(session, methods);
      if (method.met === false) return method;
      if (session.authTimeMs !== undefined && nowMs >= session.authTimeMs + maxAgeMs) return tooOld;
      if (factors.met === 'unknown') return factors;
      if (method.met === 'unknown') return method;
      return session.authTimeMs === undefined ? unknownTime : fresh;
    },
    nextChangeMs: (facts) =>
      facts.session.authTimeMs === undefined
        ? Number.POSITIVE_INFINITY
        : unlessOver(facts.session.authTimeMs + maxAgeMs, facts),
  };
}

/** `mfa` itself, or methods that prove factors of two kinds; unknown when the provider named no method at all. */
function judgeFactors({ amr }: Facts['session']): Verdict {
  if (amr.length === 0) return unknownMethods;
  let kinds = 0;
  for (const method of amr) {
    if (method === 'mfa') return fresh;
    kinds |= factorBits.get(method) ?? 0;
  }
  // More than one bit is set.
  return (kinds & (kinds - 1)) !== 0 ? fresh : missing;
}

function judgeContext({ acr }: Facts['session'], contexts: ReadonlySet<string>): Verdict {
  if (acr === undefined) return unknownContext;
  return contexts.has(acr) ? fresh : otherContext;
}

function judgeMethods({ amr }: Facts['session'], methods: ReadonlySet<string>): Verdict {
  if (amr.length === 0) return unknownMethods;
  for (const method of amr) if (methods.has(method)) return fresh;
  return otherMethod;
}
