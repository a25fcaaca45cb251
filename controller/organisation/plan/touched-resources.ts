/** Which resources a change can touch, for some people: a plan looks at no others. */
import { isNamed, type Policy } from '../../../policy/policy.ts';
import { canonicalJson } from '../document-changes.ts';
import type { Resource } from '../organisation-state.ts';
import type { Sides, SubjectClass } from './plan-subjects.ts';

/** Resources in lists of which no policy tells the members apart, and how many there are. */
export interface Touched {
  readonly lists: readonly (readonly string[])[];
  readonly count: number;
}

export class TouchedResources {
  readonly #resources: Readonly<Record<'before' | 'after', ReadonlyMap<string, Resource>>>;
  readonly #all: readonly string[];
  /** Resources that are new, gone or tagged otherwise: a change for whoever any policy names. */
  readonly #different: readonly string[];
  readonly #policies: readonly Policy[];
  readonly #targets = new Map<Policy, readonly string[]>();
  readonly #byTag = new Map<string, Set<string>>();
  /** By name, what policies can tell apart: the resource itself where one names it, else its tags on both sides. */
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #found = new Map<string, Touched>();

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
    const named = new Set(
      [...sides.before.policies.policies, ...sides.after.policies.policies].flatMap(({ to }) =>
        to === 'everything' ? [] : (to.resources ?? []),
      ),
    );
    this.#kinds = new Map(
      this.#all.map((name) => [
        name,
        JSON.stringify(
          named.has(name) ? name : [this.tagsOf('before', name) ?? null, this.tagsOf('after', name) ?? null],
        ),
      ]),
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

  /** Those that may come out otherwise for these people; what holds for one of a list holds for the rest. */
  of({ before, after }: SubjectClass): Touched {
    if (canonicalJson(before) !== canonicalJson(after)) return this.#touched('all', () => this.#all);
    if (before === undefined) return { lists: [], count: 0 };
    const policies = this.#policies.filter((policy) => isNamed(policy, before));
    const key = policies.map((policy) => this.#policies.indexOf(policy)).join(' ');
    return this.#touched(key, () => [
      ...new Set([...this.#different, ...policies.flatMap((policy) => [...this.#targetsOf(policy)])]),
    ]);
  }

  /** Worked out once for all to whom the same changed policies apply. */
  #touched(key: string, namesOf: () => readonly string[]): Touched {
    let touched = this.#found.get(key);
    if (touched === undefined) {
      const names = namesOf();
      const lists = new Map<string, string[]>();
      for (const name of names) {
        const kind = this.#kinds.get(name) ?? '';
        const list = lists.get(kind);
        if (list === undefined) lists.set(kind, [name]);
        else list.push(name);
      }
      touched = { lists: [...lists.values()], count: names.length };
      this.#found.set(key, touched);
    }
    return touched;
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
