/** Owners who sign in here and not at a provider: setup links, accounts, passkeys, and challenges that are open. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table setup_links (
      organisation text not null references organisations (id), hash text primary key, created_ms bigint not null,
      expires_ms bigint not null)`,
    sql`create table local_accounts (
      organisation text not null references organisations (id), person text primary key references people (id),
      email text not null, password text, one_time_secret blob, one_time_step bigint not null,
      recovery text not null, created_ms bigint not null)`,
    sql`create unique index local_accounts_by_email on local_accounts (organisation, email)`,
    sql`create table passkeys (
      organisation text not null references organisations (id), id text primary key,
      person text not null references people (id), public_key blob not null, counter bigint not null,
      created_ms bigint not null, used_ms bigint)`,
    sql`create table passkey_challenges (
      organisation text not null references organisations (id), hash text primary key, expires_ms bigint not null)`,
  ]) {
    await statement.execute(db);
  }
}
