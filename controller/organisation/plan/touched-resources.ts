/** Which resources a change can touch, for some people: a plan looks at no others. */
import type { Facts } from '../../../policy/facts.ts';
import type { Policy } from '../../../policy/policy.ts';
import { canonicalJson } from '../document-changes.ts';
import type { Resource } from '../organisation-state.ts';
import type { Sides, SubjectClass } from './plan-subjects.ts';

export class TouchedResources {
  readonly #resources: Readonly<Record<'before' | 'after', ReadonlyMap<string, Resource>>>;
  readonly #all: readonly string[];
  /** Resources that are new, gone or tagged otherwise: a change for whoever any policy names. */
  readonly #different: readonly string[];
  readonly #policies: readonly Policy[];
  readonly #targets = new Map<Policy, readonly string[]>();
  readonly #byTag = new Map<string, Set<string>>();

  /** @param changed policies of either side that do not stand alike on the other */
  constructor(sides: Sides, changed: readonly Policy[]) {
    const byName = (side: 'before' | 'after') =>
      new Map(sides[side].resources.map((resource) => [resource.definition.name, resource]));
    this.#resources = { before: byName('before'), after: byName('after') };
    this.#policies = changed;
    this.#all = [...new Set([...this.#resources.before.keys(), ...this.#resources.after.keys()])];
    this.#different = this.#all.filter(
      (name) => canonicalJson(this.tagsOf('before', name)) !== canonicalJson(this.tagsOf('after', name)),
    );
    for (const resources of [this.#resources.before, this.#resources.after])
      for (const [name, { definition }] of resources)
        for (const tag of definition.tags ?? [])
          this.#byTag.set(tag, (this.#byTag.get(tag) ?? new Set()).add(name));
  }

  /** Undefined where it is not there. */
  resourceOf(side: 'before' | 'after', name: string): Resource | undefined {
    return this.#resources[side].get(name);
  }

  /** Its tags on one side; undefined where it is not there. */
  tagsOf(side: 'before' | 'after', name: string): readonly string[] | undefined {
    const resource = this.resourceOf(side, name);
    return resource === undefined ? undefined : (resource.definition.tags ?? []);
  }

  /** Those that may come out otherwise for these people. */
  of({ before, after }: SubjectClass): readonly string[] {
    if (canonicalJson(before) !== canonicalJson(after)) return this.#all;
    if (before === undefined) return [];
    const names = new Set(this.#different);
    for (const policy of this.#policies)
      if (isNamed(policy, before)) for (const name of this.#targetsOf(policy)) names.add(name);
    return [...names];
  }

  #targetsOf(policy: Policy): readonly string[] {
    let targets = this.#targets.get(policy);
    if (targets === undefined) {
      const { to } = policy;
      targets =
        to === 'everything'
          ? this.#all
          : [...(to.resources ?? []), ...(to.tags ?? []).flatMap((tag) => [...(this.#byTag.get(tag) ?? [])])];
      this.#targets.set(policy, targets);
    }
    return targets;
  }
}

/** Whether a policy's `who` means this subject. */
export function isNamed(
  { who }: Pick<Policy, 'who'>,
  { kind, name, email, groups }: Facts['subject'],
): boolean {
  if (who === 'everyone') return true;
  if (groups.some((group) => who.groups?.includes(group))) return true;
  if (kind === 'service') return who.serviceAccounts?.includes(name) === true;
  return email !== undefined && who.people?.some((person) => person.toLowerCase() === email) === true;
}
