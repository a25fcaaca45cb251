/**
 * The names of all tables that belong to an organisation; one that is missing here does not typecheck. A table stands behind those
 * that its rows refer to.
 */
import type { ScopedSchema } from './schema.ts';

const tables: Readonly<Record<keyof ScopedSchema, true>> = {
  documents: true,
  networks: true,
  service_accounts: true,
  resources: true,
  identity_providers: true,
  people: true,
  guest_codes: true,
  nodes: true,
  boots: true,
  channels: true,
  sessions: true,
  enrolment_keys: true,
  api_tokens: true,
  issued_tokens: true,
  issued_token_texts: true,
  revocations: true,
  audit: true,
  login_attempts: true,
  posture_sources: true,
  posture_verdicts: true,
  logout_tokens: true,
  web_codes: true,
  web_sessions: true,
  web_passes: true,
  access_requests: true,
  request_answers: true,
  resource_uses: true,
  webhooks: true,
  notifications: true,
  request_links: true,
  mail_states: true,
  invitations: true,
  directories: true,
  directory_tokens: true,
  directory_users: true,
  directory_groups: true,
  directory_members: true,
  directory_losses: true,
  setup_links: true,
  local_accounts: true,
  passkeys: true,
  passkey_challenges: true,
  proposals: true,
  name_proofs: true,
};

export const scopedTables = Object.keys(tables) as (keyof ScopedSchema)[];
