/**
 * The posture condition once more, from the sentences of docs/posture.md alone: for the slow twin.
 * Every check is judged by itself; "an unknown fact fails a condition of an allow or a require, and counts in a deny".
 */
import type { PostureProfileDocument } from '../../../protocol/posture-document.ts';
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { ReasonName } from '../../../protocol/reasons.ts';
import type { Facts } from '../../../policy/facts.ts';

export type Truth = true | false | 'unknown';
export type Judged = readonly [Truth, ReasonName];

/** All parts of the condition, each once. */
export function judgePosture(
  names: readonly string[],
  facts: Facts,
  profiles: readonly PostureProfileDocument[],
): readonly Judged[] {
  const parts = names.flatMap((wanted) => {
    const profile = profiles.find(({ name }) => name === wanted);
    return profile === undefined ? [] : judgeProfile(profile, facts);
  });
  return parts.filter(([, reason], index) => parts.findIndex(([, other]) => other === reason) === index);
}

/** Instants at which a report or a verdict becomes too old for one of the profiles. */
export function postureTurns(
  { device }: Facts,
  names: readonly string[],
  profiles: readonly PostureProfileDocument[],
): number[] {
  const times = [device.posture, ...Object.values(device.verdicts ?? {})].flatMap((each) => each?.atMs ?? []);
  return profiles
    .filter(({ name }) => names.includes(name))
    .flatMap(({ freshness }) => times.map((atMs) => atMs + lengthOf(freshness ?? '5m')));
}

/** "A profile names required values per system"; what is too old says nothing any more. */
function judgeProfile(profile: PostureProfileDocument, { nowMs, device }: Facts): Judged[] {
  const life = lengthOf(profile.freshness ?? '5m');
  const onlyVerdicts =
    profile.verdicts !== undefined &&
    profile.linux === undefined &&
    profile.macos === undefined &&
    profile.windows === undefined;
  const judged: Judged[] = onlyVerdicts ? [] : judgeReport(profile, life, nowMs, device);
  for (const source of profile.verdicts ?? []) {
    const verdict = new Map(Object.entries(device.verdicts ?? {})).get(source);
    if (verdict === undefined) judged.push(['unknown', 'posture-verdict-unknown']);
    else if (nowMs - verdict.atMs >= life) judged.push(['unknown', 'posture-verdict-stale']);
    else if (verdict.compliant) judged.push([true, 'posture-verdict-compliant']);
    else judged.push([false, 'posture-verdict-not-compliant']);
  }
  return judged;
}

function judgeReport(
  profile: PostureProfileDocument,
  life: number,
  nowMs: number,
  { posture, serialListed }: Facts['device'],
): Judged[] {
  if (posture === undefined) return [['unknown', 'posture-unknown']];
  // That the device was well once is not known now, so that it counts in a deny.
  if (nowMs - posture.atMs >= life) return [['unknown', 'posture-stale']];
  const { facts } = posture;
  const wanted: NonNullable<PostureProfileDocument['linux']> | undefined = profile[facts.os];
  if (wanted === undefined) return [[false, 'system-not-listed']];
  const judged: Judged[] = [
    wanted.minVersion === undefined
      ? [true, 'posture-met']
      : either(
          reaches(facts.osVersion, wanted.minVersion),
          'posture-met',
          'posture-failing',
          'posture-unknown',
        ),
  ];
  if (wanted.distribution !== undefined) judged.push(judgeDistribution(wanted.distribution, facts));
  if (wanted.diskEncryption)
    judged.push(
      either(
        facts.diskEncryption,
        'posture-disk-encrypted',
        'posture-disk-not-encrypted',
        'posture-disk-unknown',
      ),
    );
  if (wanted.firewall)
    judged.push(
      either(facts.firewall, 'posture-firewall-on', 'posture-firewall-off', 'posture-firewall-unknown'),
    );
  if (wanted.screenLock !== undefined) judged.push(judgeScreenLock(wanted.screenLock, facts));
  if (wanted.antivirus !== undefined) judged.push(judgeAntivirus(wanted.antivirus, facts.antivirus));
  if (wanted.secureBoot)
    judged.push(
      either(
        facts.secureBoot,
        'posture-secure-boot-on',
        'posture-secure-boot-off',
        'posture-secure-boot-unknown',
      ),
    );
  if (wanted.automaticUpdates)
    judged.push(
      either(
        facts.automaticUpdates,
        'posture-updates-automatic',
        'posture-updates-manual',
        'posture-updates-unknown',
      ),
    );
  if (wanted.processes !== undefined) {
    const each = wanted.processes.map(
      (name) => facts.processes?.filter((one) => one.name === name).map(({ running }) => running)[0],
    );
    judged.push(
      either(all(each), 'posture-process-running', 'posture-process-missing', 'posture-process-unknown'),
    );
  }
  if (wanted.files !== undefined) {
    const each = wanted.files.map(
      (path) => facts.files?.filter((one) => one.path === path).map(({ present }) => present)[0],
    );
    judged.push(either(all(each), 'posture-file-present', 'posture-file-missing', 'posture-file-unknown'));
  }
  if (wanted.minClientVersion !== undefined)
    judged.push(
      either(
        reaches(facts.clientVersion, wanted.minClientVersion),
        'posture-client-recent',
        'posture-client-too-old',
        'posture-client-unknown',
      ),
    );
  if (wanted.knownSerial)
    judged.push(
      either(serialListed, 'posture-serial-known', 'posture-serial-not-known', 'posture-serial-unknown'),
    );
  return judged;
}

