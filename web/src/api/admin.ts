/** The controller's API for those who administer: lists, commands, and the organisation's document. */
import type {
  ApiTokenEntry,
  AuditRow,
  DeviceEntry,
  DeviceStanding,
  DryRunOutcome,
  KeyEntry,
  PersonEntry,
  PostureSourceEntry,
  ResourceEntry,
  ServerEntry,
  ServiceAccountEntry,
  SessionEntry,
} from '../../../protocol/inventory.ts';
import type { Administrator } from '../../../protocol/administrators.ts';
import type { NewToken } from '../../../protocol/api-tokens.ts';
import type { DirectoryEntry } from '../../../protocol/directories.ts';
import type { ApplyResult, DocumentChange, DocumentRevision } from '../../../protocol/document-revisions.ts';
import type { EffectiveAccessList } from '../../../protocol/effective-access.ts';
import type { ExposureEntry } from '../../../protocol/exposures.ts';
import type { HostnameCheck, HostnameEntry } from '../../../protocol/hostnames.ts';
import type { Invitations, Invited } from '../../../protocol/invitations.ts';
import type { MailStatus, MailTested } from '../../../protocol/mail.ts';
import type { LiveFlowList } from '../../../protocol/live-flows.ts';
import type { NameProof } from '../../../protocol/name-proofs.ts';
import type { Overview } from '../../../protocol/overview.ts';
import type { MadePass, PassEntry } from '../../../protocol/passes.ts';
import type { PlanResult } from '../../../protocol/plan.ts';
import type { PolicyHits } from '../../../protocol/policy-hits.ts';
import type { ProposalDetail, ProposalList, Proposed } from '../../../protocol/proposals.ts';
import type { ProposedChanges } from '../../../protocol/proposed-changes.ts';
import type { PostureProfileDocument } from '../../../protocol/posture-document.ts';
import type { AccessRequests, Approving, RequestState } from '../../../protocol/requests.ts';
import type { ResourceHealthList } from '../../../protocol/resource-health.ts';
import type { Role, TokenRole } from '../../../protocol/roles.ts';
import type { SignInTrial } from '../../../protocol/sign-in-trials.ts';
import type { Simulation, SimulationRequest } from '../../../protocol/simulation.ts';
import type { TargetTest, TargetTested } from '../../../protocol/target-test.ts';
import type { Diagnostics } from '../../../protocol/diagnostics.ts';
import type { Usage } from '../../../protocol/usage.ts';
import type { WebhookEntry, WebhookTested } from '../../../protocol/webhooks.ts';
import type { ShownDocument } from '../admin/document/shown-document.ts';
import { call, withQuery } from './call.ts';

export interface DocumentInForce {
  readonly revision: number;
  readonly document: ShownDocument;
}

export interface RevisionDetail extends DocumentInForce {
  readonly time: string;
  readonly who: string;
  readonly changes: readonly DocumentChange[];
}

/** What of the audit log is asked for; `before` and `after` are cursors. */
export interface LogQuery {
  readonly what?: string | undefined;
  readonly who?: string | undefined;
  readonly resource?: string | undefined;
  readonly result?: string | undefined;
  readonly trace?: string | undefined;
  /** Found in who, reasons or detail. */
  readonly q?: string | undefined;
  readonly since?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly last?: string | undefined;
}

const id = encodeURIComponent;
/** Secrets are not shown, so they are not sent back: those in force stay. */
const keeping = '?secrets=keep';

