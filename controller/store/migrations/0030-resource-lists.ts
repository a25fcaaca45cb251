/**
 * Lists of resources that many issued grants carry alike, each once under its hash. Grants that were issued before go on
 * with lists of their own until they expire.
 */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table resource_lists (
      organisation text not null references organisations (id), hash text not null, ids text not null,
      until_ms integer not null, primary key (organisation, hash))`,
    sql`create index resource_lists_by_end on resource_lists (until_ms)`,
  ]) {
    await statement.execute(db);
  }
}
