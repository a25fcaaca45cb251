/**
 * The controller's records. Opens and migrates the database, hands out the view of one organisation, and answers the few
 * questions that come before an organisation is known: whose is this credential.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, Migrator } from 'kysely';
import { newId, type NodeId, type OrganisationId } from '../../protocol/ids.ts';
import { migrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';
import { ScopedStore } from './scoped-store.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

/** The database file inside the data directory. */
const fileName = 'postern.db';

export interface StoreOptions {
  /** The data directory, which exists. */
  readonly directory: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (bytes: number) => Buffer;
}

/** Whether a controller has kept data in this directory. */
export function hasStore(directory: string): boolean {
  return existsSync(join(directory, fileName));
}

/** Opens the store and brings its schema up to date. Throws when it cannot; then nothing was changed. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const db = new Kysely<Schema>({ dialect: sqliteDialect(join(options.directory, fileName)) });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    return new Store(db, options);
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

export class Store {
  readonly #db: Kysely<Schema>;
  readonly #options: StoreOptions;

  constructor(db: Kysely<Schema>, options: StoreOptions) {
    this.#db = db;
    this.#options = options;
  }

  forOrganisation(id: OrganisationId): ScopedStore {
    return new ScopedStore(this.#db, id);
  }

  async organisations(): Promise<OrganisationId[]> {
    return (await this.#db.selectFrom('organisations').select('id').orderBy('created_ms').execute()).map(
      ({ id }) => id,
    );
  }

  /** Adds an organisation without a name and returns its id. */
  async createOrganisation(): Promise<OrganisationId> {
    const id = newId('org', this.#options.random(16));
    await this.#db
      .insertInto('organisations')
      .values({ id, name: null, epoch: 0, created_ms: this.#options.now() })
      .execute();
    return id;
  }

  /** The one organisation of a self-hosted controller, made at the first start. */
  async soleOrganisation(): Promise<OrganisationId> {
    return (await this.organisations())[0] ?? (await this.createOrganisation());
  }

  /** Whose API token has this hash; undefined when it is nobody's. Whether it has expired is the caller's to see. */
  async apiToken(hash: string) {
    return this.#db.selectFrom('api_tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
  }

  /** The enrolment key with this hash, whatever is left of it. */
  async enrolmentKey(hash: string) {
    return this.#db.selectFrom('enrolment_keys').selectAll().where('hash', '=', hash).executeTakeFirst();
  }

  /** The node with this id, which is proven afterwards by its keys. */
  async node(id: NodeId) {
    return this.#db.selectFrom('nodes').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The browser session with this cookie hash, ended or not. */
  async browserSession(cookieHash: string) {
    return this.#db
      .selectFrom('sessions')
      .selectAll()
      .where('cookie_hash', '=', cookieHash)
      .where('kind', '=', 'browser')
      .executeTakeFirst();
  }

  /** The login attempt whose one-time code has this hash. */
  async attemptByCode(codeHash: string) {
    return this.#db
      .selectFrom('login_attempts')
      .selectAll()
      .where('code_hash', '=', codeHash)
      .executeTakeFirst();
  }

  /** The login attempt with this keyed hash of a typed code or loopback secret. */
  async attemptByEntry(entryHash: string) {
    return this.#db
      .selectFrom('login_attempts')
      .selectAll()
      .where('entry_hash', '=', entryHash)
      .executeTakeFirst();
  }

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await this.#db.selectFrom('organisations').select('id').limit(1).execute();
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}
