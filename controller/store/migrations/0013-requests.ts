/** Requests for access and what was said of them, last uses, and what webhooks still have to be told. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table organisations add column requests_serial integer not null default 0`,
    sql`create table access_requests (
      organisation text not null references organisations (id), id text not null primary key, person text not null,
      resource text not null, rule text not null, break_glass integer not null, reason text not null,
      for_ms integer not null, state text not null, created_ms integer not null, answer_by_ms integer not null,
      until_ms integer, waives text not null, ended_ms integer, ended_by text)`,
    sql`create index access_requests_by_state on access_requests (organisation, state)`,
    sql`create index access_requests_by_person on access_requests (organisation, person)`,
    sql`create table request_answers (
      organisation text not null references organisations (id), request text not null, who text not null,
      answer text not null, for_ms integer, waives text not null, said text, at_ms integer not null,
      primary key (organisation, request, who))`,
    sql`create table resource_uses (
      organisation text not null references organisations (id), person text not null, resource text not null,
      used_ms integer not null, primary key (organisation, person, resource))`,
    sql`create table webhooks (
      organisation text not null references organisations (id), name text not null, secret blob not null,
      told_ms integer, fault text, primary key (organisation, name))`,
    sql`create table notifications (
      organisation text not null references organisations (id), id text not null primary key,
      target text not null, event text not null, body text not null, attempts integer not null,
      created_ms integer not null, next_ms integer not null)`,
    sql`create index notifications_by_next on notifications (organisation, next_ms)`,
  ]) {
    await statement.execute(db);
  }
}
