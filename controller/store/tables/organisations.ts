/** Tables of an organisation itself: its document and what is declared in it, names, proposals, the audit log. */
import type { Id, NetworkId, OrganisationId, ResourceId } from '../../../protocol/ids.ts';
import type { Name } from '../../../protocol/names.ts';
import type { Generated } from 'kysely';

export interface OrganisationsTable {
  id: OrganisationId;
  /** Null until the first document names it; of one that is deleted, and null again. */
  name: string | null;
  /** Epoch of the newest revocation; only grows. */
  epoch: number;
  /** Counts approved requests, and what was exposed, that came and went. */
  requests_serial: Generated<number>;
  created_ms: number;
  /** Grows whenever news of this organisation could not be told to other controllers. */
  unheard: Generated<number>;
  /** In the order in which they were made; 0 is the first. */
  place: Generated<number>;
  /** The origin where its people sign in; null: the controller's own. */
  address: string | null;
  /** Since when nothing of it works; null while it does. */
  suspended_ms: number | null;
  /** The row stays when it is deleted: its id is nobody else's. */
  deleted_ms: number | null;
  /** 1 or 0: public names work only where it has proven them. */
  proves_names: Generated<number>;
  /** Counts names that it came to own or owns no more. */
  names_serial: Generated<number>;
  /** Grows, over all organisations, with each change that the operator makes. */
  changed: Generated<number>;
  /** What it may have at most; null: no limit. */
  most_people: number | null;
  most_connectors: number | null;
  /** A second. */
  most_requests: number | null;
  /** Open at once at each connector. */
  most_flows: number | null;
  /** Megabits a second at each relay. */
  most_relay: number | null;
}

/** The columns of what an organisation may have at most. */
export const limitColumns = [
  'most_people',
  'most_connectors',
  'most_requests',
  'most_flows',
  'most_relay',
] as const;
export type LimitColumns = Pick<OrganisationsTable, (typeof limitColumns)[number]>;

/** Documents as applied, newest revision last, without secrets. */
export interface DocumentsTable {
  organisation: OrganisationId;
  revision: number;
  applied_ms: number;
  applied_by: string;
  document: string;
}

export interface NetworksTable {
  organisation: OrganisationId;
  id: NetworkId;
  name: string;
}

export interface ServiceAccountsTable {
  organisation: OrganisationId;
  id: Id<'svc'>;
  name: string;
  /** Since when it may not join; null while it may. */
  disabled_ms: number | null;
}

/** Resources have ids that outlive changes; what they are stands in the document. */
export interface ResourcesTable {
  organisation: OrganisationId;
  id: ResourceId;
  name: string;
}

export interface IdentityProvidersTable {
  organisation: OrganisationId;
  name: string;
  /** Sealed with the secret key. */
  client_secret: Uint8Array;
}

export interface AuditTable {
  organisation: OrganisationId;
  seq: Generated<number>;
  at_ms: number;
  who: string;
  what: string;
  resource: string | null;
  result: string;
  /** JSON array. */
  reasons: string;
  cause: string | null;
  /** JSON object: before and after, flow, bytes. */
  detail: string;
}

/** Changes beside the document that wait for a second administrator, and what became of them. */
export interface ProposedChangesTable {
  organisation: OrganisationId;
  id: Id<'chg'>;
  method: string;
  /** As it was declared. */
  route: string;
  url: string;
  /** JSON; `null` where nothing was sent. */
  body: string | null;
  /** JSON of what it is about, as it was. */
  before: string | null;
  who: string;
  /** JSON array: everybody who could have had it proposed. */
  behind: string;
  created_ms: number;
  state: 'open' | 'approved' | 'refused';
  decided_ms: number | null;
  decided_by: string | null;
  /** Of what was carried out, sealed, until its proposer has taken it. */
  answer: Uint8Array | null;
}

/** Documents that wait for a second administrator, and what became of them. */
export interface ProposalsTable {
  organisation: OrganisationId;
  id: Id<'chg'>;
  /** With its secrets, sealed. */
  document: Uint8Array;
  /** The revision it was made from. */
  revision: number;
  /** JSON array of what it changes, without values. */
  changes: string;
  who: string;
  /** JSON array of everyone who stands behind it. */
  behind: string;
  created_ms: number;
  state: 'open' | 'approved' | 'refused';
  decided_ms: number | null;
  decided_by: string | null;
}

/** `waiting`: it was not found yet, is gone, or is another organisation's. */
export type NameState = 'waiting' | 'owned';

/** Names of the document that have to be the organisation's before they work. */
export interface NameProofsTable {
  organisation: OrganisationId;
  name: Name;
  state: NameState;
  /** When DNS was asked last; null where it was not. */
  looked_ms: number | null;
  /** When the record of an owned name was missing first; null while it is there. */
  missed_ms: number | null;
}

/** Requests of known callers within a month. */
export interface UsageCountsTable {
  organisation: OrganisationId;
  /** In UTC, as in `2026-11`. */
  month: string;
  requests: number;
  /** Those among them that were beyond the limit. */
  refused: number;
  /** Bytes that relays passed. */
  relayed: number;
}

/** What one controller knows to be there now, of the nodes whose channels it holds. */
export interface UsageNowTable {
  organisation: OrganisationId;
  controller: string;
  /** Open at connectors. */
  flows: number;
  /** Bytes a second through relays. */
  relayed: number;
  at_ms: number;
}

/** How often a policy let a connection open within a day. */
export interface PolicyHitsTable {
  organisation: OrganisationId;
  /** Days since 1970, in UTC. */
  day: number;
  /** Its name. */
  policy: string;
  opened: number;
  last_ms: number;
}

/** What stays of the audit log of an organisation that was deleted. */
export interface AuditHashesTable {
  organisation: OrganisationId;
  seq: number;
  /** base64url. */
  hash: string;
}

/** When somebody last connected to a resource, by its name. */
export interface ResourceLastUsesTable {
  organisation: OrganisationId;
  resource: string;
  used_ms: number;
}
