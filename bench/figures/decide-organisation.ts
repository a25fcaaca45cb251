/**
 * The organisation that `decide.us` asks: 10,000 resources, 1,000 policies and 500 groups, drawn from a seed. Its people
 * and their questions are in decide-questions.ts.
 */
import type { Facts } from '../../policy/facts.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import type { PostureProfileDocument } from '../../protocol/posture-document.ts';
import { seeded } from '../../test/policy/support/random-cases.ts';

export interface Organisation {
  readonly groups: readonly string[];
  readonly resources: readonly Facts['resource'][];
  readonly policies: readonly PolicyDocument[];
  readonly profiles: readonly PostureProfileDocument[];
}

const resourceCount = 10_000;
const policyCount = 1_000;
const groupCount = 500;
const tagCount = 300;
/** So many people may be named in policies, however many there are. */
const namedPeople = 500;
const hourMs = 3_600_000;
const monday = Date.parse('2026-10-19T00:00:00Z');

const profiles: readonly PostureProfileDocument[] = [
  {
    name: 'healthy',
    linux: { minVersion: '5.10' },
    macos: { minVersion: '14' },
    windows: {},
    freshness: '1h',
  },
  { name: 'recent', linux: { minVersion: '6.1.20' }, macos: { minVersion: '15.1' }, freshness: '30m' },
];

/** Draws from `seed` alone. */
export class Draw {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** A whole number from 0 up to `limit`, which it never is. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** At most `count` of them, all different. */
  some(count: number, values: readonly string[]): string[] {
    return [...new Set(Array.from({ length: count }, () => this.pick(values)))];
  }
}

export function emailOf(person: number): string {
  return `person-${person}@acme.example`;
}

export function drawOrganisation(seed: number): Organisation {
  const draw = new Draw(seed);
  const numbered = (count: number, name: string): string[] =>
    Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const groups = numbered(groupCount, 'group');
  const tags = numbered(tagCount, 'tag');
  const names = numbered(resourceCount, 'resource');
  const people = Array.from({ length: namedPeople }, (_, index) => emailOf(index));

  const policy = (name: string): PolicyDocument => {
    const effect = draw.pick(['allow', 'allow', 'allow', 'allow', 'allow', 'require', 'deny']);
    const who =
      effect === 'require' && draw.chance(0.5)
        ? ('everyone' as const)
        : {
            groups: draw.some(1 + draw.below(4), groups),
            ...(draw.chance(0.1) ? { people: draw.some(1 + draw.below(5), people) } : {}),
          };
    const to = draw.chance(0.5)
      ? { tags: draw.some(1 + draw.below(3), tags) }
      : { resources: draw.some(1 + draw.below(30), names) };
    return {
      name,
      [effect]: who,
      to: draw.chance(0.01) ? 'everything' : to,
      ...(draw.chance(0.1) ? { doors: ['client' as const] } : {}),
      ...(draw.chance(0.1) ? { until: new Date(monday + draw.below(21 * 24) * hourMs).toISOString() } : {}),
      ...(effect !== 'allow' || draw.chance(0.5) ? { when: drawConditions(draw) } : {}),
    };
  };
  return {
    groups,
    resources: names.map((name) => ({ name, tags: draw.some(draw.below(4), tags) })),
    policies: numbered(policyCount, 'policy').map(policy),
    profiles,
  };
}

function drawConditions(draw: Draw): NonNullable<PolicyDocument['when']> {
  return {
    ...(draw.chance(0.3) ? { posture: [draw.pick(profiles).name] } : {}),
    ...(draw.chance(0.4) ? { mfa: draw.pick(['8h', '12h', '1d']) } : {}),
    ...(draw.chance(0.3) ? { session: draw.pick(['8h', '12h']) } : {}),
    ...(draw.chance(0.2) ? { deviceApproved: true as const } : {}),
    ...(draw.chance(0.3)
      ? {
          schedule: {
            zone: draw.pick(['Europe/Berlin', 'America/New_York', 'Asia/Tokyo']),
            days: draw.pick(['mon-fri', 'mon-sat', 'sun-sat']),
            hours: draw.pick(['06:00-20:00', '09:00-18:00', '20:00-06:00']),
          },
        }
      : {}),
  };
}