export const admin = {
  overview: () => call<Overview>('GET', 'overview'),
  access: (of: { resource?: string; subject?: string; device?: string }) =>
    call<EffectiveAccessList>('GET', withQuery('access', of)),
  people: () => call<PersonEntry[]>('GET', 'people'),
  serviceAccounts: () => call<ServiceAccountEntry[]>('GET', 'service-accounts'),
  devices: () => call<DeviceEntry[]>('GET', 'devices'),
  standings: () => call<DeviceStanding[]>('GET', 'posture/devices'),
  postureSources: () => call<PostureSourceEntry[]>('GET', 'posture/sources'),
  dryRun: (profile: string | PostureProfileDocument) =>
    call<DryRunOutcome>('POST', 'posture/dry-run', { body: { profile } }),
  sessions: () => call<SessionEntry[]>('GET', 'sessions'),
  health: () => call<ResourceHealthList>('GET', 'resource-health'),
  healthOf: (name: string) => call<ResourceHealthList>('GET', `resource-health/${encodeURIComponent(name)}`),
  connectors: () => call<ServerEntry[]>('GET', 'connectors'),
  relays: () => call<ServerEntry[]>('GET', 'relays'),
  resources: () => call<ResourceEntry[]>('GET', 'resources'),
  hostnames: () => call<HostnameEntry[]>('GET', 'hostnames'),
  exposures: () =>
    call<{ exposures: ExposureEntry[] }>('GET', 'exposures').then(({ exposures }) => exposures),
  endExposure: (exposure: string) => call<undefined>('DELETE', `exposures/${id(exposure)}`),
  policyHits: () => call<PolicyHits>('GET', 'policies/hits'),
  diagnostics: () => call<Diagnostics>('GET', 'diagnostics'),
  usage: () => call<Usage>('GET', 'usage'),
  trySignIn: (provider: string) => call<{ url: string }>('POST', 'sign-in-trials', { body: { provider } }),
  takeSignInTrial: (trial: string) => call<SignInTrial>('POST', `sign-in-trials/${id(trial)}/take`),
  checkHostname: (name: string) => call<HostnameCheck>('GET', `hostnames/${id(name)}/check`),
  names: () => call<NameProof[]>('GET', 'names'),
  lookAtNames: () => call<NameProof[]>('POST', 'names/look'),
  keys: () => call<KeyEntry[]>('GET', 'enrolment-keys'),
  log: (query: LogQuery) =>
    call<{ entries: AuditRow[]; next: number }>('GET', withQuery('audit', { ...query })),
  simulate: (request: SimulationRequest) => call<Simulation>('POST', 'simulate', { body: request }),
  testTarget: (test: TargetTest) => call<TargetTested>('POST', 'target-tests', { body: test }),

  administrators: () =>
    call<{ administrators: Administrator[] }>('GET', 'administrators').then(
      ({ administrators }) => administrators,
    ),
  setRole: (person: string, role: Role) =>
    call<undefined>('PUT', `administrators/${id(person)}`, { body: { role } }),
  takeRole: (person: string) => call<undefined>('DELETE', `administrators/${id(person)}`),
  invitations: () =>
    call<Invitations>('GET', 'administrators/invitations').then(({ invitations }) => invitations),
  invite: (body: { email: string; role: Role; link?: true }) =>
    call<Invited>('POST', 'administrators/invitations', { body }),
  takeInvitationBack: (invitation: string) =>
    call<undefined>('DELETE', `administrators/invitations/${id(invitation)}`),
  tokens: () => call<ApiTokenEntry[]>('GET', 'tokens'),
  makeToken: (body: NewToken) => call<{ id: string; token: string }>('POST', 'tokens', { body }),
  setTokenRole: (token: string, role: TokenRole) =>
    call<undefined>('POST', `tokens/${id(token)}/role/${role}`),
  deleteToken: (token: string, force: boolean) =>
    call<undefined>('DELETE', withQuery(`tokens/${id(token)}`, { force: force ? 'true' : undefined })),
  directories: () => call<DirectoryEntry[]>('GET', 'directories'),
  makeDirectoryToken: (name: string, expires: string) =>
    call<{ id: string; token: string }>('POST', `directories/${id(name)}/tokens`, {
      body: expires === '' ? {} : { expires },
    }),
  deleteDirectoryToken: (name: string, token: string) =>
    call<undefined>('DELETE', `directories/${id(name)}/tokens/${id(token)}`),
  resumeDirectory: (name: string) => call<undefined>('POST', `directories/${id(name)}/resume`),
  requests: (before?: string) => call<AccessRequests>('GET', withQuery('requests', { before })),
  approveRequest: (request: string, body: Approving) =>
    call<{ state: RequestState }>('POST', `requests/${id(request)}/approve`, { body }),
  denyRequest: (request: string, text: string) =>
    call<{ state: RequestState }>('POST', `requests/${id(request)}/deny`, { body: { text } }),
  withdrawRequest: (request: string) => call<undefined>('POST', `requests/${id(request)}/withdraw`),
  webhooks: () => call<WebhookEntry[]>('GET', 'webhooks'),
  testWebhook: (name: string) => call<WebhookTested>('POST', `webhooks/${id(name)}/test`),

  document: () => call<DocumentInForce>('GET', 'document'),
  plan: (document: ShownDocument) => call<PlanResult>('POST', `document/plan${keeping}`, { body: document }),
  save: (document: ShownDocument, revision: number) =>
    call<ApplyResult | Proposed>('PUT', `document${keeping}`, {
      body: document,
      headers: { 'if-match': `"${revision}"` },
    }),
  history: (before: number | undefined) =>
    call<{ revisions: DocumentRevision[] }>(
      'GET',
      withQuery('document/history', { before: before?.toString() }),
    ),
  passes: () => call<PassEntry[]>('GET', 'passes'),
  makePass: (body: { name: string; resource: string; serviceAccount: string; expires?: string }) =>
    call<MadePass>('POST', 'passes', { body }),
  revokePass: (pass: string) => call<undefined>('DELETE', `passes/${id(pass)}`),
  revision: (revision: number) => call<RevisionDetail>('GET', `document/history/${revision}`),
  rollback: (revision: number, from: number) =>
    call<ApplyResult | Proposed>('POST', 'document/rollback', { body: { revision, from } }),
  proposals: () => call<ProposalList>('GET', 'document/proposals'),
  proposal: (proposal: string) => call<ProposalDetail>('GET', `document/proposals/${id(proposal)}`),
  approveProposal: (proposal: string) =>
    call<ApplyResult>('POST', `document/proposals/${id(proposal)}/approve`),
  proposedChanges: () => call<ProposedChanges>('GET', 'proposals'),
  approveChange: (proposal: string) => call<{ status: number }>('POST', `proposals/${id(proposal)}/approve`),
  refuseChange: (proposal: string) => call<undefined>('POST', `proposals/${id(proposal)}/refuse`),
  takeAnswer: (proposal: string) => call<{ answer: unknown }>('POST', `proposals/${id(proposal)}/take`),
  refuseProposal: (proposal: string) => call<undefined>('POST', `document/proposals/${id(proposal)}/refuse`),

  device: (action: 'approve' | 'unapprove' | 'block' | 'unblock', device: string) =>
    call<undefined>('POST', `devices/${id(device)}/${action}`),
  forgetDevice: (device: string) => call<undefined>('DELETE', `devices/${id(device)}`),
  flows: () => call<LiveFlowList>('GET', 'flows'),
  cutFlow: (connector: string, flow: string) =>
    call<undefined>('DELETE', `flows/${id(connector)}/${id(flow)}`),
  endSession: (session: string) => call<undefined>('DELETE', `sessions/${id(session)}`),
  signOutPerson: (person: string) => call<{ ended: number }>('DELETE', `people/${id(person)}/sessions`),
  setDisabled: (kind: 'people' | 'service-accounts', account: string, disabled: boolean) =>
    call<undefined>('POST', `${kind}/${id(account)}/${disabled ? 'disable' : 'enable'}`),
  drainConnector: (node: string, action: 'drain' | 'resume') =>
    call<null>('POST', `connectors/${encodeURIComponent(node)}/${action}`),
  removeServer: (kind: 'connectors' | 'relays', node: string) =>
    call<undefined>('DELETE', `${kind}/${id(node)}`),
  makeKey: (body: { purpose: KeyEntry['purpose']; name: string; uses?: number; expires?: string }) =>
    call<{ id: string; key: string }>('POST', 'enrolment-keys', { body }),
  mail: () => call<MailStatus>('GET', 'mail'),
  testMail: (to: string) => call<MailTested>('POST', 'mail/test', { body: { to } }),
  deleteKey: (key: string) => call<undefined>('DELETE', `enrolment-keys/${id(key)}`),
};
