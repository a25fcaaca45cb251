/**
 * Indexes for what every sign-in looks up: sessions that still keep something of the provider's, and devices by their machine
 * key. The one by machine key alone was passed over for the one by kind, which all devices have in common.
 */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create index sessions_with_id_token on sessions (organisation, until_ms) where id_token is not null`,
    sql`drop index nodes_by_machine_key`,
    sql`create index nodes_by_machine_key on nodes (organisation, mk, kind)`,
  ]) {
    await statement.execute(db);
  }
}
