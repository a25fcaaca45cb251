/** What was signed and may still be in force, what was revoked, and the audit log. */
import { sql, type Kysely } from 'kysely';
import { appendOnly } from './append-only.ts';

export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of [
    sql`create table issued_tokens (
      organisation text not null references organisations (id), id text primary key, kind text not null,
      node text not null, session text, network text, resources text not null, token text not null,
      issued_ms integer not null, expires_ms integer not null)`,
    sql`create index issued_tokens_by_node on issued_tokens (organisation, node, kind, expires_ms)`,
    sql`create index issued_tokens_by_end on issued_tokens (expires_ms)`,
    sql`create table revocations (
      organisation text not null references organisations (id), epoch integer not null, ids text not null,
      reason text not null, at_ms integer not null, until_ms integer not null, primary key (organisation, epoch))`,
    sql`create table audit (
      seq integer primary key autoincrement, organisation text not null references organisations (id),
      at_ms integer not null, who text not null, what text not null, resource text, result text not null,
      reasons text not null, cause text, detail text not null)`,
    sql`create index audit_by_organisation on audit (organisation, seq)`,
  ]) {
    await statement.execute(db);
  }
  await appendOnly(db, 'audit');
}
