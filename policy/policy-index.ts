/**
 * The policies of an organisation by whom and what they are about, so that a decision looks at those alone that may
 * concern it. Its size grows with what the policies name, and neither with people nor with resources.
 */
import { patternsFor } from '../protocol/email-address.ts';
import type { Facts } from './facts.ts';
import { isNamed, type Policy } from './policy.ts';

/** Places in the list of policies, ascending. */
type Places = number[];

export class PolicyIndex {
  /** In the order of the document. */
  readonly policies: readonly Policy[];

  readonly #everyone: Places = [];
  readonly #byGroup = new Map<string, Places>();
  readonly #byPerson = new Map<string, Places>();
  readonly #byService = new Map<string, Places>();
  /** Approved requests, by the id of who asked. */
  readonly #byAsker = new Map<string, Places>();
  /** By address, and by `*@domain`. */
  readonly #byGuest = new Map<string, Places>();
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
    for (const [place, { who, person, to }] of policies.entries()) {
      if (person !== undefined) add(this.#byAsker, [person], place);
      else if (who === 'everyone') this.#everyone.push(place);
      else {
        add(this.#byGroup, who.groups, place);
        add(
          this.#byPerson,
          who.people?.map((email) => email.toLowerCase()),
          place,
        );
        add(this.#byService, who.serviceAccounts, place);
        add(
          this.#byGuest,
          who.guests?.map((pattern) => pattern.toLowerCase()),
          place,
        );
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
  concerning({ subject, resource, door }: Pick<Facts, 'subject' | 'resource' | 'door'>): Policy[] {
    this.#question += 1;
    const question = this.#question;
    const named = this.#named;
    for (const group of subject.groups) mark(named, this.#byGroup.get(group), question);
    for (const ofName of this.#ofName(subject)) mark(named, ofName, question);
    mark(named, this.#askedBy(subject), question);
    const places: Places = [];
    this.#addNamed(places, this.#everything, question);
    this.#addNamed(places, this.#byResource.get(resource.name), question);
    for (const tag of resource.tags) this.#addNamed(places, this.#byTag.get(tag), question);
    const concerning: Policy[] = [];
    for (const place of places) {
      const policy = this.policies[place];
      if (policy?.doors.includes(door) === true) concerning.push(policy);
    }
    return concerning;
  }

  /** The places of the policies that name this subject, whatever they are about, in no order. */
  placesNaming(subject: Facts['subject']): Set<number> {
    const places = new Set(this.#everyone);
    for (const group of subject.groups) for (const place of this.#byGroup.get(group) ?? []) places.add(place);
    for (const ofName of this.#ofName(subject)) for (const place of ofName ?? []) places.add(place);
    for (const place of this.#askedBy(subject) ?? []) places.add(place);
    return places;
  }

  /** The policies that name this subject, and those that name this resource; `concerning` are in both. */
  naming({ subject, resource }: Facts): { subject: ReadonlySet<Policy>; resource: ReadonlySet<Policy> } {
    const chosen = (lists: readonly (Places | undefined)[]): Set<Policy> =>
      new Set(lists.flatMap((places) => (places ?? []).flatMap((place) => this.policies[place] ?? [])));
    const byGroup = subject.groups.map((group) => this.#byGroup.get(group));
    const byTag = resource.tags.map((tag) => this.#byTag.get(tag));
    return {
      subject: chosen([this.#everyone, ...this.#ofName(subject), this.#askedBy(subject), ...byGroup]),
      resource: chosen([this.#everything, this.#byResource.get(resource.name), ...byTag]),
    };
  }

  /** A service account by its name, a person by a verified address, a guest by it or by its domain. */
  #ofName({ kind, name, email }: Facts['subject']): readonly (Places | undefined)[] {
    if (kind === 'service') return [this.#byService.get(name)];
    if (email === undefined) return [];
    if (kind === 'person') return [this.#byPerson.get(email)];
    return patternsFor(email).map((pattern) => this.#byGuest.get(pattern));
  }

  /** The approved requests of a person who may still ask. */
  #askedBy(subject: Facts['subject']): Places | undefined {
    const places = subject.id === undefined ? undefined : this.#byAsker.get(subject.id);
    return places?.filter((place) => {
      const policy = this.policies[place];
      return policy !== undefined && isNamed(policy, subject);
    });
  }

  /** Adds of `more` what names the subject of this question, once each, and keeps `places` ascending. */
  #addNamed(places: Places, more: Places | undefined, question: number): void {
    if (more === undefined) return;
    const named = this.#named;
    const found = this.#found;
    for (const place of more) {
      if ((named[place] ?? 0) < question || found[place] === question) continue;
      found[place] = question;
      let at = places.length;
      for (; at > 0 && (places[at - 1] ?? 0) > place; at -= 1) places[at] = places[at - 1] ?? 0;
      places[at] = place;
    }
  }
}

function mark(marks: Float64Array, places: Places | undefined, question: number): void {
  if (places === undefined) return;
  for (const place of places) marks[place] = question;
}

function add(index: Map<string, Places>, names: readonly string[] | undefined, place: number): void {
  for (const name of new Set(names)) {
    const places = index.get(name);
    if (places === undefined) index.set(name, [place]);
    else places.push(place);
  }
}
