/** Triggers that keep a table append-only. Each database has a language of its own for them. */
import { PostgresAdapter, sql, type Kysely } from 'kysely';

/**
 * From now on nobody changes or deletes a row of `table`, whose rows have an organisation and are numbered by `seq`. On
 * PostgreSQL also: of one organisation, a row that is seen later never has the lower number, so nobody who reads on from
 * a number misses one.
 */
export async function appendOnly(db: Kysely<never>, table: 'audit'): Promise<void> {
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  for (const statement of isPostgres ? onPostgres(table) : onSqlite(table))
    await sql.raw(statement).execute(db);
}

function onSqlite(table: string): string[] {
  return [
    `create trigger ${table}_is_not_changed before update on ${table}
      begin select raise(abort, 'the audit log is append-only'); end`,
    `create trigger ${table}_is_not_deleted before delete on ${table}
      begin select raise(abort, 'the audit log is append-only'); end`,
  ];
}

function onPostgres(table: string): string[] {
  return [
    `create function ${table}_is_append_only() returns trigger language plpgsql as $$
      begin raise exception 'the audit log is append-only'; end $$`,
    `create trigger ${table}_is_not_changed before update or delete or truncate on ${table}
      for each statement execute function ${table}_is_append_only()`,
    // The number is taken once no other writer of the organisation is left (the lock is that of its transactions).
    `create function ${table}_in_order() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock(hashtextextended(new.organisation, 0));
        new.seq := nextval(pg_get_serial_sequence('${table}', 'seq'));
        return new;
      end $$`,
    `create trigger ${table}_in_order before insert on ${table}
      for each row execute function ${table}_in_order()`,
  ];
}
