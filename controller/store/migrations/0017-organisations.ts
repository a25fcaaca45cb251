/** Many organisations on one controller: their sign-in addresses, and what the operator says of each. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table organisations add column place integer not null default 0`,
    sql`alter table organisations add column address text`,
    sql`alter table organisations add column suspended_ms integer`,
    sql`alter table organisations add column deleted_ms integer`,
    sql`alter table organisations add column changed integer not null default 0`,
    sql`create unique index organisations_address on organisations (address)`,
    sql`create index organisations_changed on organisations (changed)`,
  ]) {
    await statement.execute(db);
  }
}
