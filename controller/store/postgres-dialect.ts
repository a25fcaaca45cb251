/**
 * Kysely over PostgreSQL, for the store alone: a bounded pool, times after which a server counts as gone, and values that
 * come back as SQLite gives them. What differs in the columns of tables is `postgres-columns.ts`.
 */
import pg from 'pg';
import {
  CompiledQuery,
  HandleEmptyInListsPlugin,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  replaceWithNoncontingentExpression,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type KyselyPlugin,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import { boundValue, type BoundValue } from './bound-value.ts';
import { refuseBesideTransaction } from './inside-transaction.ts';
import { databaseFault } from './unusable-database.ts';

/** Connections of one controller; the server's `max_connections` (100 as installed) is shared by all of them. */
const maxConnections = 10;
/** So long a connection may take to be there, from the pool or from the server. */
const connectTimeoutMs = 5_000;
/** A statement that takes longer is ended by the server; the pool hears nothing for a little longer, and gives up too. */
const statementTimeoutMs = 15_000;
const silenceTimeoutMs = statementTimeoutMs + 2_000;
/** A controller that stops in the middle of a transaction holds the others up no longer than this. */
const idleTransactionTimeoutMs = 10_000;

/** Eight-byte integers arrive as text; all of ours, and every count, are exact as numbers. */
const integersAsNumbers = new Map<number, (text: string) => unknown>([[pg.types.builtins.INT8, Number]]);

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`. */
  readonly url: string;
  /** Without the time limits of everyday statements and with one connection: for changes of the schema. */
  readonly isForSchema?: boolean;
}

/** Rewrites what SQLite takes and PostgreSQL does not: `in ()`. */
export const postgresPlugins: readonly KyselyPlugin[] = [
  new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression }),
];

export function postgresDialect(options: PostgresOptions): Dialect {
  return {
    createAdapter: (): DialectAdapter => new PostgresAdapter(),
    createDriver: (): Driver => new PostgresDriver(options),
    createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new PostgresIntrospector(db),
    createQueryCompiler: (): QueryCompiler => new PostgresQueryCompiler(),
  };
}

class PostgresDriver implements Driver {
  readonly #pool: pg.Pool;
  readonly #bound: (value: unknown) => unknown;

  constructor({ url, isForSchema = false }: PostgresOptions) {
    // The migrator binds what the store may not.
    this.#bound = isForSchema ? (value) => value : (value) => withoutNul(boundValue(value));
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: 'postern',
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      max: isForSchema ? 1 : maxConnections,
      ...(isForSchema
        ? {}
        : {
            statement_timeout: statementTimeoutMs,
            query_timeout: silenceTimeoutMs,
            idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
          }),
      types: {
        getTypeParser: (oid: number, format?: 'text' | 'binary') =>
          integersAsNumbers.get(oid) ?? pg.types.getTypeParser(oid, format),
      },
    });
    // What ends a connection shows in its next query, or concerns nobody; without listeners it would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async init(): Promise<void> {
    // The pool connects when it is asked to.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    refuseBesideTransaction();
    try {
      return new PostgresConnection(await this.#pool.connect(), this.#bound);
    } catch (error) {
      throw databaseFault(error);
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as PostgresConnection).release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // Each statement sees what was committed before it; who writes alone is settled by a lock (`database.ts`).
    await connection.executeQuery(CompiledQuery.raw('begin isolation level read committed'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

class PostgresConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #bound: (value: unknown) => unknown;
  /** Statements of one transaction that were begun at once run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #isBroken = false;

  constructor(client: pg.PoolClient, bound: (value: unknown) => unknown) {
    this.#client = client;
    this.#bound = bound;
  }

  executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const values = parameters.map(this.#bound);
    const result = this.#turn.then(() => this.#run<R>(sql, values));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Gives the connection back to the pool, or closes it when it does not answer any more. */
  release(): void {
    this.#client.release(this.#isBroken);
  }

  async #run<R>(sql: string, values: readonly unknown[]): Promise<QueryResult<R>> {
    try {
      const { command, rowCount, rows } = await this.#client.query(sql, [...values]);
      const changes = ['INSERT', 'UPDATE', 'DELETE'].includes(command);
      return { rows: rows as R[], ...(changes ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}) };
    } catch (error) {
      const fault = databaseFault(error);
      if (fault !== error || sql === 'rollback' || sql === 'commit') this.#isBroken = true;
      throw fault;
    }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the store does not stream queries');
  }
}

/** PostgreSQL keeps no NUL in text. Nothing that is stored has one, so what has one is equal to nothing stored. */
function withoutNul(value: BoundValue): BoundValue {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}
