/** What relays passed for an organisation, by month, and what each controller knows to be open and passing there now. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table usage_counts add column relayed integer not null default 0`,
    sql`create table usage_now (
      organisation text not null references organisations (id), controller text not null, flows integer not null,
      relayed integer not null, at_ms integer not null, primary key (organisation, controller))`,
  ]) {
    await statement.execute(db);
  }
}
