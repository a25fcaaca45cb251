/** An organisation as the operator names it: by its name, or by its id. */
import type { OrganisationsTable } from '../store/tables/organisations.ts';
import type { Store } from '../store/store.ts';
import type { Selectable } from 'kysely';

export type FoundOrganisation = Selectable<OrganisationsTable>;

/** Undefined where there is none, or it was deleted. */
export async function findOrganisation(store: Store, which: string): Promise<FoundOrganisation | undefined> {
  const rows = (await store.organisationRows()).filter(({ deleted_ms: deleted }) => deleted === null);
  return rows.find(({ id, name }) => name === which || id === which);
}
