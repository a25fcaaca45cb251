/**
 * What an organisation's document says, joined with the ids its entries have: read from the store, compiled once per
 * revision, and asked by decisions, snapshots and the API.
 */
import type {
  IdentityProviderDocument,
  OrganisationDocument,
  ResourceDocument,
} from '../../protocol/organisation-document.ts';
import type { Id, NetworkId, ResourceId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { compilePolicies, type Policies } from '../../policy/policies.ts';
import type { StoredPostureSource } from '../posture/source-secrets.ts';
import { noCountries, type CountryLookup } from '../source/countries.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { documentZones } from './resource-hosts.ts';

/** The document as stored: without secrets, which lie sealed beside it. */
export type StoredDocument = Omit<OrganisationDocument, 'identityProviders' | 'postureSources'> & {
  identityProviders?: Omit<IdentityProviderDocument, 'clientSecret'>[];
  postureSources?: StoredPostureSource[];
};

export interface Network {
  readonly id: NetworkId;
  readonly name: string;
}

export interface Resource {
  readonly id: ResourceId;
  readonly network: Network;
  readonly definition: ResourceDocument;
}

export interface ServiceAccount {
  readonly id: Id<'svc'>;
  readonly name: string;
  readonly groups: readonly string[];
}

export interface OrganisationState {
  /** 0 before the first document. */
  readonly revision: number;
  readonly document: StoredDocument;
  readonly zones: readonly Name[];
  readonly groups: ReadonlySet<string>;
  readonly networks: readonly Network[];
  readonly resources: readonly Resource[];
  readonly serviceAccounts: readonly ServiceAccount[];
  readonly policies: Policies;
  /** The operator's, always as of now; no part of the document. */
  readonly countries: CountryLookup;
}

const emptyDocument: StoredDocument = { organisation: '' };

/** Gives the current state of one organisation, reading it again only when its revision has changed. */
export class OrganisationReader {
  readonly #store: ScopedStore;
  readonly #countries: CountryLookup;
  #last: OrganisationState | undefined;

  constructor(store: ScopedStore, countries: CountryLookup = noCountries) {
    this.#store = store;
    this.#countries = countries;
  }

  /** @param store inside a transaction, the transaction's */
  async current(store: ScopedStore = this.#store): Promise<OrganisationState> {
    const revision = await currentRevision(store);
    if (this.#last?.revision !== revision) {
      const next = await readOrganisation(store, this.#countries);
      this.#last = this.#last === undefined ? next : sharing(this.#last, next);
    }
    return this.#last;
  }
}

/** The number of the newest document; 0 before the first. */
export async function currentRevision(store: ScopedStore): Promise<number> {
  const row = await store
    .select('documents')
    .select((eb) => eb.fn.max('revision').as('revision'))
    .executeTakeFirst();
  return row?.revision ?? 0;
}

/** Reads the newest document and the ids of what it declares. */
export async function readOrganisation(
  store: ScopedStore,
  countries: CountryLookup = noCountries,
): Promise<OrganisationState> {
  const row = await store
    .select('documents')
    .select(['revision', 'document'])
    .orderBy('revision', 'desc')
    .executeTakeFirst();
  const document = row === undefined ? emptyDocument : (JSON.parse(row.document) as StoredDocument);
  const networks = await store.select('networks').select(['id', 'name']).orderBy('name').execute();
  const ids = await store.select('resources').select(['id', 'name']).execute();
  const accounts = await store.select('service_accounts').select(['id', 'name']).execute();
  return organisationState(row?.revision ?? 0, document, { networks, resources: ids, accounts }, countries);
}

/** `next` with the resources of `last` where they are the same, so that what was worked out from them is not again. */
function sharing(last: OrganisationState, next: OrganisationState): OrganisationState {
  const before = new Map(last.resources.map((resource) => [resource.id, resource]));
  const resources = next.resources.map((resource) => {
    const known = before.get(resource.id);
    return known !== undefined && JSON.stringify(known) === JSON.stringify(resource) ? known : resource;
  });
  return { ...next, resources };
}

/** The ids of what documents declare, by name. */
export interface DeclaredIds {
  readonly networks: readonly Network[];
  readonly resources: readonly { readonly id: ResourceId; readonly name: string }[];
  readonly accounts: readonly { readonly id: Id<'svc'>; readonly name: string }[];
}

/** A document joined with its ids; what has none is left out. */
export function organisationState(
  revision: number,
  document: StoredDocument,
  { networks, resources: ids, accounts }: DeclaredIds,
  countries: CountryLookup,
): OrganisationState {
  const networkNamed = new Map(networks.map((network) => [network.name, network]));
  const resourceIds = new Map(ids.map(({ id, name }) => [name, id]));
  const accountIds = new Map(accounts.map(({ id, name }) => [name, id]));
  return {
    revision,
    document,
    zones: documentZones(document as OrganisationDocument),
    groups: new Set(document.groups),
    networks,
    resources: (document.resources ?? []).flatMap((definition) => {
      const id = resourceIds.get(definition.name);
      const network = networkNamed.get(definition.network);
      return id === undefined || network === undefined ? [] : [{ id, network, definition }];
    }),
    serviceAccounts: (document.serviceAccounts ?? []).flatMap(({ name, groups }) => {
      const id = accountIds.get(name);
      return id === undefined ? [] : [{ id, name, groups: groups ?? [] }];
    }),
    policies: compilePolicies(document.policies ?? [], document.postureProfiles ?? [], {
      resources: document.resources ?? [],
    }),
    countries,
  };
}
