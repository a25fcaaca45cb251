/**
 * Moves a controller's records from its SQLite file to an empty PostgreSQL database: everything or nothing, in one
 * transaction there, compared row by row before it commits. The file stays as it is but for a note that says where its
 * records went, so that nobody goes on with the old ones by accident.
 */
import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql, type Kysely } from 'kysely';
import { fileName, openDatabase } from './database.ts';
import type { Schema } from './schema.ts';
import { tablesOfFile } from './sqlite-tables.ts';

/** A move that was not made; the message is a sentence with what to do. Nothing was changed. */
export class MoveRefused extends Error {}

export interface MovedTable {
  readonly table: string;
  readonly rows: number;
}

/** What the file notes once its records are elsewhere. */
export const movedNote = 'moved';
const rowsAtOnce = 500;

type Row = Readonly<Record<string, unknown>>;

/**
 * @param url `postgres://…`
 * @param place how people call the database in the note: no user, no password
 * @param onTable told after each table
 */
export async function moveRecords(
  { directory, url, place }: { readonly directory: string; readonly url: string; readonly place: string },
  onTable: (moved: MovedTable) => void = () => undefined,
): Promise<MovedTable[]> {
  // Both have the newest schema, so their tables are the same.
  await (await openDatabase({ directory })).close();
  const target = await openDatabase({ directory, url });
  try {
    const source = openAlone(join(directory, fileName));
    try {
      const moved = await target.transaction('store', async (db) => {
        const tables = tablesOf(source);
        await refuseUnlessEmpty(db, tables);
        const done: MovedTable[] = [];
        await sql`alter table audit disable trigger audit_in_order`.execute(db);
        for (const table of tables) {
          const copied = await copy(source, db, table);
          done.push(copied);
          onTable(copied);
        }
        await sql`alter table audit enable trigger audit_in_order`.execute(db);
        await sql`select setval(pg_get_serial_sequence('audit', 'seq'), (select coalesce(max(seq), 0) + 1 from audit), false)`.execute(
          db,
        );
        await verify(source, db, tables);
        source.prepare('insert into controller_files (name, content) values (?, ?)').run(movedNote, place);
        return done;
      });
      source.exec('commit');
      return moved;
    } finally {
      source.close();
    }
  } finally {
    await target.close();
  }
}

/** Opens the file when nobody else has it open; from then on nobody else has. */
function openAlone(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 1_000 });
  try {
    // Leaving the log of writes behind takes the file for oneself.
    database.exec('pragma journal_mode = delete');
    database.exec('begin exclusive');
    const note = database.prepare('select content from controller_files where name = ?').get(movedNote);
    if (note !== undefined)
      throw new MoveRefused(
        `these records were moved to ${String(note['content'])} already; start the controller with --database`,
      );
    return database;
  } catch (error) {
    database.close();
    if (error instanceof MoveRefused || !/locked/i.test(String(error))) throw error;
    throw new MoveRefused('a controller still has these records open; stop it and try again');
  }
}

/** Every table, those first that others refer to. */
function tablesOf(source: DatabaseSync): string[] {
  const names = tablesOfFile(source);
  const refers = new Map(
    names.map((name) => [
      name,
      source
        .prepare(`select "table" from pragma_foreign_key_list(?)`)
        .all(name)
        .map((row) => String(row['table']))
        .filter((other) => other !== name),
    ]),
  );
  const ordered: string[] = [];
  const visit = (name: string): void => {
    if (ordered.includes(name)) return;
    for (const other of refers.get(name) ?? []) visit(other);
    ordered.push(name);
  };
  for (const name of names) visit(name);
  return ordered;
}

async function refuseUnlessEmpty(db: Kysely<Schema>, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
    if (rows.length > 0)
      throw new MoveRefused(
        `that database holds records already (in ${table}); give an empty one: createdb postern`,
      );
  }
}

async function copy(source: DatabaseSync, db: Kysely<Schema>, table: string): Promise<MovedTable> {
  let rows = 0;
  for (const some of chunks(source, table)) {
    await db
      .insertInto(table as 'nodes')
      .values(some as never)
      .execute();
    rows += some.length;
  }
  return { table, rows };
}

/** The rows of a table as PostgreSQL keeps them. */
function* chunks(source: DatabaseSync, table: string): Generator<Row[]> {
  const query = source.prepare(
    `select rowid as "the row", * from "${table}" where rowid > ? order by rowid limit ${rowsAtOnce}`,
  );
  for (let after = -1; ;) {
    const some = query.all(after);
    if (some.length === 0) return;
    after = Number(some.at(-1)?.['the row']);
    yield some.map(({ 'the row': _place, ...row }) =>
      Object.fromEntries(Object.entries(row).map(([column, value]) => [column, withoutNul(value)])),
    );
  }
}

/** PostgreSQL keeps no NUL in text. */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value;
}

/** Counts, and content: the audit log as a chain of hashes in its order, the other tables whatever their order. */
async function verify(source: DatabaseSync, db: Kysely<Schema>, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const [ours, theirs] = [new Digest(table), new Digest(table)];
    for (const some of chunks(source, table)) ours.add(some);
    await sql
      .raw(`declare moved no scroll cursor for select * from "${table}" ${orderOf(table)}`)
      .execute(db);
    for (;;) {
      const { rows } = await sql<Row>`fetch ${sql.lit(rowsAtOnce)} from moved`.execute(db);
      if (rows.length === 0) break;
      theirs.add(rows);
    }
    await sql`close moved`.execute(db);
    if (ours.count !== theirs.count || ours.end() !== theirs.end())
      throw new MoveRefused(
        `the table ${table} did not arrive as it was (${ours.count} rows left, ${theirs.count} came); nothing was kept`,
      );
  }
}

function orderOf(table: string): string {
  return table === 'audit' ? 'order by seq' : '';
}

class Digest {
  count = 0;
  readonly #isChain: boolean;
  readonly #chain: Hash = createHash('sha256');
  readonly #each: string[] = [];

  constructor(table: string) {
    this.#isChain = table === 'audit';
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      this.count += 1;
      const hash = createHash('sha256').update(canonical(row)).digest('base64');
      // Each link takes in all before it.
      if (this.#isChain) this.#chain.update(hash);
      else this.#each.push(hash);
    }
  }

  end(): string {
    for (const hash of this.#each.toSorted()) this.#chain.update(hash);
    return this.#chain.digest('base64');
  }
}

/** The same text for the same row of either database. */
function canonical(row: Row): string {
  const columns = Object.keys(row).toSorted();
  return JSON.stringify(
    columns.map((column) => {
      const value = row[column];
      return [column, value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value];
    }),
  );
}
