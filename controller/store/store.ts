/**
 * The controller's records. Opens and migrates the database, hands out the view of one organisation, and answers the few
 * questions that come before an organisation is known: whose is this credential.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { newId, type NodeId, type OrganisationId } from '../../protocol/ids.ts';
import { fileName, openDatabase, type Database } from './database.ts';
import type { Schema } from './schema.ts';
import { ScopedStore } from './scoped-store.ts';

export interface StoreOptions {
  /** The data directory, which exists. */
  readonly directory: string;
  /** `postgres://…`; without, a SQLite file in the data directory. */
  readonly database?: string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (bytes: number) => Buffer;
}

/** Whether a controller has kept records in this directory. */
export function hasStore(directory: string): boolean {
  return existsSync(join(directory, fileName));
}

/** Opens the store and brings its schema up to date. Throws when it cannot; then nothing was changed. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { directory, database: url } = options;
  return new Store(await openDatabase({ directory, url }), options);
}

export class Store {
  readonly #database: Database;
  readonly #options: StoreOptions;

  constructor(database: Database, options: StoreOptions) {
    this.#database = database;
    this.#options = options;
  }

  forOrganisation(id: OrganisationId): ScopedStore {
    return new ScopedStore(this.#database, id);
  }

  async organisations(): Promise<OrganisationId[]> {
    return (
      await this.#database.db.selectFrom('organisations').select('id').orderBy('created_ms').execute()
    ).map(({ id }) => id);
  }

  /** Adds an organisation without a name and returns its id. */
  async createOrganisation(): Promise<OrganisationId> {
    return this.#insertOrganisation(this.#database.db);
  }

  async #insertOrganisation(db: Kysely<Schema>): Promise<OrganisationId> {
    const id = newId('org', this.#options.random(16));
    await db
      .insertInto('organisations')
      .values({ id, name: null, epoch: 0, created_ms: this.#options.now() })
      .execute();
    return id;
  }

  /** The one organisation of a self-hosted controller, made at the first start; by one of several that start at once. */
  async soleOrganisation(): Promise<OrganisationId> {
    const [first] = await this.organisations();
    if (first !== undefined) return first;
    return this.#database.transaction('store', async (tx) => {
      const [made] = await tx.selectFrom('organisations').select('id').execute();
      return made?.id ?? this.#insertOrganisation(tx);
    });
  }

  /** Whose API token has this hash; undefined when it is nobody's. Whether it has expired is the caller's to see. */
  async apiToken(hash: string) {
    return this.#database.db.selectFrom('api_tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
  }

  /** Whose directory token has this hash; undefined when it is nobody's. Whether it has expired is the caller's to see. */
  async directoryToken(hash: string) {
    return this.#database.db
      .selectFrom('directory_tokens')
      .selectAll()
      .where('hash', '=', hash)
      .executeTakeFirst();
  }

  /** The enrolment key with this hash, whatever is left of it. */
  async enrolmentKey(hash: string) {
    return this.#database.db
      .selectFrom('enrolment_keys')
      .selectAll()
      .where('hash', '=', hash)
      .executeTakeFirst();
  }

  /** The node with this id, which is proven afterwards by its keys. */
  async node(id: NodeId) {
    return this.#database.db.selectFrom('nodes').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** The browser session with this cookie hash, ended or not. */
  async browserSession(cookieHash: string) {
    return this.#database.db
      .selectFrom('sessions')
      .selectAll()
      .where('cookie_hash', '=', cookieHash)
      .where('kind', '=', 'browser')
      .executeTakeFirst();
  }

  /** The login attempt whose one-time code has this hash. */
  async attemptByCode(codeHash: string) {
    return this.#database.db
      .selectFrom('login_attempts')
      .selectAll()
      .where('code_hash', '=', codeHash)
      .executeTakeFirst();
  }

  /** The login attempt with this keyed hash of a typed code or loopback secret. */
  async attemptByEntry(entryHash: string) {
    return this.#database.db
      .selectFrom('login_attempts')
      .selectAll()
      .where('entry_hash', '=', entryHash)
      .executeTakeFirst();
  }

  /** What the controllers of this database keep in common under a name; undefined where nothing is. */
  async file(name: string): Promise<string | undefined> {
    const files = this.#database.db.selectFrom('controller_files');
    return (await files.select('content').where('name', '=', name).executeTakeFirst())?.content;
  }

  /** Keeps it; of two who do so at once the first one's stays. Answers what is kept then. */
  async keepFile(name: string, content: string): Promise<string> {
    await this.#database.db
      .insertInto('controller_files')
      .values({ name, content })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    return (await this.file(name)) ?? content;
  }

  /** Says that this controller runs, and answers how often each of them has said so. */
  async beat(controller: string): Promise<ReadonlyMap<string, number>> {
    const { db } = this.#database;
    await db
      .insertInto('controllers')
      .values({ id: controller, beats: 1 })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({ beats: eb('controllers.beats', '+', 1) })),
      )
      .execute();
    const rows = await db.selectFrom('controllers').selectAll().execute();
    return new Map(rows.map(({ id, beats }) => [id, beats]));
  }

  /** Takes a controller off the list; false when it has said since that it runs, or somebody else was first. */
  async forgetController(id: string, beats: number): Promise<boolean> {
    const same = this.#database.db.deleteFrom('controllers').where('id', '=', id).where('beats', '=', beats);
    return (await same.executeTakeFirst()).numDeletedRows > 0n;
  }

  /** How often news of each organisation could not be told. */
  async unheard(): Promise<ReadonlyMap<OrganisationId, number>> {
    const rows = await this.#database.db.selectFrom('organisations').select(['id', 'unheard']).execute();
    return new Map(rows.map(({ id, unheard }) => [id, unheard]));
  }

  /** Whether the database answers. */
  async ping(): Promise<void> {
    await this.#database.db.selectFrom('organisations').select('id').limit(1).execute();
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
