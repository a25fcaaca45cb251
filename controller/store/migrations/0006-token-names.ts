/** API tokens have a name, who made them, and when they were last used. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table api_tokens add column name text not null default ''`,
    sql`alter table api_tokens add column created_by text not null default ''`,
    sql`alter table api_tokens add column used_ms integer`,
  ]) {
    await statement.execute(db);
  }
}
