/**
 * What applications are told of a person: by grants and by web sessions alike. Behind a public hostname they believe it, so a
 * grant that says something else than what holds now does not serve there.
 */
import type { NetworkId, ResourceId } from '../../protocol/ids.ts';
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

/** The resources behind public hostnames. */
export function webResources({ resources }: OrganisationState): Set<ResourceId> {
  return new Set(resources.flatMap(({ id, definition: { web } }) => (web === undefined ? [] : [id])));
}

/** `groupsOfNetwork`, once for each network. */
export function groupsByNetwork(state: OrganisationState): (network: NetworkId) => readonly string[] {
  const found = new Map<NetworkId, readonly string[]>();
  return (network) => {
    const groups = found.get(network) ?? groupsOfNetwork(state, network);
    found.set(network, groups);
    return groups;
  };
}

/** Groups that policies and path rules of this network name: its applications may be told of those, and of no others. */
export function groupsOfNetwork(
  { document, resources, exposures }: OrganisationState,
  network: NetworkId,
): string[] {
  const inside = resources.filter((resource) => resource.network.id === network);
  const named = new Set(
    inside.flatMap(({ definition: { web } }) => web?.rules?.flatMap(({ groups }) => groups ?? []) ?? []),
  );
  for (const { to = {}, allow, deny, require } of document.policies ?? []) {
    const about =
      to === 'everything' ||
      inside.some(
        ({ definition: { name, tags = [] } }) =>
          to.resources?.includes(name) === true || tags.some((tag) => to.tags?.includes(tag) === true),
      );
    for (const who of about ? [allow, deny, require] : []) {
      if (who !== undefined && who !== 'everyone') for (const group of who.groups ?? []) named.add(group);
    }
  }
  for (const { network: of, allow } of exposures)
    if (of === network && allow !== undefined && allow !== 'everyone')
      for (const group of allow.groups ?? []) named.add(group);
  return [...named];
}
