/**
 * The tables of the controller's store as types. Every table but those of `Schema` itself belongs to an organisation,
 * and its queries go through `ScopedStore`. Times are epoch milliseconds in columns that end in `_ms`; JSON is text.
 */
import type { Email } from '../../protocol/email-address.ts';
import type { Generated } from 'kysely';
import type {
  ConnectorId,
  DeviceId,
  Id,
  NetworkId,
  NodeId,
  OrganisationId,
  ResourceId,
} from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import type { Role } from '../../protocol/roles.ts';

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
}

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

/** A person is (issuer, subject); e-mail only when the provider verified it, in lower case. */
export interface PeopleTable {
  organisation: OrganisationId;
  id: Id<'usr'>;
  issuer: string;
  subject: string;
  email: string | null;
  name: string;
  /** JSON array of declared group names. */
  groups: string;
  created_ms: number;
  signed_in_ms: number;
  /** Since when this person may not sign in; null while they may. */
  disabled_ms: number | null;
  /** Who disabled them: what a directory did it may undo. */
  disabled_by: string | null;
  /** As an administrator; null for everybody else. */
  role: Role | null;
  /** When the role was given or taken, and by whom. */
  role_ms: number | null;
  role_by: string | null;
}

export type NodeKind = 'device' | 'connector' | 'relay';
/** `held`: a device that may use nothing before an administrator approves it. */
export type Approval = 'none' | 'held' | 'approved';
/** `suspended`: two copies of its key were seen; its owner must sign in again. `blocked`: by an administrator. */
export type NodeState = 'active' | 'suspended' | 'blocked';

export interface NodesTable {
  organisation: OrganisationId;
  id: NodeId;
  kind: NodeKind;
  /** Machine and node public keys, base64url. */
  mk: string;
  nk: string;
  name: string;
  os: string;
  version: string;
  /** A connector's network. */
  network: NetworkId | null;
  /** A device's person or service account. */
  owner: string | null;
  approval: Approval;
  state: NodeState;
  /** A relay's public URL. */
  url: string | null;
  address: string | null;
  created_ms: number;
  seen_ms: number;
  /** JSON of the last posture facts, and when they were reported. */
  posture: string | null;
  posture_ms: number | null;
  /** The serial number in that report, without blanks and in upper case. */
  serial: string | null;
  /** Highest sequence number of the connector's flow records in the audit log. */
  received_seq: number;
  /** When somebody last signed in on this device; its expiry counts from here. Null for connectors and relays. */
  signed_in_ms: number | null;
  /** Who gave the device its name, which then outlives what the device calls itself. */
  named_by: string | null;
  /** When the owner said that they know this device; null: it is still news to them. */
  acknowledged_ms: number | null;
  /** When the keys that count now were made known. */
  keys_ms: number | null;
  /** JSON of the endpoints that a connector published; null for none. */
  direct: string | null;
  /** A connector's: JSON of the certificates it last reported, and of the keys that verify its assertions. */
  certificates: string | null;
  assertion_keys: string | null;
}

/** Boot ids of devices. One is current; the others were fenced when a newer one came. */
export interface BootsTable {
  organisation: OrganisationId;
  node: NodeId;
  boot: string;
  fenced_ms: number | null;
  seen_ms: number;
}

/** How many control channels each node has begun, at whichever controllers. */
export interface ChannelsTable {
  organisation: OrganisationId;
  node: NodeId;
  number: number;
}

/** `device`: what a device may do follows from it. `browser`: a signed-in browser at the controller's own pages. */
export type SessionKind = 'device' | 'browser';

