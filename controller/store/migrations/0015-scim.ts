/** Directories: the people and groups that a provider's directory tells of, its tokens, and what it took away lately. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table people add column disabled_by text`,
    sql`create table directories (
      organisation text not null references organisations (id), name text not null,
      heard_ms integer, halted_ms integer, allowed_until_ms integer, primary key (organisation, name))`,
    sql`create table directory_tokens (
      organisation text not null references organisations (id), id text not null primary key,
      directory text not null, hash text not null, created_ms integer not null, created_by text not null,
      expires_ms integer, used_ms integer)`,
    sql`create unique index directory_tokens_by_hash on directory_tokens (hash)`,
    sql`create table directory_users (
      organisation text not null references organisations (id), id text not null primary key,
      directory text not null, user_key text not null, external_id text, active integer not null,
      attributes text not null, person text, created_ms integer not null, changed_ms integer not null)`,
    sql`create unique index directory_users_by_key on directory_users (organisation, directory, user_key)`,
    sql`create unique index directory_users_by_person on directory_users (organisation, person)`,
    sql`create table directory_groups (
      organisation text not null references organisations (id), id text not null primary key,
      directory text not null, name text not null, external_id text,
      created_ms integer not null, changed_ms integer not null)`,
    sql`create unique index directory_groups_by_name on directory_groups (organisation, directory, name)`,
    sql`create table directory_members (
      organisation text not null references organisations (id), directory_group text not null,
      directory_user text not null, primary key (organisation, directory_group, directory_user))`,
    sql`create index directory_members_by_user on directory_members (organisation, directory_user)`,
    sql`create table directory_losses (
      organisation text not null references organisations (id), directory text not null,
      directory_user text not null, at_ms integer not null,
      primary key (organisation, directory, directory_user))`,
  ]) {
    await statement.execute(db);
  }
}
