/**
 * The organisation that `decide.us` asks: 10,000 resources, 1,000 policies, 500 groups, and as many people as it is
 * told, all drawn from a seed. Who asks for what is drawn until half of the questions are refused.
 */
import { decide } from '../../policy/decide.ts';
import type { Facts } from '../../policy/facts.ts';
import { compilePolicies } from '../../policy/policies.ts';
import type { PolicyDocument, PostureProfileDocument } from '../../protocol/admin.ts';
import { seeded } from '../../test/policy/support/random-cases.ts';

export interface DecideOrganisation {
  readonly policies: readonly PolicyDocument[];
  readonly profiles: readonly PostureProfileDocument[];
  /** Every question, in an order that is drawn as well; half of them are refused. */
  readonly questions: readonly Facts[];
}

const resourceCount = 10_000;
const policyCount = 1_000;
const groupCount = 500;
const tagCount = 300;
const hourMs = 3_600_000;
const monday = Date.parse('2026-10-19T00:00:00Z');

export const decideProfiles: readonly PostureProfileDocument[] = [
  {
    name: 'healthy',
    linux: { minVersion: '5.10' },
    macos: { minVersion: '14' },
    windows: {},
    freshness: '1h',
  },
  { name: 'recent', linux: { minVersion: '6.1.20' }, macos: { minVersion: '15.1' }, freshness: '30m' },
];

export function drawOrganisation(
  seed: number,
  peopleCount: number,
  questionCount: number,
): DecideOrganisation {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const several = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
  const distinct = (count: number, draw: () => string): string[] => [...new Set(several(count, draw))];

  const group = (): string => `group-${below(groupCount)}`;
  const tag = (): string => `tag-${below(tagCount)}`;
  const resources = Array.from({ length: resourceCount }, (_, index) => ({
    name: `resource-${index}`,
    tags: distinct(below(4), tag),
  }));
  const people = Array.from({ length: peopleCount }, (_, index) => ({
    kind: 'person' as const,
    name: `Person ${index}`,
    email: `person-${index}@acme.example`,
    groups: distinct(1 + below(8), group),
  }));

  const conditions = (): NonNullable<PolicyDocument['when']> => ({
    ...(random() < 0.3 ? { posture: [pick(decideProfiles).name] } : {}),
    ...(random() < 0.4 ? { mfa: pick(['8h', '12h', '1d']) } : {}),
    ...(random() < 0.3 ? { session: pick(['8h', '12h']) } : {}),
    ...(random() < 0.2 ? { deviceApproved: true as const } : {}),
    ...(random() < 0.3
      ? {
          schedule: {
            zone: pick(['Europe/Berlin', 'America/New_York', 'Asia/Tokyo']),
            days: pick(['mon-fri', 'mon-sat', 'sun-sat']),
            hours: pick(['06:00-20:00', '09:00-18:00', '20:00-06:00']),
          },
        }
      : {}),
  });
  const policy = (index: number): PolicyDocument => {
    const kind = random();
    const effect = kind < 0.7 ? 'allow' : kind < 0.85 ? 'require' : 'deny';
    const who =
      effect === 'require' && random() < 0.5
        ? ('everyone' as const)
        : {
            groups: distinct(1 + below(4), group),
            ...(random() < 0.1 ? { people: several(1 + below(5), () => pick(people).email) } : {}),
          };
    const to =
      random() < 0.01
        ? ('everything' as const)
        : random() < 0.5
          ? { tags: distinct(1 + below(3), tag) }
          : { resources: distinct(1 + below(30), () => pick(resources).name) };
    return {
      name: `policy-${index}`,
      [effect]: who,
      to,
      ...(random() < 0.1 ? { doors: ['client' as const] } : {}),
      ...(random() < 0.1 ? { until: new Date(monday + below(21 * 24) * hourMs).toISOString() } : {}),
      ...(effect !== 'allow' || random() < 0.5 ? { when: conditions() } : {}),
    };
  };
  const policies = Array.from({ length: policyCount }, (_, index) => policy(index));

  const compiled = compilePolicies(policies, decideProfiles);
  const allows = policies.filter(({ allow }) => allow !== undefined);
  const byGroup = Map.groupBy(
    people.flatMap((person) => person.groups.map((name) => ({ name, person }))),
    ({ name }) => name,
  );
  const byTag = Map.groupBy(
    resources.flatMap((resource) => resource.tags.map((name) => ({ name, resource }))),
    ({ name }) => name,
  );
  const byName = new Map(resources.map((resource) => [resource.name, resource]));

  /** Somebody whom an allow means, asking for something that it opens: most such questions are allowed. */
  const meant = (): { subject?: Facts['subject'] | undefined; resource?: Facts['resource'] | undefined } => {
    const { allow, to } = pick(allows);
    const members = typeof allow === 'object' ? byGroup.get(pick(allow.groups ?? [])) : undefined;
    const named =
      typeof to === 'object' && to.resources !== undefined ? byName.get(pick(to.resources)) : undefined;
    const tagged = typeof to === 'object' && to.tags !== undefined ? byTag.get(pick(to.tags)) : undefined;
    return {
      subject: members === undefined ? undefined : pick(members).person,
      resource: named ?? (tagged === undefined ? undefined : pick(tagged).resource),
    };
  };
  const question = (): Facts => {
    const nowMs = monday + below(7 * 24 * hourMs);
    const { subject = pick(people), resource = pick(resources) } = random() < 0.6 ? meant() : {};
    const os = pick(['linux', 'macos'] as const);
    return {
      nowMs,
      door: random() < 0.8 ? 'client' : 'web',
      subject,
      resource,
      session: {
        startedMs: nowMs - below(13 * hourMs),
        authTimeMs: nowMs - below(16 * hourMs),
        amr: pick([['pwd', 'otp'], ['mfa'], ['hwk', 'pin'], ['pwd']]),
      },
      device: {
        approved: random() < 0.9,
        posture: {
          atMs: nowMs - below(hourMs / 50),
          facts: { os, osVersion: os === 'linux' ? '6.1.0-13-amd64' : '15.2', clientVersion: '0.1.0' },
        },
      },
    };
  };

  const chosen = { allow: [] as Facts[], deny: [] as Facts[] };
  while (chosen.allow.length + chosen.deny.length < questionCount) {
    const facts = question();
    const list = chosen[decide(facts, compiled).decision];
    if (list.length < questionCount / 2) list.push(facts);
  }
  const questions = [...chosen.allow, ...chosen.deny]
    .map((facts) => ({ facts, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ facts }) => facts);
  return { policies, profiles: decideProfiles, questions };
}
