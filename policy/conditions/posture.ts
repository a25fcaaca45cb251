/**
 * `posture: [healthy]`: the device meets every named profile by what it last reported. A fact that is missing or too
 * old is unknown, each with its own reason, so that a device that stops reporting escapes no deny either.
 */
import type { PostureProfileDocument } from '../../protocol/admin.ts';
import { parseDuration } from '../../protocol/durations.ts';
import type { Facts } from '../facts.ts';
import { unlessOver, type Condition, type Verdict } from './condition.ts';

const defaultFreshnessMs = 5 * 60_000;

const met: Verdict = { met: true, reason: 'posture-met' };
const failing: Verdict = { met: false, reason: 'posture-failing' };
const notListed: Verdict = { met: false, reason: 'system-not-listed' };
const unknown: Verdict = { met: 'unknown', reason: 'posture-unknown' };
const stale: Verdict = { met: 'unknown', reason: 'posture-stale' };

/** A profile ready to be asked. */
interface Profile {
  readonly freshnessMs: number;
  /** The numbers of the least version of each system that it lists; none where any version will do. */
  readonly minVersions: Readonly<Partial<Record<'linux' | 'macos' | 'windows', readonly number[]>>>;
}

export function postureCondition(documents: readonly PostureProfileDocument[]): Condition {
  const profiles = documents.map(compileProfile);
  return {
    name: 'posture',
    judge: (facts) => {
      let worst = met;
      for (const profile of profiles) {
        const verdict = judgeProfile(profile, facts);
        if (verdict.met === false) return verdict;
        if (worst.met === true) worst = verdict;
      }
      return worst;
    },
    nextChangeMs: (facts) => {
      const reportedMs = facts.device.posture?.atMs ?? Number.POSITIVE_INFINITY;
      return Math.min(...profiles.map(({ freshnessMs }) => unlessOver(reportedMs + freshnessMs, facts)));
    },
  };
}

/** Compares number by number: `6.1.0-13-amd64` is at least 6.1. Undefined when `version` begins with no number. */
export function isAtLeast(version: string, minimum: readonly number[]): boolean | undefined {
  if (!isDigit(version, 0)) return undefined;
  let place = 0;
  for (const wanted of minimum) {
    let actual = 0;
    for (; isDigit(version, place); place += 1) actual = actual * 10 + (version.charCodeAt(place) - 48);
    if (actual !== wanted) return actual > wanted;
    // What does not go on with a dot and a number has only noughts from here.
    place = version[place] === '.' && isDigit(version, place + 1) ? place + 1 : version.length;
  }
  return true;
}

function isDigit(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 48 && code <= 57;
}

function compileProfile({ freshness, linux, macos, windows }: PostureProfileDocument): Profile {
  const freshnessMs = freshness === undefined ? defaultFreshnessMs : parseDuration(freshness);
  if (freshnessMs === undefined) throw new Error(`"${freshness}" is no duration`);
  const listed = Object.entries({ linux, macos, windows }).flatMap(([system, wanted]) =>
    wanted === undefined ? [] : [[system, wanted.minVersion?.split('.').map(Number) ?? []] as const],
  );
  return { freshnessMs, minVersions: Object.fromEntries(listed) };
}

function judgeProfile({ freshnessMs, minVersions }: Profile, { nowMs, device: { posture } }: Facts): Verdict {
  if (posture === undefined) return unknown;
  if (nowMs >= posture.atMs + freshnessMs) return stale;
  const { os, osVersion } = posture.facts;
  const wanted = minVersions[os];
  if (wanted === undefined) return notListed;
  if (wanted.length === 0) return met;
  const recent = osVersion === undefined ? undefined : isAtLeast(osVersion, wanted);
  if (recent === undefined) return unknown;
  return recent ? met : failing;
}
