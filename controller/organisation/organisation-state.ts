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
import type { Approval } from '../../policy/approvals.ts';
import { compilePolicies, type Policies } from '../../policy/policies.ts';
import {
  exposedResource,
  exposedTo,
  isExposureNetwork,
  readExposures,
  type Exposure,
} from '../exposures/exposure.ts';
import { exposingPolicies } from '../../policy/exposed.ts';
import { approvalsOf, readApproved, type Approved } from '../requests/approved.ts';
import type { StoredWebhook } from '../notifications/webhook-secrets.ts';
import type { StoredPostureSource } from '../posture/source-secrets.ts';
import { noCountries, type CountryLookup } from '../source/countries.ts';
import type { ScopedStore, Standing } from '../store/scoped-store.ts';
import { ownedNames, withOwnedNames } from './owned-names.ts';
import { documentZones } from './resource-hosts.ts';

/** The document as stored: without secrets, which lie sealed beside it. */
export type StoredDocument = Omit<
  OrganisationDocument,
  'identityProviders' | 'postureSources' | 'webhooks'
> & {
  identityProviders?: Omit<IdentityProviderDocument, 'clientSecret'>[];
  postureSources?: StoredPostureSource[];
  webhooks?: StoredWebhook[];
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
  /** Of the names that it has proven; undefined where it need not, and all names of the document work. */
  readonly namesSerial: number | undefined;
  /** Then it has no resources, whatever its document says. */
  readonly isSuspended: boolean;
  /** Grows by one whenever another request is approved or something is exposed, or one that was is over. */
  readonly requestsSerial: number;
  /** Requests that were approved and are not over, and what of them counts under this document. */
  readonly approved: readonly Approved[];
  readonly approvals: readonly Approval[];
  /** What is exposed, oldest first; among the resources after those of the document. Each has a network of its own. */
  readonly exposures: readonly Exposure[];
  /** Decide who may expose. */
  readonly exposing: Policies;
  /** Names of the resources that lock what is not used. */
  readonly locked: ReadonlyMap<ResourceId, string>;
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
    const standing = await store.standing();
    if (this.#last === undefined || !isSame(this.#last, revision, standing)) {
      const read = await readOrganisation(store, this.#countries);
      const owned = standing.namesSerial === undefined ? read : withOwnedNames(read, await ownedNames(store));
      const next = standing.isSuspended ? suspended(owned) : owned;
      const known = { ...next, namesSerial: standing.namesSerial };
      this.#last = this.#last === undefined ? known : sharing(this.#last, known);
    }
    return this.#last;
  }
}

function isSame(
  last: OrganisationState,
  revision: number,
  { requestsSerial, isSuspended, namesSerial }: Standing,
): boolean {
  return (
    last.revision === revision &&
    last.requestsSerial === requestsSerial &&
    last.isSuspended === isSuspended &&
    last.namesSerial === namesSerial
  );
}

/** Without resources there is nothing that anybody could be given; the zones stay closed. */
function suspended(state: OrganisationState): OrganisationState {
  return { ...state, isSuspended: true, resources: [], locked: new Map() };
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
  const { requestsSerial } = await store.standing();
  const approved = await readApproved(store);
  const exposures = await readExposures(store);
  const document = row === undefined ? emptyDocument : (JSON.parse(row.document) as StoredDocument);
  const rows = await store.select('networks').select(['id', 'name']).orderBy('name').execute();
  const networks = rows.filter((network) => !isExposureNetwork(network));
  const ids = await store.select('resources').select(['id', 'name']).execute();
  const accounts = await store.select('service_accounts').select(['id', 'name']).execute();
  const declared = { networks, resources: ids, accounts };
  const state = organisationState(row?.revision ?? 0, document, declared, countries, approved, exposures);
  return { ...state, requestsSerial };
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
  approved: readonly Approved[] = [],
  exposures: readonly Exposure[] = [],
): OrganisationState {
  const approvals = approvalsOf(document, approved);
  const networkNamed = new Map(networks.map((network) => [network.name, network]));
  const resourceIds = new Map(ids.map(({ id, name }) => [name, id]));
  const accountIds = new Map(accounts.map(({ id, name }) => [name, id]));
  return {
    revision,
    document,
    zones: documentZones(document as OrganisationDocument),
    groups: new Set(document.groups),
    networks,
    resources: [
      ...(document.resources ?? []).flatMap((definition) => {
        const id = resourceIds.get(definition.name);
        const network = networkNamed.get(definition.network);
        return id === undefined || network === undefined ? [] : [{ id, network, definition }];
      }),
      ...exposures.map(exposedResource),
    ],
    serviceAccounts: (document.serviceAccounts ?? []).flatMap(({ name, groups }) => {
      const id = accountIds.get(name);
      return id === undefined ? [] : [{ id, name, groups: groups ?? [] }];
    }),
    policies: compilePolicies(document.policies ?? [], document.postureProfiles ?? [], {
      resources: document.resources ?? [],
      approvals,
      exposed: exposures.map(exposedTo),
    }),
    exposures,
    exposing: compilePolicies(exposingPolicies(document.policies ?? []), document.postureProfiles ?? []),
    requestsSerial: 0,
    isSuspended: false,
    namesSerial: undefined,
    approved,
    approvals,
    locked: new Map(
      (document.resources ?? []).flatMap(({ name, lockUnused }) => {
        const id = resourceIds.get(name);
        return lockUnused === undefined || id === undefined ? [] : [[id, name] as const];
      }),
    ),
    countries,
  };
}

/** The same without what people expose: what the document alone comes to. */
export function withoutExposures(state: OrganisationState): OrganisationState {
  if (state.exposures.length === 0) return state;
  const { revision, document, networks, serviceAccounts: accounts, countries, approved } = state;
  const resources = state.resources.map(({ id, definition }) => ({ id, name: definition.name }));
  return organisationState(revision, document, { networks, resources, accounts }, countries, approved);
}
