/**
 * What is allowed in a document and probably not meant: an allow that is looser than another on the same target, a policy
 * that means nobody, guards nothing or is over.
 */
import type { ResourceDocument } from '../../../protocol/organisation-document.ts';
import { patternsFor } from '../../../protocol/email-address.ts';
import type { PlanWarning } from '../../../protocol/plan.ts';
import type { PolicyDocument } from '../../../protocol/policy-document.ts';
import { conditionKeys, implies } from '../../../policy/implies.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Facts } from '../../../policy/facts.ts';
import type { OrganisationState } from '../organisation-state.ts';
import type { SubjectClass } from './plan-subjects.ts';

const maxWarnings = 50;
/** Pairs of allows that are compared, at most. */
const maxPairs = 200_000;

/** Warnings of the whole document, and how many more there are than are shown. */
export function policyWarnings(
  state: OrganisationState,
  classes: readonly SubjectClass[],
  nowMs: number,
): { warnings: PlanWarning[]; more: number } {
  const meant = new Meant(
    classes.flatMap(({ isSeen, after }) => (isSeen && after !== undefined ? [after] : [])),
  );
  const all = [
    ...looserAllows(state, meant, nowMs),
    ...idlePolicies(state, meant, nowMs),
    ...idleWaivers(state),
  ];
  return { warnings: all.slice(0, maxWarnings), more: Math.max(0, all.length - maxWarnings) };
}

function looserAllows(
  { policies, resources, document }: OrganisationState,
  meant: Meant,
  nowMs: number,
): PlanWarning[] {
  const written = new Map((document.policies ?? []).map((policy) => [policy.name, policy]));
  const allows = policies.policies.filter(({ effect, untilMs }) => effect === 'allow' && untilMs > nowMs);
  const targets = new Targets(allows);
  const places = new Map(allows.map((allow, place) => [allow, place]));
  /** By the places of both: what it is about, or that there is nothing to say. */
  const pairs = new Map<number, { loose: Policy; strict: Policy; resources: string[] } | undefined>();
  let left = maxPairs;
  for (const { definition } of resources) {
    const about = targets.about(definition.name, definition.tags ?? []);
    for (const loose of about) {
      for (const strict of about) {
        if (loose === strict || left === 0) continue;
        left -= 1;
        const key = (places.get(loose) ?? 0) * allows.length + (places.get(strict) ?? 0);
        let pair = pairs.get(key);
        if (pair === undefined && !pairs.has(key)) {
          const tells = looser(loose, strict, written) && meant.meet(loose, strict);
          pair = tells ? { loose, strict, resources: [] } : undefined;
          pairs.set(key, pair);
        }
        pair?.resources.push(definition.name);
      }
    }
  }
  return [...pairs.values()].flatMap((pair) => {
    if (pair === undefined) return [];
    const { loose, strict, resources: names } = pair;
    const keys = conditionKeys([whenOf(strict, written)]);
    return {
      kind: 'looser-allow',
      policy: loose.name,
      other: strict.name,
      resources: names.slice(0, 10),
      message:
        `"${loose.name}" lets people in to ${listed(names)} whom "${strict.name}" lets in only with ${keys.join(', ')}; ` +
        'put what must always hold into a require',
    };
  });
}

/** Whether the first asks for less than the second, by a door that both open. */
function looser(loose: Policy, strict: Policy, written: ReadonlyMap<string, PolicyDocument>): boolean {
  if (!loose.doors.some((door) => strict.doors.includes(door))) return false;
  const [few, many] = [[whenOf(loose, written)], [whenOf(strict, written)]];
  return implies(many, few) && !implies(few, many);
}

/** Whom policies mean, of those who are known: by their names and groups, gathered once. */
class Meant {
  readonly isAnyoneKnown: boolean;
  readonly #byGroup = new Map<string, Set<Facts['subject']>>();
  readonly #byPerson = new Map<string, Set<Facts['subject']>>();
  readonly #byAccount = new Map<string, Set<Facts['subject']>>();
  /** By address, and by `*@domain`. */
  readonly #byGuest = new Map<string, Set<Facts['subject']>>();
  readonly #found = new Map<Policy, ReadonlySet<Facts['subject']>>();

