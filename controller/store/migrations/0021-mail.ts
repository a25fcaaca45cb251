/** Links in mails to approvers, each good once, and how sending mail went last. */
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table request_links (
      organisation text not null references organisations (id), hash text primary key, request text not null,
      email text not null, expires_ms integer not null)`,
    sql`create index request_links_by_request on request_links (organisation, request)`,
    sql`create table mail_states (
      organisation text not null primary key references organisations (id), sent_ms integer, fault text)`,
  ]) {
    await statement.execute(db);
  }
}
