/**
 * Everything that an organisation has at this controller, for whoever leaves or keeps a copy: entries of one table after the
 * other, without secrets, hashes of secrets and what is over by itself within minutes.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ScopedSchema } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { chainNext, chainStart } from './audit-chain.ts';

/**
 * Of every table that belongs to an organisation, what is left out of its rows; `none`: the table is not exported, since it is
 * nothing but secrets, or over by itself within minutes, or made anew from the others.
 */
const leftOut = {
  documents: [],
  networks: [],
  service_accounts: [],
  resources: [],
  people: [],
  nodes: [],
  sessions: ['cookie_hash', 'id_token'],
  enrolment_keys: ['hash'],
  api_tokens: ['hash'],
  invitations: ['hash'],
  proposals: ['document'],
  proposed_changes: ['answer'],
  access_requests: [],
  request_answers: [],
  resource_uses: [],
  web_passes: ['hash'],
  exposures: [],
  exposure_labels: [],
  posture_verdicts: [],
  directories: [],
  directory_tokens: ['hash'],
  directory_users: [],
  directory_groups: [],
  directory_members: [],
  local_accounts: ['password', 'one_time_secret', 'one_time_step', 'recovery'],
  passkeys: ['public_key', 'counter'],
  name_proofs: [],
  usage_counts: [],
  policy_hits: [],
  resource_last_uses: [],
  // Last, with the hash of each entry.
  audit: [],
  boots: 'none',
  channels: 'none',
  directory_losses: 'none',
  guest_codes: 'none',
  identity_providers: 'none',
  issued_tokens: 'none',
  login_attempts: 'none',
  logout_tokens: 'none',
  mail_states: 'none',
  notifications: 'none',
  passkey_challenges: 'none',
  posture_sources: 'none',
  request_links: 'none',
  resource_lists: 'none',
  revocations: 'none',
  setup_links: 'none',
  web_codes: 'none',
  web_sessions: 'none',
  usage_now: 'none',
  webhooks: 'none',
} as const satisfies Readonly<Record<keyof ScopedSchema, readonly string[] | 'none'>>;
const rowsAtOnce = 1_000;

export interface ExportedRow {
  readonly table: string;
  readonly row: object;
}

/** The rows, one after the other; those of the audit log with their hashes. */
export async function* exportOrganisation(store: Store, id: OrganisationId): AsyncGenerator<ExportedRow> {
  const scoped = store.forOrganisation(id);
  for (const [table, hidden] of Object.entries(leftOut)) {
    if (hidden === 'none' || table === 'audit') continue;
    const rows = await scoped
      .select(table as 'nodes')
      .selectAll()
      .execute();
    for (const row of rows) yield { table, row: without(row, hidden) };
  }
  let [hash, seq] = [chainStart(id), -1];
  for (;;) {
    const page = scoped.select('audit').selectAll().where('seq', '>', seq);
    const rows = await page.orderBy('seq').limit(rowsAtOnce).execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const row of rows) {
      hash = chainNext(hash, row);
      yield { table: 'audit', row: { ...without(row, leftOut.audit), hash } };
    }
    ({ seq } = last);
  }
}

function without(row: object, hidden: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(row).filter(([column]) => column !== 'organisation' && !hidden.includes(column)),
  );
}