  constructor(subjects: readonly Facts['subject'][]) {
    this.isAnyoneKnown = subjects.some(({ kind }) => kind !== 'service');
    const add = (map: Map<string, Set<Facts['subject']>>, key: string, subject: Facts['subject']): void =>
      void map.set(key, (map.get(key) ?? new Set()).add(subject));
    for (const subject of subjects) {
      for (const group of subject.groups) add(this.#byGroup, group, subject);
      if (subject.kind === 'service') add(this.#byAccount, subject.name, subject);
      else if (subject.email !== undefined && subject.kind === 'person')
        add(this.#byPerson, subject.email, subject);
      else if (subject.email !== undefined)
        for (const pattern of patternsFor(subject.email)) add(this.#byGuest, pattern, subject);
    }
  }

  /** Those whom the lists of a policy name; none for everyone. */
  of(policy: Policy): ReadonlySet<Facts['subject']> {
    let found = this.#found.get(policy);
    if (found === undefined) {
      const { who } = policy;
      const lists = who === 'everyone' ? {} : who;
      found = new Set([
        ...(lists.groups ?? []).flatMap((group) => [...(this.#byGroup.get(group) ?? [])]),
        ...(lists.people ?? []).flatMap((email) => [...(this.#byPerson.get(email.toLowerCase()) ?? [])]),
        ...(lists.serviceAccounts ?? []).flatMap((name) => [...(this.#byAccount.get(name) ?? [])]),
        ...(lists.guests ?? []).flatMap((pattern) => [...(this.#byGuest.get(pattern.toLowerCase()) ?? [])]),
      ]);
      this.#found.set(policy, found);
    }
    return found;
  }

  /** Whether both mean somebody: by the same name or group, or because somebody is known whom both mean. */
  meet(one: Policy, other: Policy): boolean {
    if (one.who === 'everyone' || other.who === 'everyone') return true;
    for (const key of ['groups', 'people', 'serviceAccounts', 'guests'] as const) {
      const names = new Set(other.who[key]);
      if (one.who[key]?.some((name) => names.has(name)) === true) return true;
    }
    const others = this.of(other);
    for (const subject of this.of(one)) if (others.has(subject)) return true;
    return false;
  }
}

/** Policies that are over, mean nobody who is known, or guard what nothing opens. */
function idlePolicies(
  { policies, resources }: OrganisationState,
  meant: Meant,
  nowMs: number,
): PlanWarning[] {
  const allows = new Targets(policies.policies.filter(({ effect }) => effect === 'allow'));
  const definitions = resources.map(({ definition }) => definition);
  const all = new NamesAndTags(definitions);
  const opened = new NamesAndTags(
    definitions.filter(({ name, tags = [] }) => allows.about(name, tags).length > 0),
  );
  return policies.policies.flatMap((policy): PlanWarning[] => {
    const warning = (kind: PlanWarning['kind'], message: string): PlanWarning[] => [
      { kind, policy: policy.name, message },
    ];
    if (policy.untilMs <= nowMs)
      return warning('over', `"${policy.name}" is over; it does nothing any more and can go`);
    if (!all.has(policy)) return warning('matches-nothing', `"${policy.name}" is about no resource`);
    const meansAccounts = typeof policy.who === 'object' && policy.who.serviceAccounts !== undefined;
    if ((meant.isAnyoneKnown || meansAccounts) && policy.who !== 'everyone' && meant.of(policy).size === 0)
      return warning('matches-nobody', `"${policy.name}" means nobody who has been seen so far`);
    if (policy.effect === 'allow') return [];
    if (opened.has(policy)) return [];
    return warning('matches-nothing', `"${policy.name}" guards what no allow opens`);
  });
}

/** Waivers of requires that are about other resources. */
function idleWaivers({ policies, resources }: OrganisationState): PlanWarning[] {
  const requires = new Map(
    policies.policies.flatMap((policy) => (policy.effect === 'require' ? [[policy.name, policy]] : [])),
  );
  return policies.policies.flatMap((allow) =>
    [...(allow.waives ?? [])].flatMap((name): PlanWarning[] => {
      const require = requires.get(name);
      const meet = resources.some(
        ({ definition: { name: resource, tags = [] } }) =>
          require !== undefined && isAbout(allow, resource, tags) && isAbout(require, resource, tags),
      );
      if (meet) return [];
      const message = `"${allow.name}" waives "${name}", which is about none of its resources`;
      return [{ kind: 'waives-nothing', policy: allow.name, other: name, message }];
    }),
  );
}

function whenOf({ name }: Policy, written: ReadonlyMap<string, PolicyDocument>) {
  return written.get(name)?.when ?? {};
}

/** Policies by what they are about, so that not every one is asked for every resource. */
class Targets {
  readonly #everything: Policy[] = [];
  readonly #byName = new Map<string, Policy[]>();
  readonly #byTag = new Map<string, Policy[]>();

  constructor(policies: readonly Policy[]) {
    const add = (map: Map<string, Policy[]>, key: string, policy: Policy): void => {
      map.set(key, [...(map.get(key) ?? []), policy]);
    };
    for (const policy of policies) {
      if (policy.to === 'everything') this.#everything.push(policy);
      else {
        for (const name of policy.to.resources ?? []) add(this.#byName, name, policy);
        for (const tag of policy.to.tags ?? []) add(this.#byTag, tag, policy);
      }
    }
  }

  about(name: string, tags: readonly string[]): Policy[] {
    return [
      ...new Set([
        ...this.#everything,
        ...(this.#byName.get(name) ?? []),
        ...tags.flatMap((tag) => this.#byTag.get(tag) ?? []),
      ]),
    ];
  }
}

/** What some resources are called and tagged. */
class NamesAndTags {
  readonly #names: ReadonlySet<string>;
  readonly #tags: ReadonlySet<string>;

  constructor(resources: readonly Pick<ResourceDocument, 'name' | 'tags'>[]) {
    this.#names = new Set(resources.map(({ name }) => name));
    this.#tags = new Set(resources.flatMap(({ tags }) => tags ?? []));
  }

  /** Whether the policy is about one of them. */
  has({ to }: Policy): boolean {
    if (to === 'everything') return this.#names.size > 0;
    return (
      to.resources?.some((name) => this.#names.has(name)) === true ||
      to.tags?.some((tag) => this.#tags.has(tag)) === true
    );
  }
}

function isAbout({ to }: Policy, name: string, tags: readonly string[]): boolean {
  if (to === 'everything') return true;
  return to.resources?.includes(name) === true || tags.some((tag) => to.tags?.includes(tag) === true);
}

function listed(names: readonly string[]): string {
  const [first = '', second] = names;
  if (second === undefined) return first;
  return names.length === 2 ? `${first} and ${second}` : `${first} and ${names.length - 1} more`;
}
