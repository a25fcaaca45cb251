/** Which public names are whose, where a controller serves several organisations. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table name_proofs (
      organisation text not null references organisations (id), name text not null, state text not null,
      looked_ms integer, missed_ms integer, primary key (organisation, name))`,
    // One organisation at a time, whatever DNS says.
    sql`create unique index name_proofs_owner on name_proofs (name) where state = 'owned'`,
    sql`alter table organisations add column proves_names integer not null default 0`,
    sql`alter table organisations add column names_serial integer not null default 0`,
  ]) {
    await statement.execute(db);
  }
}
