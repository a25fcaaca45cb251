/**
 * The resources that a subject could be allowed or could know of: those that an allow names for it, and those that everyone
 * may know of. Nothing else needs a decision: without an allow it is refused and hidden. Found once for all who are named
 * by the same policies.
 */
import type { ResourceId } from '../../protocol/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { OrganisationState, Resource } from '../organisation/organisation-state.ts';
import type { Subject } from './seat.ts';
import { subjectFacts } from './subject-facts.ts';

/** Sets of policies whose resources are remembered; the one used longest ago gives way. */
const maxRemembered = 2_048;

interface Index {
  readonly byId: ReadonlyMap<ResourceId, Resource>;
  readonly byName: ReadonlyMap<string, number>;
  readonly byTag: ReadonlyMap<string, readonly number[]>;
  readonly forEveryone: readonly number[];
  /** By the places of the allows that name the subject. */
  readonly remembered: Map<string, readonly Resource[]>;
}

const indexes = new WeakMap<OrganisationState, Index>();

/** In the order of the document. */
export function candidatesFor(state: OrganisationState, subject: Omit<Subject, 'id'>): readonly Resource[] {
  const index = indexOf(state);
  const named = state.policies.placesNaming(subjectFacts(subject));
  const allows: Policy[] = [];
  const key: number[] = [];
  for (const place of named) {
    const policy = state.policies.policies[place];
    if (policy?.effect !== 'allow') continue;
    allows.push(policy);
    key.push(place);
  }
  const text = key.sort((a, b) => a - b).join();
  const known = index.remembered.get(text);
  if (known !== undefined) return known;
  const found = gather(state, index, allows);
  index.remembered.set(text, found);
  const [oldest] = index.remembered.keys();
  if (index.remembered.size > maxRemembered && oldest !== undefined) index.remembered.delete(oldest);
  return found;
}

/** The resource with this id; undefined when it is gone. */
export function resourceById(state: OrganisationState, id: ResourceId): Resource | undefined {
  return indexOf(state).byId.get(id);
}

function gather(state: OrganisationState, index: Index, allows: readonly Policy[]): readonly Resource[] {
  if (allows.some(({ to }) => to === 'everything')) return state.resources;
  const places = new Set(index.forEveryone);
  for (const { to } of allows) {
    if (to === 'everything') continue;
    for (const name of to.resources ?? []) {
      const place = index.byName.get(name);
      if (place !== undefined) places.add(place);
    }
    for (const tag of to.tags ?? []) for (const place of index.byTag.get(tag) ?? []) places.add(place);
  }
  return [...places].sort((a, b) => a - b).flatMap((place) => state.resources[place] ?? []);
}

function indexOf(state: OrganisationState): Index {
  let index = indexes.get(state);
  if (index === undefined) {
    const byTag = new Map<string, number[]>();
    for (const [place, { definition }] of state.resources.entries()) {
      for (const tag of new Set(definition.tags)) {
        const list = byTag.get(tag);
        if (list === undefined) byTag.set(tag, [place]);
        else list.push(place);
      }
    }
    index = {
      byId: new Map(state.resources.map((resource) => [resource.id, resource])),
      byName: new Map(state.resources.map(({ definition }, place) => [definition.name, place])),
      byTag,
      forEveryone: state.resources.flatMap(({ definition }, place) =>
        definition.visibility === 'everyone' ? [place] : [],
      ),
      remembered: new Map(),
    };
    indexes.set(state, index);
  }
  return index;
}
