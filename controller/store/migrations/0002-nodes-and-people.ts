/** People, nodes with their boot ids, sessions, and the secrets by which they join or call the API. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table people (
      organisation text not null references organisations (id), id text primary key,
      issuer text not null, subject text not null, email text, name text not null, groups text not null,
      created_ms integer not null, signed_in_ms integer not null, unique (organisation, issuer, subject))`,
    sql`create table nodes (
      organisation text not null references organisations (id), id text primary key, kind text not null,
      mk text not null, nk text not null, name text not null, os text not null, version text not null,
      network text references networks (id), owner text, approval text not null, state text not null,
      url text, address text, created_ms integer not null, seen_ms integer not null,
      posture text, posture_ms integer, received_seq integer not null)`,
    sql`create index nodes_by_kind on nodes (organisation, kind)`,
    sql`create index nodes_by_machine_key on nodes (organisation, mk)`,
    sql`create table boots (
      organisation text not null references organisations (id), node text not null references nodes (id) on delete cascade,
      boot text not null, fenced_ms integer, seen_ms integer not null, primary key (node, boot))`,
    sql`create table enrolment_keys (
      organisation text not null references organisations (id), id text primary key, kind text not null,
      hash text not null unique, purpose text not null, target text not null, uses_left integer, expires_ms integer,
      created_ms integer not null, created_by text not null)`,
    sql`create table sessions (
      organisation text not null references organisations (id), id text primary key, kind text not null,
      subject text not null, device text references nodes (id) on delete cascade, enrolment_key text,
      cookie_hash text unique, address text not null, started_ms integer not null, until_ms integer not null,
      auth_ms integer, amr text not null, ended_ms integer, ended_reason text)`,
    sql`create index sessions_by_device on sessions (organisation, device, started_ms)`,
    sql`create index sessions_by_subject on sessions (organisation, subject) where ended_ms is null`,
    sql`create table api_tokens (
      organisation text not null references organisations (id), id text primary key, hash text not null unique,
      role text not null, expires_ms integer, created_ms integer not null)`,
    sql`create table login_attempts (
      organisation text not null references organisations (id), id text primary key, kind text not null,
      entry_hash text not null unique, device text not null, port integer, challenge text, code_hash text unique,
      sign_in text, session text, created_ms integer not null, expires_ms integer not null)`,
  ]) {
    await statement.execute(db);
  }
}
