/** People have a role as administrators, and since when; API tokens have scopes. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table people add column role text`,
    sql`alter table people add column role_ms bigint`,
    sql`alter table people add column role_by text`,
    sql`alter table api_tokens add column scopes text not null default '["read","write","provision"]'`,
  ]) {
    await statement.execute(db);
  }
}
