/**
 * The policies of an organisation by whom and what they are about, so that a decision looks at those alone that may
 * concern it. Its size grows with what the policies name, and neither with people nor with resources.
 */
import type { Facts } from './facts.ts';
import type { Policy } from './policy.ts';

/** Places in the list of policies, ascending. */
type Places = number[];

export class PolicyIndex {
  /** In the order of the document. */
  readonly policies: readonly Policy[];

  readonly #everyone: Places = [];
  readonly #byGroup = new Map<string, Places>();
  readonly #byPerson = new Map<string, Places>();
  readonly #byService = new Map<string, Places>();
  readonly #everything: Places = [];
  readonly #byResource = new Map<string, Places>();
  readonly #byTag = new Map<string, Places>();

  // Scratch, by place: the number of the last question whose subject the policy names, and of the last that found it.
  // A policy for everyone is named by every question.
  readonly #named: Float64Array;
  readonly #found: Float64Array;
  #question = 0;

  constructor(policies: readonly Policy[]) {
    this.policies = policies;
    for (const [place, { who, to }] of policies.entries()) {
      if (who === 'everyone') this.#everyone.push(place);
      else {
        add(this.#byGroup, who.groups, place);
        add(
          this.#byPerson,
          who.people?.map((email) => email.toLowerCase()),
          place,
        );
        add(this.#byService, who.serviceAccounts, place);
      }
      if (to === 'everything') this.#everything.push(place);
      else {
        add(this.#byResource, to.resources, place);
        add(this.#byTag, to.tags, place);
      }
    }
    this.#named = new Float64Array(policies.length);
    this.#found = new Float64Array(policies.length);
    for (const place of this.#everyone) this.#named[place] = Number.POSITIVE_INFINITY;
  }

  /**
   * The policies that are about this subject, resource and door, in the order of the document; whether they are valid
   * now is apart because it changes with time.
   */
  concerning(facts: Facts): Policy[] {
    this.#question += 1;
    for (const places of this.#ofSubject(facts))
      for (const place of places)
        if ((this.#named[place] ?? 0) < this.#question) this.#named[place] = this.#question;
    const found: number[] = [];
    let isSorted = true;
    for (const places of this.#ofResource(facts)) {
      for (const place of places) {
        if ((this.#named[place] ?? 0) < this.#question || this.#found[place] === this.#question) continue;
        this.#found[place] = this.#question;
        if (found.length > 0 && place < (found.at(-1) ?? 0)) isSorted = false;
        found.push(place);
      }
    }
    if (!isSorted) found.sort((a, b) => a - b);
    const concerning: Policy[] = [];
    for (const place of found) {
      const policy = this.policies[place];
      if (policy?.doors.includes(facts.door) === true) concerning.push(policy);
    }
    return concerning;
  }

  /** The policies that name this subject, and those that name this resource; `concerning` is in both. */
  naming(facts: Facts): { subject: Set<Policy>; resource: Set<Policy> } {
    const chosen = (lists: Places[]): Set<Policy> =>
      new Set(lists.flat().flatMap((place) => this.policies[place] ?? []));
    return {
      subject: chosen([this.#everyone, ...this.#ofSubject(facts)]),
      resource: chosen(this.#ofResource(facts)),
    };
  }

  /** Without those for everyone. */
  #ofSubject({ subject: { kind, name, email, groups } }: Facts): Places[] {
    const lists: Places[] = [];
    for (const group of groups) collect(lists, this.#byGroup.get(group));
    if (kind === 'service') collect(lists, this.#byService.get(name));
    else if (email !== undefined) collect(lists, this.#byPerson.get(email));
    return lists;
  }

  #ofResource({ resource: { name, tags } }: Facts): Places[] {
    const lists: Places[] = [this.#everything];
    collect(lists, this.#byResource.get(name));
    for (const tag of tags) collect(lists, this.#byTag.get(tag));
    return lists;
  }
}

function add(index: Map<string, Places>, names: readonly string[] | undefined, place: number): void {
  for (const name of new Set(names)) {
    const places = index.get(name);
    if (places === undefined) index.set(name, [place]);
    else places.push(place);
  }
}

function collect(lists: Places[], places: Places | undefined): void {
  if (places !== undefined) lists.push(places);
}
