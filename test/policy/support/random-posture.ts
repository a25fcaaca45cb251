/** Random posture in small: profiles that meet every check, and reports and verdicts on both sides of each. */
import type { PostureProfileDocument } from '../../../protocol/posture-document.ts';
import type { PostureFacts } from '../../../protocol/posture-facts.ts';
import type { Facts } from '../../../policy/facts.ts';

export const postureProfiles: readonly PostureProfileDocument[] = [
  {
    name: 'strict',
    linux: {
      distribution: { debian: '12', ubuntu: '22.04', arch: 'any' },
      diskEncryption: true,
      firewall: true,
      screenLock: '10m',
      antivirus: ['clamav', 'wazuh'],
      secureBoot: true,
      automaticUpdates: true,
    },
    macos: { diskEncryption: true, antivirus: true, screenLock: true },
    freshness: '1h',
  },
  {
    name: 'managed',
    linux: { processes: ['falcon-sensor', 'auditd'], files: ['/etc/acme'], minClientVersion: '0.2' },
    macos: { knownSerial: true },
    verdicts: ['mdm'],
  },
  { name: 'vouched', verdicts: ['mdm', 'edr'], freshness: '1h' },
  { name: 'owned', linux: { knownSerial: true, firewall: true }, freshness: '1h' },
];

const minute = 60_000;

/** What a draw can be asked for. */
export interface Dice {
  below(limit: number): number;
}

/** The device of a case; each fact is often as it should be, sometimes not, sometimes not known. */
export function randomDevice(dice: Dice, nowMs: number): Omit<Facts['device'], 'approved'> {
  const chance = (share: number): boolean => dice.below(1_000) < share * 1_000;
  const pick = <T>(values: readonly T[]): T => values[dice.below(values.length)] as T;
  const before = (): number =>
    nowMs - pick([minute, 5 * minute, 60 * minute]) + pick([-1, 0, 0, 1, 1, 30_000]);
  const fact = <K extends keyof PostureFacts>(
    name: K,
    values: readonly PostureFacts[K][],
  ): Partial<PostureFacts> => (chance(0.2) ? {} : { [name]: chance(0.6) ? values[0] : pick(values) });
  const versions = [
    '6.1.20',
    '5.9.99',
    '5.10',
    '6.1.0-13-amd64',
    '6.2',
    '14',
    '13.6.1',
    '15.0-rc',
    'rolling',
  ];
  const verdict = (): { atMs: number; compliant: boolean } => ({ atMs: before(), compliant: chance(0.7) });
  return {
    ...(chance(0.2)
      ? {}
      : {
          posture: {
            atMs: before(),
            facts: {
              os: pick(['linux', 'linux', 'macos', 'windows'] as const),
              clientVersion: pick(['0.2.0', '0.2', '0.1.9', '1.0.0-rc.1', 'main']),
              ...(chance(0.1) ? {} : { osVersion: pick(versions) }),
              ...fact('distributionId', ['debian', 'ubuntu', 'arch', 'gentoo', 'constructor']),
              ...fact('distributionVersion', ['12', '11', '22.04', '22.03', '9', 'sid']),
              ...fact('diskEncryption', [true, false]),
              ...fact('firewall', [true, false]),
              ...fact('screenLock', [true, false]),
              ...fact('screenLockAfter', [300, 599, 600, 601, 0]),
              ...fact('antivirus', [['clamav'], [], ['wazuh', 'sophos'], ['sophos']]),
              ...fact('secureBoot', [true, false]),
              ...fact('automaticUpdates', [true, false]),
              ...fact('processes', [
                [
                  { name: 'falcon-sensor', running: true },
                  { name: 'auditd', running: true },
                ],
                [
                  { name: 'falcon-sensor', running: true },
                  { name: 'auditd', running: false },
                ],
                [{ name: 'falcon-sensor', running: true }],
                [],
              ]),
              ...fact('files', [
                [{ path: '/etc/acme', present: true }],
                [{ path: '/etc/acme', present: false }],
                [{ path: '/etc/other', present: true }],
              ]),
            },
          },
        }),
    ...(chance(0.3) ? {} : { serialListed: chance(0.7) }),
    ...(chance(0.2)
      ? {}
      : {
          verdicts: {
            ...(chance(0.2) ? {} : { mdm: verdict() }),
            ...(chance(0.2) ? {} : { edr: verdict() }),
          },
        }),
  };
}
