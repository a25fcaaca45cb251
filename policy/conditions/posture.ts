/**
 * `posture: [healthy]`: the device meets every named profile by what it last reported. A fact that is missing or too
 * old is unknown, each with its own reason, so that a device that stops reporting escapes no deny either.
 */
import type { PostureProfileDocument } from '../../protocol/admin.ts';
import { parseDuration } from '../../protocol/durations.ts';
import type { Facts } from '../facts.ts';
import type { Condition, Verdict } from './condition.ts';

const defaultFreshnessMs = 5 * 60_000;

export function postureCondition(profiles: readonly PostureProfileDocument[]): Condition {
  return (facts) => {
    const verdicts = profiles.map((profile) => checkProfile(profile, facts));
    const changes = verdicts.flatMap(({ changesMs }) => (changesMs === undefined ? [] : [changesMs]));
    const failing = verdicts.find(({ met }) => met === false);
    const { met, reason } = failing ??
      verdicts.find((verdict) => verdict.met === 'unknown') ?? { met: true, reason: 'posture-met' };
    return { met, reason, ...(changes.length === 0 ? {} : { changesMs: Math.min(...changes) }) };
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

function checkProfile(profile: PostureProfileDocument, { nowMs, device: { posture } }: Facts): Verdict {
  if (posture === undefined) return { met: 'unknown', reason: 'posture-unknown' };
  const staleMs = posture.atMs + freshnessOf(profile);
  if (nowMs >= staleMs) return { met: 'unknown', reason: 'posture-stale' };
  const { os, osVersion } = posture.facts;
  const wanted = profile[os];
  if (wanted === undefined) return { met: false, reason: 'system-not-listed', changesMs: staleMs };
  if (wanted.minVersion === undefined) return { met: true, reason: 'posture-met', changesMs: staleMs };
  const recent = osVersion === undefined ? undefined : isAtLeast(osVersion, wanted.minVersion);
  if (recent === undefined) return { met: 'unknown', reason: 'posture-unknown', changesMs: staleMs };
  return { met: recent, reason: recent ? 'posture-met' : 'posture-failing', changesMs: staleMs };
}
