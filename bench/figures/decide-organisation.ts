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
  /** All different in whom, what, by which door and when, in an order that is drawn as well; half are refused. */
  readonly questions: readonly Question[];
}

type Person = Pick<Facts, 'subject' | 'session' | 'device'>;

export interface Question {
  readonly person: Person;
  readonly resource: Facts['resource'];
  readonly door: Facts['door'];
  readonly nowMs: number;
}

/** As the controller puts them together for each decision. */
export function factsOf({ person: { subject, session, device }, resource, door, nowMs }: Question): Facts {
  return { nowMs, door, subject, session, device, resource };
}

const resourceCount = 10_000;
const policyCount = 1_000;
const groupCount = 500;
const tagCount = 300;
const hourMs = 3_600_000;
const monday = Date.parse('2026-10-19T00:00:00Z');
/** The week before the clocks go back in Europe; questions are asked in one working hour of it. */
const workingHour = Date.parse('2026-10-22T13:00:00Z');

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

  const groups = Array.from({ length: groupCount }, (_, index) => `group-${index}`);
  const tags = Array.from({ length: tagCount }, (_, index) => `tag-${index}`);
  const group = (): string => pick(groups);
  const tag = (): string => pick(tags);
  const resources = Array.from({ length: resourceCount }, (_, index) => ({
    name: `resource-${index}`,
    tags: distinct(below(4), tag),
  }));
  const person = (index: number): Person => {
    const os = pick(['linux', 'macos'] as const);
    return {
      subject: {
        kind: 'person',
        name: `Person ${index}`,
        email: `person-${index}@acme.example`,
        groups: distinct(1 + below(8), group),
      },
      session: {
        startedMs: workingHour - below(13 * hourMs),
        authTimeMs: workingHour - below(16 * hourMs),
        amr: pick([['pwd', 'otp'], ['mfa'], ['hwk', 'pin'], ['pwd']]),
      },
      device: {
        approved: random() < 0.9,
        posture: {
          atMs: workingHour - below(hourMs / 4),
          facts: { os, osVersion: os === 'linux' ? '6.1.0-13-amd64' : '15.2', clientVersion: '0.1.0' },
        },
      },
    };
  };
  const people = Array.from({ length: peopleCount }, (_, index) => person(index));
  const emails = people.map(({ subject }) => subject.email ?? '');

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
            ...(random() < 0.1 ? { people: several(1 + below(5), () => pick(emails)) } : {}),
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
    people.flatMap((member) => member.subject.groups.map((name) => ({ name, member }))),
    ({ name }) => name,
  );
  const byTag = Map.groupBy(
    resources.flatMap((resource) => resource.tags.map((name) => ({ name, resource }))),
    ({ name }) => name,
  );
  const byName = new Map(resources.map((resource) => [resource.name, resource]));

  /** Somebody whom an allow means, asking for something that it opens: many such questions are allowed. */
  const meant = (): { person?: Person | undefined; resource?: Facts['resource'] | undefined } => {
    const { allow, to } = pick(allows);
    const members = typeof allow === 'object' ? byGroup.get(pick(allow.groups ?? [])) : undefined;
    const named =
      typeof to === 'object' && to.resources !== undefined ? byName.get(pick(to.resources)) : undefined;
    const tagged = typeof to === 'object' && to.tags !== undefined ? byTag.get(pick(to.tags)) : undefined;
    return {
      person: members === undefined ? undefined : pick(members).member,
      resource: named ?? (tagged === undefined ? undefined : pick(tagged).resource),
    };
  };
  const question = (): Question => {
    const { person: asking = pick(people), resource = pick(resources) } = random() < 0.6 ? meant() : {};
    const nowMs = workingHour + below(hourMs / 2);
    return { person: asking, resource, door: random() < 0.8 ? 'client' : 'web', nowMs };
  };

  const chosen = { allow: [] as Question[], deny: [] as Question[] };
  while (chosen.allow.length + chosen.deny.length < questionCount) {
    const asked = question();
    const list = chosen[decide(factsOf(asked), compiled).decision];
    if (list.length < questionCount / 2) list.push(asked);
  }
  const questions = [...chosen.allow, ...chosen.deny]
    .map((asked) => ({ asked, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ asked }) => asked);
  return { policies, profiles: decideProfiles, questions };
}
