/**
 * Kysely over node:sqlite, for the store alone: one connection, WAL, every commit on disk before it is acknowledged.
 * Refuses a SQLite library with the WAL-reset corruption and any bound value that SQLite would silently turn into NULL.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import { UnusableDatabase } from './unusable-database.ts';
import { boundValue } from './bound-value.ts';
import { refuseBesideTransaction } from './inside-transaction.ts';

/** Older libraries can lose a commit when the write-ahead log is reset. */
const oldestSqlite = [3, 51, 3] as const;
const busyTimeoutMs = 5_000;

/** Throws a sentence when this Node's SQLite is older than the store needs. */
export function requireSqlite(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [index, needed] of oldestSqlite.entries()) {
    const given = parts[index] ?? 0;
    if (given > needed) return;
    if (given < needed) {
      throw new Error(
        `SQLite ${version} is older than ${oldestSqlite.join('.')} and can lose data; use a newer Node 24`,
      );
    }
  }
}

/** The dialect for the database file at `path`, which is made when it is missing. */
export function sqliteDialect(path: string): Dialect {
  return {
    createAdapter: (): DialectAdapter => new TransactionalDdlAdapter(),
    createDriver: (): Driver => new SqliteFileDriver(path),
    createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
    createQueryCompiler: (): QueryCompiler => new SqliteQueryCompiler(),
  };
}

/** SQLite can roll schema changes back, so a killed migration leaves the old schema (SECURITY REL-19). */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class SqliteFileDriver implements Driver {
  readonly #path: string;
  readonly #waiting: (() => void)[] = [];
  #database: DatabaseSync | undefined;
  #connection: SqliteConnection | undefined;
  #taken = false;

  constructor(path: string) {
    this.#path = path;
  }

  async init(): Promise<void> {
    const database = new DatabaseSync(this.#path, { timeout: busyTimeoutMs });
    const row = database.prepare('select sqlite_version() as version').get();
    requireSqlite(String(row?.['version']));
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
    this.#database = database;
    this.#connection = new SqliteConnection(database);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    refuseBesideTransaction();
    if (this.#connection === undefined) throw new Error('the database is not open');
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // At once a writer: upgrading later fails when another process wrote in between.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
    this.#connection = undefined;
  }
}

/** Primary result codes of SQLite that are the disk's fault. */
const diskFaults = new Map([
  [8, 'the disk is read-only'],
  [10, 'the disk fails'],
  [13, 'the disk is full'],
]);

/** What the disk is to blame for says so; any other error stays what it is. */
function diskFault(error: unknown): unknown {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  const fault = typeof code === 'number' ? diskFaults.get(code & 0xff) : undefined;
  return fault === undefined
    ? error
    : new UnusableDatabase('away', `the records cannot be written: ${fault}; nothing was changed`, error);
}

/** Statements that are kept ready; making one takes longer than running it. */
const keptStatements = 256;

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  /** Least recently used first. */
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly reads: boolean }>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const values = parameters.map(boundValue);
    try {
      const { statement, reads } = this.#prepared(sql);
      if (reads) return { rows: statement.all(...values) as R[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    } catch (error) {
      throw diskFault(error);
    }
  }

  #prepared(sql: string): { readonly statement: StatementSync; readonly reads: boolean } {
    let prepared = this.#statements.get(sql);
    if (prepared === undefined) {
      const statement = this.#database.prepare(sql);
      prepared = { statement, reads: statement.columns().length > 0 };
    } else this.#statements.delete(sql);
    this.#statements.set(sql, prepared);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size > keptStatements && oldest !== undefined) this.#statements.delete(oldest);
    return prepared;
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store does not stream queries');
  }
}