export interface SessionsTable {
  organisation: OrganisationId;
  id: Id<'ses'>;
  kind: SessionKind;
  subject: string;
  device: DeviceId | null;
  /** The sk_ key that began it. */
  enrolment_key: Id<'tok'> | null;
  /** SHA-256 of a browser's cookie. */
  cookie_hash: string | null;
  address: string;
  started_ms: number;
  until_ms: number;
  auth_ms: number | null;
  /** JSON array (RFC 8176). */
  amr: string;
  /** Authentication context class, as the provider said. */
  acr: string | null;
  /** The name of the provider, and its own id of the sign-in (`sid`), by which it may end the session. */
  provider: string | null;
  provider_session: string | null;
  /** Sealed: shown to the provider again when a browser signs out there as well. Gone once the session has ended, or at the next sign-in of anybody after it ran out. */
  id_token: Uint8Array | null;
  ended_ms: number | null;
  ended_reason: string | null;
}

export type KeyPurpose = 'connector' | 'relay' | 'service';

export interface EnrolmentKeysTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  kind: 'pk' | 'sk';
  hash: string;
  purpose: KeyPurpose;
  /** The id of the network or service account, or the name of the relay. */
  target: string;
  /** Null: any number. */
  uses_left: number | null;
  expires_ms: number | null;
  created_ms: number;
  created_by: string;
}

export type ApiRole = Extract<Role, 'admin' | 'auditor'>;

export interface ApiTokensTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  hash: string;
  role: ApiRole;
  /** JSON array. */
  scopes: string;
  /** For people; empty where none was given. */
  name: string;
  expires_ms: number | null;
  created_ms: number;
  created_by: string;
  /** Written at most once a minute. */
  used_ms: number | null;
}

/** Tickets and grants that may still be in force: what a revocation has to name. */
export interface IssuedTokensTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  kind: 'ticket' | 'grant';
  node: NodeId;
  session: Id<'ses'> | null;
  network: NetworkId | null;
  /** JSON of what a grant carries (`storedRights`), or of a ticket’s terms. */
  resources: string;
  /** JSON of who a grant says its holder is (`whoText`); null for a ticket, and for what was issued before 0.3. */
  who: string | null;
  issued_ms: number;
  expires_ms: number;
  /** When the key it is bound to was rotated away; it is honoured a little longer, for the flows that are open. */
  superseded_ms: number | null;
}

/**
 * The tokens themselves: a node that returns is given the same one. Apart, because decisions read what was issued often, and
 * its text, which is most of it, hardly ever. Goes with the row of the same id.
 */
export interface IssuedTokenTextsTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  token: string;
}

/** Logout tokens of providers that were acted upon: each counts once. */
export interface LogoutTokensTable {
  organisation: OrganisationId;
  provider: string;
  jti: string;
  /** When it would have expired, and may be forgotten. */
  until_ms: number;
}

export interface RevocationsTable {
  organisation: OrganisationId;
  epoch: number;
  /** JSON array of ids and of `{grants, resources}`: those grants without those resources. */
  ids: string;
  reason: string;
  at_ms: number;
  /** When everything it names has expired by itself. */
  until_ms: number;
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

/** A node that waits for its person to sign in. */
export interface LoginAttemptsTable {
  organisation: OrganisationId;
  id: string;
  kind: 'code' | 'loopback';
  /** Keyed hash of the typed code, or of the secret in the loopback URL. */
  entry_hash: string;
  /** JSON of the device that asks: keys, name, system, boot id, version, address. */
  device: string;
  /** Loopback only: the port and the PKCE challenge. */
  port: number | null;
  challenge: string | null;
  /** Loopback only, once the person has signed in: SHA-256 of the one-time code. */
  code_hash: string | null;
  /** JSON of the sign-in that answered it. */
  sign_in: string | null;
  session: Id<'ses'> | null;
  created_ms: number;
  expires_ms: number;
}

/** Who says from outside which devices are compliant. */
export interface PostureSourcesTable {
  organisation: OrganisationId;
  name: string;
  /** The webhook's secret or the token it is asked with, sealed with the secret key; null where it has none. */
  secret: Uint8Array | null;
  /** When it last said something that was taken, and what was wrong with what it said after that. */
  heard_ms: number | null;
  fault: string | null;
}

/** The last word of each source on each device. */
export interface PostureVerdictsTable {
  organisation: OrganisationId;
  source: string;
  /** A device's id, or a serial number without blanks and in upper case. */
  subject: string;
  /** 1 or 0. */
  compliant: number;
  at_ms: number;
}

/** What a browser carries from its sign-in to a connector, once. */
export interface WebCodesTable {
  organisation: OrganisationId;
  /** SHA-256 of the code. */
  hash: string;
  host: Name;
  network: NetworkId;
  /** base64url SHA-256 of what only that browser has. */
  challenge: string;
  session: Id<'ses'>;
  /** Where the browser asked from. */
  address: string;
  expires_ms: number;
}

/** Web sessions in force: what a revocation has to name, and what connectors that come later are told. */
export interface WebSessionsTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  session: Id<'ses'>;
  subject: Id<'usr'>;
  network: NetworkId;
  resource: ResourceId;
  host: Name;
  /** JSON array: where the browser came from, as the controller and the relay saw it. */
  addresses: string;
  /** JSON of what it stands on besides the right: who the person is, where the door leads. */
  terms: string;
  token: string;
  /** When the right ends by itself; the token ends no later. */
  until_ms: number;
  expires_ms: number;
}

