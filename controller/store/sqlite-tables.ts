import type { DatabaseSync } from 'node:sqlite';

/** The tables of a controller's file, without those that SQLite and the migrations keep for themselves. */
export function tablesOfFile(database: DatabaseSync): string[] {
  return database
    .prepare(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like 'kysely\\_%' escape '\\' order by name`,
    )
    .all()
    .map(({ name }) => String(name));
}
