/**
 * Several controllers over one database: what they keep in common beside records, who of them runs, how often news could
 * not be told, and which control channel of a node is its newest.
 */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table controller_files (name text primary key, content text not null)`,
    sql`create table controllers (id text primary key, beats integer not null)`,
    sql`alter table organisations add column unheard integer not null default 0`,
    sql`create table channels (
      organisation text not null references organisations (id),
      node text primary key references nodes (id) on delete cascade, number integer not null)`,
  ]) {
    await statement.execute(db);
  }
}
