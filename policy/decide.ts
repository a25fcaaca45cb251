/**
 * The one function that decides (DESIGN section 8): deny by default; no selected deny may hold, one selected allow and
 * every selected require must hold whole. Pure: controller, command line, simulator and tests call the same.
 */
import type { Reason } from '../protocol/reasons.ts';
import type { Verdict } from './conditions/condition.ts';
import type { Facts } from './facts.ts';
import type { Policies, Policy } from './policies.ts';

export interface Decision {
  readonly decision: 'allow' | 'deny';
  readonly reasons: readonly Reason[];
  /** An allow names the person and only conditions of allows and requires fail: the person may know and mend it. */
  readonly fixable: boolean;
  /** The first instant (epoch ms) at which time alone changes the decision, within the horizon; absent if none. */
  readonly untilMs?: number;
}

/** Nothing signed lives longer than a day, so changes further ahead are found again before they matter. */
const horizonMs = 48 * 3_600_000;
/** Where time changes this often without changing the decision, the last instant looked at is given instead. */
const maxSteps = 64;

export function decide(facts: Facts, policies: Policies): Decision {
  const concerning = policies.filter((policy) => policy.concerns(facts));
  const now = evaluate(facts, concerning);
  const untilMs = firstChange(facts, concerning, now);
  const { decision, reasons, fixable } = now;
  return { decision, reasons, fixable, ...(untilMs === undefined ? {} : { untilMs }) };
}

interface Evaluation extends Omit<Decision, 'untilMs'> {
  /** The first instant at which anything looked at changes; infinite when nothing does. */
  readonly nextMs: number;
}

function firstChange(facts: Facts, concerning: Policies, now: Evaluation): number | undefined {
  let instant = now.nextMs;
  for (let step = 0; step < maxSteps; step++) {
    if (instant > facts.nowMs + horizonMs) return undefined;
    const then = evaluate({ ...facts, nowMs: instant }, concerning);
    if (then.decision !== now.decision) return instant;
    instant = then.nextMs;
  }
  return instant;
}

function evaluate(facts: Facts, concerning: Policies): Evaluation {
  let nextMs = Number.POSITIVE_INFINITY;
  const note = (instant: number): void => {
    if (instant > facts.nowMs) nextMs = Math.min(nextMs, instant);
  };
  const trials: Trial[] = [];
  for (const policy of concerning) {
    note(policy.fromMs);
    note(policy.untilMs);
    if (facts.nowMs < policy.fromMs || facts.nowMs >= policy.untilMs) continue;
    const trial = tryPolicy(policy, facts);
    for (const { changesMs } of trial.verdicts) if (changesMs !== undefined) note(changesMs);
    trials.push(trial);
  }
  return { ...conclude(trials), nextMs };
}

/** One selected policy and how its conditions came out. */
interface Trial {
  readonly policy: Policy;
  readonly verdicts: readonly Verdict[];
  readonly held: boolean | 'unknown';
}

function tryPolicy(policy: Policy, facts: Facts): Trial {
  const verdicts = policy.conditions.map((condition) => condition(facts));
  const failed = verdicts.some((verdict) => verdict.met === false);
  const unknown = verdicts.some((verdict) => verdict.met === 'unknown');
  return { policy, verdicts, held: failed ? false : unknown ? 'unknown' : true };
}

function conclude(trials: readonly Trial[]): Omit<Decision, 'untilMs'> {
  const of = (effect: Policy['effect']): Trial[] => trials.filter(({ policy }) => policy.effect === effect);
  const denying = of('deny').filter(({ held }) => held !== false);
  if (denying.length > 0) {
    const reasons = denying.map(({ policy }) => ({ name: 'deny-matches', policy: policy.name }) as const);
    return { decision: 'deny', reasons, fixable: false };
  }
  const allows = of('allow');
  if (allows.length === 0) return { decision: 'deny', reasons: [{ name: 'no-allow' }], fixable: false };
  const holding = allows.filter(({ held }) => held === true);
  const requires = of('require');
  const allowed = holding.length > 0 && requires.every(({ held }) => held === true);
  const shown = [...(holding.length > 0 ? holding : allows), ...requires];
  const reasons = shown.flatMap(reasonsOf);
  return { decision: allowed ? 'allow' : 'deny', reasons: distinct(reasons), fixable: !allowed };
}

function reasonsOf({ policy, verdicts }: Trial): Reason[] {
  const named = verdicts.map(({ reason }) => ({ name: reason, policy: policy.name }));
  return policy.effect === 'allow' ? [{ name: 'allow-matches', policy: policy.name }, ...named] : named;
}

function distinct(reasons: readonly Reason[]): Reason[] {
  const seen = new Set<string>();
  return reasons.filter(({ name, policy }) => {
    const key = JSON.stringify([name, policy]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
