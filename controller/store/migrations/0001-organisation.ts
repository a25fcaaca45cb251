/** Organisations and what their document declares. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table organisations (
      id text primary key, name text unique, epoch integer not null, created_ms integer not null)`,
    sql`create table documents (
      organisation text not null references organisations (id), revision integer not null,
      applied_ms integer not null, applied_by text not null, document text not null,
      primary key (organisation, revision))`,
    sql`create table networks (
      organisation text not null references organisations (id), id text primary key, name text not null,
      unique (organisation, name))`,
    sql`create table service_accounts (
      organisation text not null references organisations (id), id text primary key, name text not null,
      unique (organisation, name))`,
    sql`create table resources (
      organisation text not null references organisations (id), id text primary key, name text not null,
      unique (organisation, name))`,
    sql`create table identity_providers (
      organisation text not null references organisations (id), name text not null, client_secret blob not null,
      primary key (organisation, name))`,
  ]) {
    await statement.execute(db);
  }
}
