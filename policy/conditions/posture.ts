/**
 * `posture: [healthy]`: the device meets every named profile by what it last reported. A fact that is missing is
 * unknown, one that is too old fails; each with its own reason.
 */
import type { PostureProfileDocument } from '../../protocol/admin.ts';
import type { PostureFacts } from '../../protocol/control.ts';
import { parseDuration } from '../../protocol/durations.ts';
import type { Condition, Verdict } from './condition.ts';

const defaultFreshnessMs = 5 * 60_000;

export function postureCondition(profiles: readonly PostureProfileDocument[]): Condition {
  return ({ nowMs, device: { posture } }) => {
    if (posture === undefined) return { met: 'unknown', reason: 'posture-unknown' };
    const freshnessMs = Math.min(...profiles.map(freshnessOf));
    const staleMs = posture.atMs + freshnessMs;
    if (nowMs >= staleMs) return { met: false, reason: 'posture-stale' };
    const verdicts = profiles.map((profile) => checkProfile(profile, posture.facts));
    const failing = verdicts.find((verdict) => verdict.met === false);
    const worst = failing ?? verdicts.find((verdict) => verdict.met === 'unknown');
    return { ...(worst ?? { met: true, reason: 'posture-met' }), changesMs: staleMs };
  };
}

/** Compares versions number by number: `6.1.0-13-amd64` is at least `6.1`. Undefined when `version` is none. */
export function isAtLeast(version: string, minimum: string): boolean | undefined {
  const numbers = /^\d+(?:\.\d+)*/.exec(version)?.[0].split('.').map(Number);
  if (numbers === undefined) return undefined;
  for (const [index, wanted] of minimum.split('.').map(Number).entries()) {
    const actual = numbers[index] ?? 0;
    if (actual !== wanted) return actual > wanted;
  }
  return true;
}

function freshnessOf(profile: PostureProfileDocument): number {
  return (
    (profile.freshness === undefined ? undefined : parseDuration(profile.freshness)) ?? defaultFreshnessMs
  );
}

function checkProfile(profile: PostureProfileDocument, facts: PostureFacts): Verdict {
  const wanted = profile[facts.os];
  if (wanted === undefined) return { met: false, reason: 'system-not-listed' };
  if (wanted.minVersion === undefined) return { met: true, reason: 'posture-met' };
  const recent = facts.osVersion === undefined ? undefined : isAtLeast(facts.osVersion, wanted.minVersion);
  if (recent === undefined) return { met: 'unknown', reason: 'posture-unknown' };
  return recent ? { met: true, reason: 'posture-met' } : { met: false, reason: 'posture-failing' };
}