function judgeDistribution(
  accepted: Readonly<Record<string, string>>,
  { distributionId, distributionVersion }: PostureFacts,
): Judged {
  if (distributionId === undefined) return ['unknown', 'posture-distribution-unknown'];
  const least = new Map(Object.entries(accepted)).get(distributionId);
  if (least === undefined) return [false, 'posture-distribution-not-listed'];
  if (least === 'any') return [true, 'posture-distribution-accepted'];
  return either(
    reaches(distributionVersion, least),
    'posture-distribution-accepted',
    'posture-distribution-too-old',
    'posture-distribution-unknown',
  );
}

function judgeScreenLock(
  wanted: true | string,
  { screenLock, screenLockAfter }: Pick<PostureFacts, 'screenLock' | 'screenLockAfter'>,
): Judged {
  if (screenLock === undefined) return ['unknown', 'posture-screen-lock-unknown'];
  if (!screenLock) return [false, 'posture-screen-lock-off'];
  if (wanted === true) return [true, 'posture-screen-lock-on'];
  if (screenLockAfter === undefined) return ['unknown', 'posture-screen-lock-unknown'];
  return screenLockAfter > lengthOf(wanted) / 1_000
    ? [false, 'posture-screen-lock-slow']
    : [true, 'posture-screen-lock-on'];
}

function judgeAntivirus(wanted: true | readonly string[], running: readonly string[] | undefined): Judged {
  if (running === undefined) return ['unknown', 'posture-antivirus-unknown'];
  const serving = running.filter((product) => wanted === true || wanted.includes(product));
  return serving.length > 0 ? [true, 'posture-antivirus-running'] : [false, 'posture-antivirus-missing'];
}

function either(
  fact: boolean | undefined,
  met: ReasonName,
  failing: ReasonName,
  unknown: ReasonName,
): Judged {
  return fact === undefined ? ['unknown', unknown] : [fact, fact ? met : failing];
}

function all(facts: readonly (boolean | undefined)[]): boolean | undefined {
  if (facts.includes(false)) return false;
  return facts.includes(undefined) ? undefined : true;
}

/** Whether a version is at least another; undefined when it is none. */
function reaches(version: string | undefined, least: string): boolean | undefined {
  if (version === undefined || !/^\d/.test(version)) return undefined;
  return sortable(version) >= sortable(least);
}

/** `6.1.0-13-amd64` as text that sorts as its numbers do. */
function sortable(version: string): string {
  const leading = version.split(/[^\d.]/)[0] ?? '';
  const numbers = leading.split('.').filter((part) => part !== '');
  return [...numbers, '0', '0', '0', '0']
    .slice(0, 4)
    .map((part) => part.padStart(12, '0'))
    .join('.');
}

export function lengthOf(text: string): number {
  const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 }[text.slice(-1)];
  if (seconds === undefined) throw new Error(`${text} is no duration`);
  return Number(text.slice(0, -1)) * seconds * 1_000;
}
