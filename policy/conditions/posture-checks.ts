/**
 * The checks of a posture profile, one for each key: what a fresh report has to say. A fact that is absent is unknown and
 * has a reason of its own. Compiled once, so that judging parses and allocates nothing.
 */
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import type { PostureFacts } from '../../protocol/posture-facts.ts';
import { parseDuration } from '../../protocol/durations.ts';
import type { PostureCheck } from '../../protocol/posture.ts';
import type { ReasonName } from '../../protocol/reasons.ts';
import type { Facts } from '../facts.ts';
import type { Verdict } from './condition.ts';
import { isAtLeast, versionNumbers } from './posture-version.ts';

export type SystemDocument = NonNullable<
  PostureProfileDocument['linux'] | PostureProfileDocument['macos'] | PostureProfileDocument['windows']
>;

/** One check of a profile. `judge` is asked only about a report that is fresh. */
export interface Check {
  readonly check: PostureCheck;
  readonly judge: (reported: PostureFacts, device: Facts['device']) => Verdict;
}

/** The checks that a profile asks of one system, the system's own first. Throws on a duration that is none. */
export function compileChecks(wanted: SystemDocument): readonly Check[] {
  const checks: Check[] = [{ check: 'system', judge: systemCheck(wanted.minVersion) }];
  const add = (check: PostureCheck, judge: Check['judge']): void => void checks.push({ check, judge });
  if ('distribution' in wanted && wanted.distribution !== undefined)
    add('distribution', distributionCheck(wanted.distribution));
  if (wanted.diskEncryption === true)
    add(
      'diskEncryption',
      switchCheck(({ diskEncryption }) => diskEncryption, diskVerdicts),
    );
  if (wanted.firewall === true)
    add(
      'firewall',
      switchCheck(({ firewall }) => firewall, firewallVerdicts),
    );
  if (wanted.screenLock !== undefined) add('screenLock', screenLockCheck(wanted.screenLock));
  if (wanted.antivirus !== undefined) add('antivirus', antivirusCheck(wanted.antivirus));
  if (wanted.secureBoot === true)
    add(
      'secureBoot',
      switchCheck(({ secureBoot }) => secureBoot, secureBootVerdicts),
    );
  if (wanted.automaticUpdates === true)
    add(
      'automaticUpdates',
      switchCheck(({ automaticUpdates }) => automaticUpdates, updateVerdicts),
    );
  if (wanted.processes !== undefined) add('processes', processCheck(wanted.processes));
  if (wanted.files !== undefined) add('files', fileCheck(wanted.files));
  if (wanted.minClientVersion !== undefined) add('clientVersion', clientCheck(wanted.minClientVersion));
  if (wanted.knownSerial === true) add('serial', judgeSerial);
  return checks;
}

interface Verdicts {
  readonly met: Verdict;
  readonly failing: Verdict;
  readonly unknown: Verdict;
}

function verdicts(met: ReasonName, failing: ReasonName, unknown: ReasonName): Verdicts {
  return {
    met: { met: true, reason: met },
    failing: { met: false, reason: failing },
    unknown: { met: 'unknown', reason: unknown },
  };
}

const systemVerdicts = verdicts('posture-met', 'posture-failing', 'posture-unknown');
const distributionVerdicts = verdicts(
  'posture-distribution-accepted',
  'posture-distribution-too-old',
  'posture-distribution-unknown',
);
const distributionNotListed: Verdict = { met: false, reason: 'posture-distribution-not-listed' };
const diskVerdicts = verdicts('posture-disk-encrypted', 'posture-disk-not-encrypted', 'posture-disk-unknown');
const firewallVerdicts = verdicts('posture-firewall-on', 'posture-firewall-off', 'posture-firewall-unknown');
const screenLockVerdicts = verdicts(
  'posture-screen-lock-on',
  'posture-screen-lock-off',
  'posture-screen-lock-unknown',
);
const screenLockSlow: Verdict = { met: false, reason: 'posture-screen-lock-slow' };
const antivirusVerdicts = verdicts(
  'posture-antivirus-running',
  'posture-antivirus-missing',
  'posture-antivirus-unknown',
);
const secureBootVerdicts = verdicts(
  'posture-secure-boot-on',
  'posture-secure-boot-off',
  'posture-secure-boot-unknown',
);
const updateVerdicts = verdicts(
  'posture-updates-automatic',
  'posture-updates-manual',
  'posture-updates-unknown',
);
const processVerdicts = verdicts(
  'posture-process-running',
  'posture-process-missing',
  'posture-process-unknown',
);
const fileVerdicts = verdicts('posture-file-present', 'posture-file-missing', 'posture-file-unknown');
const clientVerdicts = verdicts('posture-client-recent', 'posture-client-too-old', 'posture-client-unknown');
const serialVerdicts = verdicts('posture-serial-known', 'posture-serial-not-known', 'posture-serial-unknown');

