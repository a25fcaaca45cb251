/**
 * What applications are told of a person: by grants and by web sessions alike. Behind a public hostname they believe it, so a
 * grant that says something else than what holds now does not serve there.
 */
import type { NetworkId, ResourceId } from '../../protocol/ids.ts';
import type { PolicyDocument } from '../../protocol/policy-document.ts';
import type { Who } from '../../protocol/web.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { Subject } from './seat.ts';

/** Who somebody is to the applications of a network. `named`: its `groupsOfNetwork`. */
export function whoTold({ name, email, groups }: Omit<Subject, 'id'>, named: readonly string[]): Who {
  return {
    name,
    groups: groups.filter((group) => named.includes(group)),
    ...(email === undefined ? {} : { email }),
  };
}

/** The same as text: another text is something else. */
export function whoText(subject: Omit<Subject, 'id'>, named: readonly string[]): string {
  const { groups, ...rest } = whoTold(subject, named);
  return JSON.stringify({ ...rest, groups: groups.toSorted() });
}

/** What one state of an organisation says of all its networks, worked out once: thousands of devices ask for the same. */
interface Shared {
  readonly web: ReadonlySet<ResourceId>;
  readonly groups: ReadonlyMap<NetworkId, readonly string[]>;
}

const sharedOf = new WeakMap<OrganisationState, Shared>();

/** The resources behind public hostnames. */
export function webResources(state: OrganisationState): ReadonlySet<ResourceId> {
  return shared(state).web;
}

/** Groups that policies and path rules of this network name: its applications may be told of those, and of no others. */
export function groupsOfNetwork(state: OrganisationState, network: NetworkId): readonly string[] {
  return shared(state).groups.get(network) ?? [];
}

/** Whether grants that were issued before say of their holders what they would say now, wherever that is believed. */
export function tellsAlike(before: OrganisationState, after: OrganisationState): boolean {
  if (webResources(after).size === 0) return true;
  const [was, is] = [shared(before).groups, shared(after).groups];
  return [...is].every(([network, groups]) => {
    const told = new Set(was.get(network));
    return groups.length === told.size && groups.every((group) => told.has(group));
  });
}

function shared(state: OrganisationState): Shared {
  const known = sharedOf.get(state);
  if (known !== undefined) return known;
  const { resources } = state;
  const web = resources.flatMap(({ id, definition }) => (definition.web === undefined ? [] : [id]));
  const made = { web: new Set(web), groups: namedGroups(state) };
  sharedOf.set(state, made);
  return made;
}

function namedGroups({ document, resources, exposures }: OrganisationState): Map<NetworkId, string[]> {
  const named = new Map<NetworkId, Set<string>>();
  /** Where resources of this name, or with this tag, lie. */
  const [byName, byTag] = [new Map<string, Set<NetworkId>>(), new Map<string, Set<NetworkId>>()];
  for (const { network, definition } of resources) {
    const groups = entry(named, network.id);
    for (const rule of definition.web?.rules ?? []) for (const group of rule.groups ?? []) groups.add(group);
    entry(byName, definition.name).add(network.id);
    for (const tag of definition.tags ?? []) entry(byTag, tag).add(network.id);
  }
  for (const { to = {}, allow, deny, require } of document.policies ?? []) {
    const groups = [allow, deny, require].flatMap((who) =>
      who === undefined || who === 'everyone' ? [] : (who.groups ?? []),
    );
    for (const network of networksOf(to)) for (const group of groups) entry(named, network).add(group);
  }
  for (const { network, allow } of exposures)
    if (allow !== undefined && allow !== 'everyone')
      for (const group of allow.groups ?? []) entry(named, network).add(group);
  return new Map([...named].map(([network, groups]) => [network, [...groups]]));

  function networksOf(to: NonNullable<PolicyDocument['to']>): Iterable<NetworkId> {
    if (to === 'everything') return named.keys();
    const about = [
      ...(to.resources ?? []).map((name) => byName.get(name)),
      ...(to.tags ?? []).map((tag) => byTag.get(tag)),
    ];
    return new Set(about.flatMap((networks) => [...(networks ?? [])]));
  }
}

function entry<Key, Item>(sets: Map<Key, Set<Item>>, key: Key): Set<Item> {
  const found = sets.get(key) ?? new Set<Item>();
  sets.set(key, found);
  return found;
}
