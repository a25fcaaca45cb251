/** How often each policy let a connection open, by day; and an index for the refusals that people were shown. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table policy_hits (
      organisation text not null references organisations (id), day integer not null, policy text not null,
      opened integer not null, last_ms integer not null, primary key (organisation, day, policy))`,
    sql`create index audit_refusals on audit (organisation, seq) where what = 'access.refuse'`,
  ]) {
    await statement.execute(db);
  }
}