/** Codes that were sent to guests, or would have been: one for each browser and hostname. */
export interface GuestCodesTable {
  organisation: OrganisationId;
  /** Hash of the browser's cookie. */
  browser: string;
  host: Name;
  email: Email;
  /** 1: they are invited there, and a mail was sent. */
  invited: number;
  hash: string;
  tries: number;
  expires_ms: number;
}

/** `service`: a service token (`ws_`); `device`: a device pass (`dp_`). */
export interface WebPassesTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  kind: 'service' | 'device';
  hash: string;
  name: string;
  subject: Id<'usr'> | Id<'svc'>;
  resource: ResourceId;
  /** Of the sign-in in which a person made it. */
  auth_ms: number | null;
  amr: string;
  acr: string | null;
  created_ms: number;
  created_by: string;
  expires_ms: number | null;
}

export type RequestState = 'pending' | 'approved' | 'denied' | 'withdrawn' | 'expired';

/** Somebody asked for a resource. It begins `pending` and ends as one of the others, from `approved` by time or withdrawal. */
export interface AccessRequestsTable {
  organisation: OrganisationId;
  id: Id<'req'>;
  person: Id<'usr'>;
  /** Names, since both outlive changes of the document. */
  resource: string;
  rule: string;
  /** 1 or 0: it was approved by nobody. */
  break_glass: number;
  reason: string;
  /** For how long it was asked. */
  for_ms: number;
  state: RequestState;
  created_ms: number;
  /** When it lapses unanswered. */
  answer_by_ms: number;
  /** Of an approved one, until when. */
  until_ms: number | null;
  /** JSON array of the names of requires. */
  waives: string;
  ended_ms: number | null;
  ended_by: string | null;
}

/** One answer of each approver. */
export interface RequestAnswersTable {
  organisation: OrganisationId;
  request: Id<'req'>;
  /** A person's id or `token tok_…`. */
  who: string;
  answer: 'approve' | 'deny';
  for_ms: number | null;
  waives: string;
  /** Of a denial: why. */
  said: string | null;
  at_ms: number;
}

/** When people last used what is locked while it is not used. */
export interface ResourceUsesTable {
  organisation: OrganisationId;
  person: Id<'usr'>;
  resource: ResourceId;
  used_ms: number;
}

export interface WebhooksTable {
  organisation: OrganisationId;
  name: string;
  /** Sealed with the secret key. */
  secret: Uint8Array;
  /** When it last took what it was told, and what was wrong after that. */
  told_ms: number | null;
  fault: string | null;
}

