/**
 * Posture in words: what each check looks at, what a report says about it, and the reasons that speak of it. Command line,
 * API and pages show the same.
 */
import type { PostureFacts } from './posture-facts.ts';
import { formatDuration } from './durations.ts';
import { antivirusProducts, type PostureCheck } from './posture.ts';
import type { ReasonName } from './reasons.ts';

export const checkTitles: Readonly<Record<PostureCheck, string>> = {
  system: 'Operating system',
  distribution: 'Distribution',
  diskEncryption: 'Disk encryption',
  firewall: 'Firewall',
  screenLock: 'Screen lock',
  antivirus: 'Antivirus',
  secureBoot: 'Secure boot',
  automaticUpdates: 'Automatic updates',
  processes: 'Programs',
  files: 'Files',
  clientVersion: 'Postern',
  serial: 'Serial number',
};

/** What a report says of one check, e.g. `on`, `6.1.0-13-amd64`, `locks after 5m`; `not known` where it says nothing. */
export function shownFact(check: PostureCheck, facts: PostureFacts): string {
  return sayings[check](facts) ?? 'not known';
}

/** Whether a report says anything of this check. */
export function isTold(check: PostureCheck, facts: PostureFacts): boolean {
  return sayings[check](facts) !== undefined;
}

const sayings: Readonly<Record<PostureCheck, (facts: PostureFacts) => string | undefined>> = {
  system: ({ osVersion, distribution }) =>
    [distribution, osVersion].filter((text) => text !== undefined).join(', ') || undefined,
  distribution: ({ distributionId, distributionVersion }) =>
    distributionId === undefined
      ? undefined
      : [distributionId, distributionVersion ?? 'without a version'].join(' '),
  diskEncryption: ({ diskEncryption }) => onOrOff(diskEncryption),
  firewall: ({ firewall }) => onOrOff(firewall),
  screenLock: ({ screenLock, screenLockAfter }) =>
    screenLock === true && screenLockAfter !== undefined
      ? `on, after ${formatDuration(screenLockAfter * 1_000)}`
      : onOrOff(screenLock),
  antivirus: ({ antivirus }) =>
    antivirus === undefined
      ? undefined
      : antivirus.length === 0
        ? 'none runs'
        : antivirus.map(productName).join(', '),
  secureBoot: ({ secureBoot }) => onOrOff(secureBoot),
  automaticUpdates: ({ automaticUpdates }) => onOrOff(automaticUpdates),
  processes: ({ processes }) =>
    processes?.map(({ name, running }) => `${name} ${running ? 'runs' : 'does not run'}`).join(', '),
  files: ({ files }) =>
    files?.map(({ path, present }) => `${path} is ${present ? 'there' : 'not there'}`).join(', '),
  clientVersion: ({ clientVersion }) => clientVersion,
  serial: ({ serial }) => serial,
};

const reasonParts: Readonly<Record<PostureCheck, RegExp>> = {
  system: /^(posture-(met|failing|unknown|stale)|system-not-listed)$/,
  distribution: /^posture-distribution-/,
  diskEncryption: /^posture-disk-/,
  firewall: /^posture-firewall-/,
  screenLock: /^posture-screen-lock-/,
  antivirus: /^posture-antivirus-/,
  secureBoot: /^posture-secure-boot-/,
  automaticUpdates: /^posture-updates-/,
  processes: /^posture-process-/,
  files: /^posture-file-/,
  clientVersion: /^posture-client-/,
  serial: /^posture-serial-/,
};

/** Whether a reason speaks of this check. */
export function isAbout(check: PostureCheck, reason: ReasonName): boolean {
  return reasonParts[check].test(reason);
}

function onOrOff(fact: boolean | undefined): string | undefined {
  if (fact === undefined) return undefined;
  return fact ? 'on' : 'off';
}

function productName(product: string): string {
  const names: Readonly<Record<string, string>> = antivirusProducts;
  return Object.hasOwn(names, product) ? (names[product] ?? product) : product;
}
