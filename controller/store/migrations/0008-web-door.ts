/**
 * The web door: one-time codes between sign-in and connector, web sessions in force, service tokens and device passes, and
 * what connectors report of certificates and of the keys that they sign assertions with.
 */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table web_codes (
      organisation text not null references organisations (id), hash text not null, host text not null,
      network text not null, challenge text not null, session text not null, address text not null,
      expires_ms integer not null, primary key (organisation, hash))`,
    sql`create table web_sessions (
      organisation text not null references organisations (id), id text not null primary key,
      session text not null, subject text not null, network text not null, resource text not null,
      host text not null, addresses text not null, terms text not null, token text not null,
      until_ms integer not null, expires_ms integer not null)`,
    sql`create index web_sessions_by_network on web_sessions (organisation, network)`,
    sql`create index web_sessions_by_session on web_sessions (organisation, session)`,
    sql`create table web_passes (
      organisation text not null references organisations (id), id text not null primary key, kind text not null,
      hash text not null, name text not null, subject text not null, resource text not null,
      auth_ms integer, amr text not null, acr text, created_ms integer not null, created_by text not null,
      expires_ms integer)`,
    sql`create index web_passes_by_subject on web_passes (organisation, subject)`,
    sql`alter table nodes add column certificates text`,
    sql`alter table nodes add column assertion_keys text`,
  ]) {
    await statement.execute(db);
  }
}
