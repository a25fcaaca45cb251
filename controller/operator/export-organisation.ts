/**
 * Everything that an organisation has at this controller, for whoever leaves or keeps a copy: entries of one table after the
 * other, without secrets, hashes of secrets and what is over by itself within minutes.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { ScopedSchema } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { chainNext, chainStart } from './audit-chain.ts';

/** Tables whose rows have no secret in them once `hidden` is left out. */
const tables = [
  'documents',
  'networks',
  'service_accounts',
  'resources',
  'people',
  'nodes',
  'sessions',
  'access_requests',
  'request_answers',
  'resource_uses',
  'directories',
  'directory_users',
  'directory_groups',
  'directory_members',
  'name_proofs',
  'usage_counts',
  'policy_hits',
] as const satisfies readonly (keyof ScopedSchema)[];
const hidden = new Set(['organisation', 'cookie_hash', 'id_token']);
const rowsAtOnce = 1_000;

export interface ExportedRow {
  readonly table: string;
  readonly row: object;
}

/** The rows, one after the other; those of the audit log with their hashes. */
export async function* exportOrganisation(store: Store, id: OrganisationId): AsyncGenerator<ExportedRow> {
  const scoped = store.forOrganisation(id);
  for (const table of tables)
    for (const row of await scoped
      .select(table as 'nodes')
      .selectAll()
      .execute())
      yield { table, row: withoutHidden(row) };
  let [hash, seq] = [chainStart(id), -1];
  for (;;) {
    const page = scoped.select('audit').selectAll().where('seq', '>', seq);
    const rows = await page.orderBy('seq').limit(rowsAtOnce).execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    for (const row of rows) {
      hash = chainNext(hash, row);
      yield { table: 'audit', row: { ...withoutHidden(row), hash } };
    }
    ({ seq } = last);
  }
}

function withoutHidden(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !hidden.has(column)));
}
