/**
 * Which names of a document have to be the organisation's own before they work, where a controller serves several: public
 * hostnames, since browsers are led by them alone, and zones in the public tree. What it has not proven is left out of
 * everything that decides or is told to nodes.
 */
import { isWithin, isWildcard, parseName, parsePattern, type Name } from '../../protocol/names.ts';
import type { OrganisationDocument, ResourceDocument } from '../../protocol/organisation-document.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { OrganisationState, StoredDocument } from './organisation-state.ts';
import { isPublicName } from './public-suffix.ts';
import { documentZones } from './resource-hosts.ts';
import { hostnameTexts } from './resource-web.ts';

/** `dns`: by a record. `first`: no record can prove it, so the first organisation to use it keeps it. */
export type Proof = 'dns' | 'first';

/** The names that have to be its own, without the `*.` of wildcards, and how each is proven. */
export function namesToProve(document: StoredDocument): ReadonlyMap<Name, Proof> {
  const zones = documentZones(document as OrganisationDocument).filter(isProvable);
  const hosts = (document.resources ?? []).flatMap(({ web }) => hostnameTexts(web).flatMap(nameOf));
  const suffix = exposeSuffix(document);
  const names = [...new Set([...zones, ...hosts, ...(suffix === undefined ? [] : [suffix])])].toSorted();
  return new Map(names.map((name) => [name, isProvable(name) ? 'dns' : 'first']));
}

export async function ownedNames(store: ScopedStore): Promise<ReadonlySet<Name>> {
  const rows = await store.select('name_proofs').select('name').where('state', '=', 'owned').execute();
  return new Set(rows.map(({ name }) => name));
}

/** The state with what is owned, and with whatever needs no proof. */
export function withOwnedNames(state: OrganisationState, owned: ReadonlySet<Name>): OrganisationState {
  const suffix = exposeSuffix(state.document);
  // What people expose lies below a suffix that is proven once for all.
  const isOwned = (name: Name): boolean =>
    owned.has(name) || (suffix !== undefined && owned.has(suffix) && isWithin(name, suffix));
  return {
    ...state,
    zones: state.zones.filter((zone) => !isProvable(zone) || owned.has(zone)),
    resources: state.resources.map((resource) => {
      const { definition } = resource;
      const kept = hostnameTexts(definition.web).filter((text) => nameOf(text).every(isOwned));
      return kept.length === hostnameTexts(definition.web).length
        ? resource
        : { ...resource, definition: withHostnames(definition, kept) };
    }),
  };
}

/** The state with what the document declares, proven or not, for those who look after it. */
export function asDeclared(state: OrganisationState): OrganisationState {
  const declared = new Map((state.document.resources ?? []).map((each) => [each.name, each]));
  return {
    ...state,
    resources: state.resources.map((resource) => ({
      ...resource,
      definition: declared.get(resource.definition.name) ?? resource.definition,
    })),
  };
}

/** What has to be proven for this hostname, without the `*.` of a wildcard. */
export function provenNameOf(hostname: string): Name | undefined {
  return nameOf(hostname)[0];
}

function withHostnames({ web, ...rest }: ResourceDocument, hostnames: string[]): ResourceDocument {
  if (web === undefined || hostnames.length === 0) return rest;
  const { hostname: _hostname, ...other } = web;
  return { ...rest, web: { ...other, hostnames } };
}

/** Below which people expose ports of their own machines. */
function exposeSuffix({ expose }: StoredDocument): Name | undefined {
  return expose === undefined ? undefined : parseName(expose.suffix);
}

/** The suffixes that the organisation answers for and nobody can prove: the person who lets a device in says yes to them. */
export function unprovenZones(zones: readonly Name[]): Name[] {
  return zones.filter((zone) => !isProvable(zone));
}

/** Names of the public tree; those for private use, and a trial's, are nobody's in DNS. */
function isProvable(name: Name): boolean {
  return isPublicName(name) && !isWithin(name, 'localhost' as Name);
}

function nameOf(text: string): Name[] {
  const pattern = parsePattern(text);
  if (pattern === undefined) return [];
  const name = parseName(isWildcard(pattern) ? pattern.slice(2) : pattern);
  return name === undefined ? [] : [name];
}
