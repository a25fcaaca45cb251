/**
 * The database under the store: a SQLite file in the data directory, or PostgreSQL. Opens and migrates it, and says how
 * one organisation's transactions come one after the other, which everything that reads before it writes relies on.
 */
import { join } from 'node:path';
import { Kysely, Migrator, sql, type Dialect, type KyselyPlugin } from 'kysely';
import type { OrganisationId } from '../../protocol/ids.ts';
import { markTransaction } from './inside-transaction.ts';
import { migrations } from './migrations/index.ts';
import { PostgresColumns } from './postgres-columns.ts';
import { postgresDialect, postgresPlugins } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { UnusableDatabase } from './unusable-database.ts';

/** The database file inside the data directory. */
export const fileName = 'postern.db';

export interface DatabaseOptions {
  /** The data directory, which exists. */
  readonly directory: string;
  /** `postgres://…`; without, the file in the directory. */
  readonly url?: string | undefined;
}

/** Opens the database and brings its schema up to date. Throws when it cannot; then nothing was changed. */
export async function openDatabase({ directory, url }: DatabaseOptions): Promise<Database> {
  if (url === undefined) {
    const db = new Kysely<Schema>({ dialect: sqliteDialect(join(directory, fileName)) });
    await migrate(db).catch(async (error: unknown) => {
      await db.destroy();
      throw error;
    });
    return new Database(db, 'sqlite');
  }
  const schema = kyselyOf(postgresDialect({ url, isForSchema: true }), [new PostgresColumns()]);
  try {
    await migrate(schema);
  } finally {
    await schema.destroy();
  }
  return new Database(kyselyOf(postgresDialect({ url }), postgresPlugins), 'postgres');
}

function kyselyOf(dialect: Dialect, plugins: readonly KyselyPlugin[]): Kysely<Schema> {
  return new Kysely<Schema>({ dialect, plugins: [...plugins] });
}

/** Several controllers may begin at once: Kysely's migrator holds a lock of the database meanwhile. */
async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

export class Database {
  readonly db: Kysely<Schema>;
  readonly kind: 'sqlite' | 'postgres';
  /** Organisations with a transaction here: each waits for the one before, and takes no connection until then. */
  readonly #turns = new Map<string, Promise<void>>();

  /** The last time that the database did not answer. */
  #away: UnusableDatabase | undefined;

  constructor(db: Kysely<Schema>, kind: 'sqlite' | 'postgres') {
    this.db = db;
    this.kind = kind;
  }

  /**
   * Runs `body` in one transaction that is the only one of `owner` in all controllers while it lasts. Its return commits,
   * its throw rolls back, nothing else ends it.
   * @param owner an organisation, or `store` for what belongs to none
   */
  async transaction<T>(
    owner: OrganisationId | 'store',
    body: (db: Kysely<Schema>) => Promise<T>,
  ): Promise<T> {
    // SQLite has one writer at a time anyway.
    if (this.kind === 'sqlite') return this.db.transaction().execute((tx) => markTransaction(() => body(tx)));
    return this.#inTurn(owner, () =>
      this.db.transaction().execute(async (tx) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${owner}, 0))`.execute(tx);
        return markTransaction(() => body(tx));
      }),
    );
  }

  async #inTurn<T>(owner: string, body: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(owner) ?? Promise.resolve();
    const asked = this.#away;
    const result = before.then(async () => {
      // What those before waited for in vain, nobody waits for once more.
      if (this.#away !== asked) throw this.#away;
      try {
        return await body();
      } catch (error) {
        if (error instanceof UnusableDatabase) this.#away = error;
        throw error;
      }
    });
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(owner, done);
    try {
      return await result;
    } finally {
      if (this.#turns.get(owner) === done) this.#turns.delete(owner);
    }
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}
