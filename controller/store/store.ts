/**
 * The controller's records. Opens and migrates the database, hands out the view of one organisation, and answers the few
 * questions that come before an organisation is known: whose is this credential.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely, Selectable } from 'kysely';
import { newId, type NodeId, type OrganisationId } from '../../protocol/ids.ts';
import { fileName, openDatabase, type Database } from './database.ts';
import type { Schema } from './schema.ts';
import type { AuditTable, LimitColumns, OrganisationsTable } from './tables/organisations.ts';
import { scopedTables } from './scoped-tables.ts';
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

/** A page of the audit log; SQLite takes a bounded number of values in one statement. */
const rowsAtOnce = 1_000;
/** So long after its end it is still known of a value that it was taken. */
const takenForMs = 3_600_000;

/** Another organisation has this name or address. */
export class OrganisationTaken extends Error {
  readonly what: 'name' | 'address';

  constructor(what: 'name' | 'address') {
    super(`another organisation has this ${what}`);
    this.what = what;
  }
}

export class Store {
  readonly #database: Database;
  readonly #options: StoreOptions;

  constructor(database: Database, options: StoreOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** What keeps them. */
  get kind(): 'sqlite' | 'postgres' {
    return this.#database.kind;
  }

  forOrganisation(id: OrganisationId): ScopedStore {
    return new ScopedStore(this.#database, id);
  }

  /** Those that are not deleted, the first one first. */
  async organisations(): Promise<OrganisationId[]> {
    const rows = await this.organisationRows();
    return rows.filter(({ deleted_ms: deleted }) => deleted === null).map(({ id }) => id);
  }

  /** Every organisation that there is or was, in the order in which they were made. */
  organisationRows(): Promise<Selectable<OrganisationsTable>[]> {
    const rows = this.#database.db.selectFrom('organisations').selectAll();
    return rows.orderBy('place').execute();
  }

  /** A number that has grown when the operator has changed anything since. */
  async organisationsChanged(): Promise<number> {
    const row = await this.#database.db
      .selectFrom('organisations')
      .select((eb) => eb.fn.max('changed').as('changed'))
      .executeTakeFirst();
    return row?.changed ?? 0;
  }

  /** Adds an organisation and returns its id. Throws `OrganisationTaken` where another has the name or the address. */
  async createOrganisation(
    given: { readonly name?: string; readonly address?: string } = {},
  ): Promise<OrganisationId> {
    return this.#database.transaction('store', async (tx) => {
      for (const key of ['name', 'address'] as const) {
        const value = given[key];
        if (value === undefined) continue;
        const other = await tx.selectFrom('organisations').select('id').where(key, '=', value).execute();
        if (other.length > 0) throw new OrganisationTaken(key);
      }
      return this.#insertOrganisation(tx, given);
    });
  }

  /** Writes what the operator says of an organisation; every controller hears of it. */
  async changeOrganisation(
    id: OrganisationId,
    change: Partial<Pick<OrganisationsTable, 'suspended_ms'> & LimitColumns>,
  ): Promise<void> {
    await this.#database.transaction('store', async (tx) => {
      const changed = await nextChange(tx);
      await tx
        .updateTable('organisations')
        .set({ ...change, changed })
        .where('id', '=', id)
        .execute();
    });
  }

  /**
   * Removes every record of an organisation but the hashes of its audit log, in one transaction; answers the last of them.
   * @param chain makes them, each from the one before
   */
  async deleteOrganisation(
    id: OrganisationId,
    nowMs: number,
    chain: {
      readonly start: string;
      readonly next: (before: string, row: Selectable<AuditTable>) => string;
    },
  ): Promise<string> {
    return this.#database.transaction(id, async (tx) => {
      const changed = await nextChange(tx);
      const gone = { deleted_ms: nowMs, name: null, address: null, changed };
      await tx.updateTable('organisations').set(gone).where('id', '=', id).execute();
      let [hash, seq] = [chain.start, -1];
      for (;;) {
        const page = tx.selectFrom('audit').selectAll().where('organisation', '=', id).where('seq', '>', seq);
        const rows = await page.orderBy('seq').limit(rowsAtOnce).execute();
        const last = rows.at(-1);
        if (last === undefined) break;
        const hashes = rows.map((row) => {
          hash = chain.next(hash, row);
          return { organisation: id, seq: row.seq, hash };
        });
        await tx.insertInto('audit_hashes').values(hashes).execute();
        ({ seq } = last);
      }
      for (const table of scopedTables.toReversed())
        await tx
          .deleteFrom(table as 'nodes')
          .where('organisation', '=', id)
          .execute();
      return hash;
    });
  }

  async #insertOrganisation(
    db: Kysely<Schema>,
    { name, address }: { readonly name?: string; readonly address?: string } = {},
  ): Promise<OrganisationId> {
    const id = newId('org', this.#options.random(16));
    const changed = await nextChange(db);
    const made = await db.selectFrom('organisations').select('id').execute();
    await db
      .insertInto('organisations')
      .values({
        id,
        name: name ?? null,
        epoch: 0,
        place: made.length,
        proves_names: made.length === 0 ? 0 : 1,
        created_ms: this.#options.now(),
        address: address ?? null,
        suspended_ms: null,
        deleted_ms: null,
        changed,
        most_people: null,
        most_connectors: null,
        most_requests: null,
        most_flows: null,
        most_relay: null,
      })
      .execute();
    return id;
  }

  /** The first organisation, the operator's own: made at the first start, by one of several that start at once. */
  async firstOrganisation(): Promise<OrganisationId> {
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

  /** Numbers over all organisations, for whoever watches the controllers. */
  async metrics(): Promise<{
    readonly organisations: number;
    readonly webhook: number;
    readonly mail: number;
    readonly oldestMs: number | undefined;
    readonly controllers: number;
    readonly audit: number;
  }> {
    const { db } = this.#database;
    const waiting = await db.selectFrom('notifications').select(['target', 'created_ms']).execute();
    const controllers = await db.selectFrom('controllers').select('id').execute();
    const audit = await db
      .selectFrom('audit')
      .select('seq')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    const mail = waiting.filter(({ target }) => target.startsWith('mail ')).length;
    return {
      organisations: (await this.organisations()).length,
      webhook: waiting.length - mail,
      mail,
      oldestMs: waiting.length === 0 ? undefined : Math.min(...waiting.map((row) => row.created_ms)),
      controllers: controllers.length,
      audit: audit?.seq ?? 0,
    };
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

  /**
   * Notes that a value was taken that is good once, until `untilMs`; false when it had been before. Of several who say so at
   * once, one is told true.
   */
  async noteTaken(hash: string, untilMs: number): Promise<boolean> {
    const { db } = this.#database;
    const { numInsertedOrUpdatedRows: noted } = await db
      .insertInto('taken_values')
      .values({ hash, until_ms: untilMs })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .executeTakeFirstOrThrow();
    // Not by the minute: the clocks of controllers differ.
    const over = this.#options.now() - takenForMs;
    await db.deleteFrom('taken_values').where('until_ms', '<', over).execute();
    return noted === 1n;
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

/** Inside a transaction of the store: the number of a change to organisations. */
async function nextChange(tx: Kysely<Schema>): Promise<number> {
  const row = await tx
    .selectFrom('organisations')
    .select((eb) => eb.fn.max('changed').as('changed'))
    .executeTakeFirst();
  return (row?.changed ?? 0) + 1;
}
