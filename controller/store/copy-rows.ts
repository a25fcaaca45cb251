/** Copies every row of a PostgreSQL database into an empty SQLite file of the same schema, as of one instant. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { tablesOfFile } from './sqlite-tables.ts';

const rowsAtOnce = 500;

type Row = Readonly<Record<string, SQLInputValue>>;

/** @param target has the tables, with nothing in them; its foreign keys are not looked at meanwhile */
export async function copyRows(source: Database, target: DatabaseSync): Promise<void> {
  const tables = tablesOfFile(target);
  target.exec('pragma foreign_keys = off; begin');
  await source.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      for (const table of tables) {
        await sql.raw(`declare copied no scroll cursor for select * from "${table}"`).execute(tx);
        for (;;) {
          const { rows } = await sql<Row>`fetch ${sql.lit(rowsAtOnce)} from copied`.execute(tx);
          if (rows.length === 0) break;
          insert(target, table, rows);
        }
        await sql`close copied`.execute(tx);
      }
    });
  target.exec('commit');
}

function insert(target: DatabaseSync, table: string, rows: readonly Row[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const statement = target.prepare(
    `insert into "${table}" (${columns.map((column) => `"${column}"`).join()}) values (${columns.map(() => '?').join()})`,
  );
  for (const row of rows) statement.run(...columns.map((column) => row[column] ?? null));
}