/** Known to be so, known not to be, or not known. */
function verdictOf(fact: boolean | undefined, { met, failing, unknown }: Verdicts): Verdict {
  if (fact === undefined) return unknown;
  return fact ? met : failing;
}

function switchCheck(fact: (reported: PostureFacts) => boolean | undefined, of: Verdicts): Check['judge'] {
  return (reported) => verdictOf(fact(reported), of);
}

function systemCheck(minVersion: string | undefined): Check['judge'] {
  if (minVersion === undefined) return () => systemVerdicts.met;
  const minimum = versionNumbers(minVersion);
  return ({ osVersion }) => {
    if (osVersion === undefined) return systemVerdicts.unknown;
    return verdictOf(isAtLeast(osVersion, minimum), systemVerdicts);
  };
}

function clientCheck(minVersion: string): Check['judge'] {
  const minimum = versionNumbers(minVersion);
  return ({ clientVersion }) => verdictOf(isAtLeast(clientVersion, minimum), clientVerdicts);
}

function distributionCheck(accepted: Readonly<Record<string, string>>): Check['judge'] {
  const minimums = new Map(
    Object.entries(accepted).map(([id, least]) => [id, least === 'any' ? undefined : versionNumbers(least)]),
  );
  return ({ distributionId, distributionVersion }) => {
    if (distributionId === undefined) return distributionVerdicts.unknown;
    const minimum = minimums.get(distributionId);
    if (minimum === undefined)
      return minimums.has(distributionId) ? distributionVerdicts.met : distributionNotListed;
    if (distributionVersion === undefined) return distributionVerdicts.unknown;
    return verdictOf(isAtLeast(distributionVersion, minimum), distributionVerdicts);
  };
}

/** @param wanted true, or the longest time until it locks; a time that is not known is then unknown */
function screenLockCheck(wanted: true | string): Check['judge'] {
  if (wanted === true) return switchCheck(({ screenLock }) => screenLock, screenLockVerdicts);
  const longestMs = parseDuration(wanted);
  if (longestMs === undefined) throw new Error(`"${wanted}" is no duration`);
  return ({ screenLock, screenLockAfter }) => {
    if (screenLock !== true) return verdictOf(screenLock, screenLockVerdicts);
    if (screenLockAfter === undefined) return screenLockVerdicts.unknown;
    return screenLockAfter * 1_000 <= longestMs ? screenLockVerdicts.met : screenLockSlow;
  };
}

/** @param wanted true, or the products of which one has to run */
function antivirusCheck(wanted: true | readonly string[]): Check['judge'] {
  return ({ antivirus }) => {
    if (antivirus === undefined) return antivirusVerdicts.unknown;
    if (wanted === true) return antivirus.length > 0 ? antivirusVerdicts.met : antivirusVerdicts.failing;
    for (const product of antivirus) if (wanted.includes(product)) return antivirusVerdicts.met;
    return antivirusVerdicts.failing;
  };
}

/** Every one of them runs; one that is known not to outweighs one that is not known. */
function processCheck(wanted: readonly string[]): Check['judge'] {
  return ({ processes }) => {
    let all = processVerdicts.met;
    for (const name of wanted) {
      const running = processes?.find((process) => process.name === name)?.running;
      if (running === false) return processVerdicts.failing;
      if (running === undefined) all = processVerdicts.unknown;
    }
    return all;
  };
}

/** Every one of them is there; one that is known not to be outweighs one that is not known. */
function fileCheck(wanted: readonly string[]): Check['judge'] {
  return ({ files }) => {
    let all = fileVerdicts.met;
    for (const path of wanted) {
      const present = files?.find((file) => file.path === path)?.present;
      if (present === false) return fileVerdicts.failing;
      if (present === undefined) all = fileVerdicts.unknown;
    }
    return all;
  };
}

function judgeSerial(_reported: PostureFacts, { serialListed }: Facts['device']): Verdict {
  return verdictOf(serialListed, serialVerdicts);
}
