/**
 * The tables of the controller's store as types. Every table but those of `Schema` itself belongs to an organisation,
 * and its queries go through `ScopedStore`. Times are epoch milliseconds in columns that end in `_ms`; JSON is text.
 */
import type {
  DirectoriesTable,
  DirectoryGroupsTable,
  DirectoryLossesTable,
  DirectoryMembersTable,
  DirectoryTokensTable,
  DirectoryUsersTable,
} from './tables/directories.ts';
import type {
  BootsTable,
  ChannelsTable,
  EnrolmentKeysTable,
  IssuedTokensTable,
  NodesTable,
  PostureSourcesTable,
  PostureVerdictsTable,
  ResourceListsTable,
  RevocationsTable,
} from './tables/nodes.ts';
import type {
  AuditHashesTable,
  AuditTable,
  DocumentsTable,
  IdentityProvidersTable,
  NameProofsTable,
  NetworksTable,
  OrganisationsTable,
  ProposalsTable,
  ProposedChangesTable,
  PolicyHitsTable,
  ResourceLastUsesTable,
  ResourcesTable,
  ServiceAccountsTable,
  UsageCountsTable,
  UsageNowTable,
} from './tables/organisations.ts';
import type {
  ApiTokensTable,
  InvitationsTable,
  LocalAccountsTable,
  LoginAttemptsTable,
  LogoutTokensTable,
  PasskeyChallengesTable,
  PasskeysTable,
  PeopleTable,
  SessionsTable,
  SetupLinksTable,
} from './tables/people.ts';
import type {
  AccessRequestsTable,
  MailStatesTable,
  NotificationsTable,
  RequestAnswersTable,
  RequestLinksTable,
  ResourceUsesTable,
  WebhooksTable,
} from './tables/requests.ts';
import type {
  ExposureLabelsTable,
  ExposuresTable,
  GuestCodesTable,
  WebCodesTable,
  WebPassesTable,
  WebSessionsTable,
} from './tables/web-door.ts';

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
  resource_lists: ResourceListsTable;
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
  proposed_changes: ProposedChangesTable;
  name_proofs: NameProofsTable;
  usage_counts: UsageCountsTable;
  usage_now: UsageNowTable;
  policy_hits: PolicyHitsTable;
  resource_last_uses: ResourceLastUsesTable;
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

/** Values that were good once and are used up, for as long as somebody could bring them again. */
export interface TakenValuesTable {
  hash: string;
  until_ms: number;
}

export interface Schema extends ScopedSchema {
  audit_hashes: AuditHashesTable;
  organisations: OrganisationsTable;
  controller_files: ControllerFilesTable;
  controllers: ControllersTable;
  taken_values: TakenValuesTable;
}
