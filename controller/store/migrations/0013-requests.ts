/** Requests for access and what was said of them, last uses, and what webhooks still have to be told. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`alter table organisations add column requests_serial bigint not null default 0`,
    sql`create table access_requests (
      organisation text not null references organisations (id), id text not null primary key, person text not null,
      resource text not null, rule text not null, break_glass integer not null, reason text not null,
      for_ms bigint not null, state text not null, created_ms bigint not null, answer_by_ms bigint not null,
      until_ms bigint, waives text not null, ended_ms bigint, ended_by text)`,
    sql`create index access_requests_by_state on access_requests (organisation, state)`,
    sql`create index access_requests_by_person on access_requests (organisation, person)`,
    sql`create table request_answers (
      organisation text not null references organisations (id), request text not null, who text not null,
      answer text not null, for_ms bigint, waives text not null, text text, at_ms bigint not null,
      primary key (organisation, request, who))`,
    sql`create table resource_uses (
      organisation text not null references organisations (id), person text not null, resource text not null,
      used_ms bigint not null, primary key (organisation, person, resource))`,
    sql`create table webhooks (
      organisation text not null references organisations (id), name text not null, secret bytea not null,
      told_ms bigint, fault text, primary key (organisation, name))`,
    sql`create table notifications (
      organisation text not null references organisations (id), id text not null primary key,
      target text not null, event text not null, body text not null, attempts integer not null,
      created_ms bigint not null, next_ms bigint not null)`,
    sql`create index notifications_by_next on notifications (organisation, next_ms)`,
  ]) {
    await statement.execute(db);
  }
}