/** What is still to be told, and to whom. */
export interface NotificationsTable {
  organisation: OrganisationId;
  id: string;
  /** `webhook NAME` or `mail ADDRESS`. */
  target: string;
  event: string;
  body: string;
  attempts: number;
  created_ms: number;
  next_ms: number;
}

/** Links in mails to approvers: each answers its request once, for whoever signs in under that address. */
export interface RequestLinksTable {
  organisation: OrganisationId;
  /** SHA-256 of the token. */
  hash: string;
  request: Id<'req'>;
  email: Email;
  expires_ms: number;
}

/** One row, once a mail was sent or not taken. */
export interface MailStatesTable {
  organisation: OrganisationId;
  sent_ms: number | null;
  /** What was wrong with the last one; null when it was taken. */
  fault: string | null;
}

/** A role that waits for the person with this verified address. */
export interface InvitationsTable {
  organisation: OrganisationId;
  id: Id<'inv'>;
  email: Email;
  role: Role;
  /** SHA-256 of the link's token; null: it is taken by the first sign-in at the provider of this issuer. */
  hash: string | null;
  issuer: string | null;
  created_ms: number;
  /** A person's id, `token tok_…`, or `bootstrap file`. */
  created_by: string;
  expires_ms: number;
}

/** The directory of an identity provider, by its name: whether it may go on taking away. */
export interface DirectoriesTable {
  organisation: OrganisationId;
  name: string;
  heard_ms: number | null;
  /** Since when it is stopped, having taken away too much at once; null while it is not. */
  halted_ms: number | null;
  /** Until when an administrator lets it take away whatever it likes. */
  allowed_until_ms: number | null;
}

export interface DirectoryTokensTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  directory: string;
  hash: string;
  created_ms: number;
  created_by: string;
  expires_ms: number | null;
  used_ms: number | null;
}

/** Somebody whom a directory tells of. The id is ours and is nobody else's; what the directory calls them is its own. */
export interface DirectoryUsersTable {
  organisation: OrganisationId;
  id: string;
  directory: string;
  /** The user name in lower case, unique in a directory. */
  user_key: string;
  external_id: string | null;
  /** 1 or 0. */
  active: number;
  /** JSON of the SCIM attributes that are kept. */
  attributes: string;
  /** Whom this is, once they have signed in. */
  person: Id<'usr'> | null;
  created_ms: number;
  changed_ms: number;
}

export interface DirectoryGroupsTable {
  organisation: OrganisationId;
  id: string;
  directory: string;
  name: string;
  external_id: string | null;
  created_ms: number;
  changed_ms: number;
}

export interface DirectoryMembersTable {
  organisation: OrganisationId;
  directory_group: string;
  directory_user: string;
}

/** Who lost something by a directory lately. */
export interface DirectoryLossesTable {
  organisation: OrganisationId;
  directory: string;
  directory_user: string;
  at_ms: number;
}

/** One-time links by which somebody becomes an owner. */
export interface SetupLinksTable {
  organisation: OrganisationId;
  /** SHA-256 of the token. */
  hash: string;
  created_ms: number;
  expires_ms: number;
}

/** Owners who sign in at the controller itself. */
export interface LocalAccountsTable {
  organisation: OrganisationId;
  person: Id<'usr'>;
  /** In lower case; by which they sign in. */
  email: string;
  /** Hashed; null with a passkey. */
  password: string | null;
  /** Of the authenticator, sealed. */
  one_time_secret: Uint8Array | null;
  /** The latest that was used. */
  one_time_step: number;
  /** JSON array of the hashes of the recovery codes that are left. */
  recovery: string;
  created_ms: number;
}

export interface PasskeysTable {
  organisation: OrganisationId;
  /** The credential's, base64url. */
  id: string;
  person: Id<'usr'>;
  public_key: Uint8Array;
  counter: number;
  created_ms: number;
  used_ms: number | null;
  /** As its owner calls it. */
  name: string | null;
}

