/** The audit log of an organisation that is deleted goes, and its hashes stay; everything else of the log stays as it was. */
import { PostgresAdapter, sql, type Kysely } from 'kysely';

export async function up(db: Kysely<never>): Promise<void> {
  await sql`create table audit_hashes (
    organisation text not null references organisations (id), seq integer not null, hash text not null,
    primary key (organisation, seq))`.execute(db);
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  for (const statement of isPostgres ? onPostgres : onSqlite) await sql.raw(statement).execute(db);
}

const isDeleted =
  'exists (select 1 from organisations where id = old.organisation and deleted_ms is not null)';

const onSqlite = [
  'drop trigger audit_is_not_deleted',
  `create trigger audit_is_not_deleted before delete on audit when not ${isDeleted}
    begin select raise(abort, 'the audit log is append-only'); end`,
];

const onPostgres = [
  'drop trigger audit_is_not_changed on audit',
  `create trigger audit_is_not_changed before update or truncate on audit
    for each statement execute function audit_is_append_only()`,
  `create function audit_is_not_deleted() returns trigger language plpgsql as $$
    begin
      if ${isDeleted} then return old; end if;
      raise exception 'the audit log is append-only';
    end $$`,
  `create trigger audit_is_not_deleted before delete on audit
    for each row execute function audit_is_not_deleted()`,
];