/** Challenges that a passkey may answer, once. */
export interface PasskeyChallengesTable {
  organisation: OrganisationId;
  /** SHA-256 of the challenge. */
  hash: string;
  expires_ms: number;
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

/** Ports of people's own machines behind the web door; kept for a while after they have ended. */
export interface ExposuresTable {
  organisation: OrganisationId;
  id: ResourceId;
  /** Its connector's, and nobody else's. */
  network: NetworkId;
  /** Null until it has joined. */
  connector: ConnectorId | null;
  person: Id<'usr'>;
  device: DeviceId;
  hostname: Name;
  port: number;
  /** JSON of who may open it besides the person; null: nobody. */
  allow: string | null;
  created_ms: number;
  until_ms: number;
  ended_ms: number | null;
}

/** The part of a hostname that is one person's for good, so that nobody takes over what others remember as theirs. */
export interface ExposureLabelsTable {
  organisation: OrganisationId;
  label: string;
  person: Id<'usr'>;
}

/** The tables that belong to an organisation. */
export interface ScopedSchema {
  documents: DocumentsTable;
  networks: NetworksTable;
  service_accounts: ServiceAccountsTable;
  resources: ResourcesTable;
  identity_providers: IdentityProvidersTable;
  people: PeopleTable;
  guest_codes: GuestCodesTable;
  nodes: NodesTable;
  boots: BootsTable;
  channels: ChannelsTable;
  sessions: SessionsTable;
  enrolment_keys: EnrolmentKeysTable;
  api_tokens: ApiTokensTable;
  issued_tokens: IssuedTokensTable;
  issued_token_texts: IssuedTokenTextsTable;
  revocations: RevocationsTable;
  audit: AuditTable;
  login_attempts: LoginAttemptsTable;
  posture_sources: PostureSourcesTable;
  posture_verdicts: PostureVerdictsTable;
  logout_tokens: LogoutTokensTable;
  web_codes: WebCodesTable;
  web_sessions: WebSessionsTable;
  web_passes: WebPassesTable;
  access_requests: AccessRequestsTable;
  exposures: ExposuresTable;
  exposure_labels: ExposureLabelsTable;
  request_answers: RequestAnswersTable;
  resource_uses: ResourceUsesTable;
  webhooks: WebhooksTable;
  notifications: NotificationsTable;
  request_links: RequestLinksTable;
  mail_states: MailStatesTable;
  invitations: InvitationsTable;
  directories: DirectoriesTable;
  directory_tokens: DirectoryTokensTable;
  directory_users: DirectoryUsersTable;
  directory_groups: DirectoryGroupsTable;
  directory_members: DirectoryMembersTable;
  directory_losses: DirectoryLossesTable;
  setup_links: SetupLinksTable;
  local_accounts: LocalAccountsTable;
  passkeys: PasskeysTable;
  passkey_challenges: PasskeyChallengesTable;
  proposals: ProposalsTable;
  name_proofs: NameProofsTable;
  usage_counts: UsageCountsTable;
}

/** Requests of known callers within a month. */
export interface UsageCountsTable {
  organisation: OrganisationId;
  /** In UTC, as in `2026-11`. */
  month: string;
  requests: number;
  /** Those among them that were beyond the limit. */
  refused: number;
}

/** Keys, sealed, and the TLS authority, where several controllers share them. */
export interface ControllerFilesTable {
  name: string;
  content: string;
}

/** The controllers that run. One whose beats stand still is gone. */
export interface ControllersTable {
  id: string;
  beats: number;
}

/** What stays of the audit log of an organisation that was deleted. */
export interface AuditHashesTable {
  organisation: OrganisationId;
  seq: number;
  /** base64url. */
  hash: string;
}

export interface Schema extends ScopedSchema {
  audit_hashes: AuditHashesTable;
  organisations: OrganisationsTable;
  controller_files: ControllerFilesTable;
  controllers: ControllersTable;
}
