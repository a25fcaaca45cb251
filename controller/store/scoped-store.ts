/**
 * The store as one organisation sees it: every query that starts here is limited to that organisation and every row
 * written belongs to it. The only way to the tables outside `store/`, so a query without an organisation cannot be
 * written. One query reads one table; a join to another does not typecheck.
 */
import type {
  DeleteQueryBuilder,
  DeleteResult,
  Insertable,
  InsertQueryBuilder,
  InsertResult,
  Kysely,
  SelectQueryBuilder,
  UpdateQueryBuilder,
  UpdateResult,
} from 'kysely';
import type { NetworkId, OrganisationId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { askGuard } from './change-guard.ts';
import type { Database } from './database.ts';
import type { Schema, ScopedSchema } from './schema.ts';
import { serverColumns, type ServerRow } from './tables/nodes.ts';
import { limitColumns, type LimitColumns } from './tables/organisations.ts';

type Table = keyof ScopedSchema;
/** A new row without its organisation, which the store adds. */
type NewRow<T extends Table> = Omit<Insertable<ScopedSchema[T]>, 'organisation'>;

/** What stands in the organisation's own record and bears on every decision. */
export interface Standing {
  /** Which approved requests there are, as a number that only grows. */
  readonly requestsSerial: number;
  /** Nothing of it works while this is so. */
  readonly isSuspended: boolean;
  /** Grows with each name that it comes to own or loses; undefined where it need not prove any. */
  readonly namesSerial: number | undefined;
}

export class ScopedStore {
  readonly organisation: OrganisationId;
  readonly #database: Database;
  readonly #db: Kysely<Schema>;

  /** @param db inside a transaction, the transaction's */
  constructor(database: Database, organisation: OrganisationId, db: Kysely<Schema> = database.db) {
    this.#database = database;
    this.#db = db;
    this.organisation = organisation;
  }

  select<T extends Table>(table: T): SelectQueryBuilder<Pick<ScopedSchema, T>, T, object> {
    const query = this.#db.selectFrom(table as 'nodes').where('organisation', '=', this.organisation);
    return query as unknown as SelectQueryBuilder<Pick<ScopedSchema, T>, T, object>;
  }

  insert<T extends Table>(
    table: T,
    rows: NewRow<T> | readonly NewRow<T>[],
  ): InsertQueryBuilder<Pick<ScopedSchema, T>, T, InsertResult> {
    const list = (Array.isArray(rows) ? rows : [rows]) as object[];
    const values = list.map((row) => ({ ...row, organisation: this.organisation }));
    const query = this.#db.insertInto(table as 'nodes').values(values as Insertable<Schema['nodes']>[]);
    return query as unknown as InsertQueryBuilder<Pick<ScopedSchema, T>, T, InsertResult>;
  }

  update<T extends Table>(table: T): UpdateQueryBuilder<Pick<ScopedSchema, T>, T, T, UpdateResult> {
    const query = this.#db.updateTable(table as 'nodes').where('organisation', '=', this.organisation);
    return query as unknown as UpdateQueryBuilder<Pick<ScopedSchema, T>, T, T, UpdateResult>;
  }

  delete<T extends Table>(table: T): DeleteQueryBuilder<Pick<ScopedSchema, T>, T, DeleteResult> {
    const query = this.#db.deleteFrom(table as 'nodes').where('organisation', '=', this.organisation);
    return query as unknown as DeleteQueryBuilder<Pick<ScopedSchema, T>, T, DeleteResult>;
  }

  /** The organisation's name; undefined until the first document. */
  async name(): Promise<string | undefined> {
    return (await this.#own().select('name').executeTakeFirstOrThrow()).name ?? undefined;
  }

  async setName(name: string): Promise<void> {
    await this.#db.updateTable('organisations').set({ name }).where('id', '=', this.organisation).execute();
  }

  /** The epoch of the newest revocation. */
  async epoch(): Promise<number> {
    return (await this.#own().select('epoch').executeTakeFirstOrThrow()).epoch;
  }

  /** Raises the epoch by one and returns it; only inside the transaction that stores the revocation. */
  async nextEpoch(): Promise<number> {
    const row = await this.#db
      .updateTable('organisations')
      .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
      .where('id', '=', this.organisation)
      .returning('epoch')
      .executeTakeFirstOrThrow();
    return row.epoch;
  }

  /** Raises the epoch to at least `least`, and by one at the least, and returns it. */
  async raiseEpoch(least: number): Promise<number> {
    const epoch = Math.max((await this.epoch()) + 1, least);
    await this.#db.updateTable('organisations').set({ epoch }).where('id', '=', this.organisation).execute();
    return epoch;
  }

  /** What decisions rest on besides the document. */
  async standing(): Promise<Standing> {
    const row = await this.#own()
      .select(['requests_serial', 'suspended_ms', 'proves_names', 'names_serial'])
      .executeTakeFirstOrThrow();
    return {
      requestsSerial: row.requests_serial,
      isSuspended: row.suspended_ms !== null,
      namesSerial: row.proves_names === 1 ? row.names_serial : undefined,
    };
  }

  /** What the operator lets it have at most; null: no limit. */
  async limits(): Promise<LimitColumns> {
    return this.#own()
      .select([...limitColumns])
      .executeTakeFirstOrThrow();
  }

  /**
   * Whether another organisation owns this name. `above`: also where it owns a name above it, for names that no record in
   * DNS can tell apart.
   */
  async isOwnedElsewhere(name: Name, above: boolean): Promise<boolean> {
    const labels = name.split('.');
    const names = labels.slice(0, above ? -1 : 1).map((_, at) => labels.slice(at).join('.') as Name);
    const other = await this.#db
      .selectFrom('name_proofs')
      .select('name')
      .where('name', 'in', names.length === 0 ? [name] : names)
      .where('state', '=', 'owned')
      .where('organisation', '!=', this.organisation)
      .executeTakeFirst();
    return other !== undefined;
  }

  /** Raises `namesSerial` by one; only inside the transaction that changes whose a name is. */
  async nextNamesSerial(): Promise<void> {
    await this.#db
      .updateTable('organisations')
      .set((eb) => ({ names_serial: eb('names_serial', '+', 1) }))
      .where('id', '=', this.organisation)
      .execute();
  }

  /** From now on public names work only where it has proven them; false when it was so already. */
  async beginToProve(): Promise<boolean> {
    const begun = await this.#db
      .updateTable('organisations')
      .set({ proves_names: 1 })
      .where('id', '=', this.organisation)
      .where('proves_names', '=', 0)
      .returning('id')
      .executeTakeFirst();
    return begun !== undefined;
  }

  /** Raises `requestsSerial` by one; only inside the transaction that approves a request, exposes something, or ends one of these. */
  async nextRequestsSerial(): Promise<void> {
    await this.#db
      .updateTable('organisations')
      .set((eb) => ({ requests_serial: eb('requests_serial', '+', 1) }))
      .where('id', '=', this.organisation)
      .execute();
  }

  /**
   * Connectors and relays of the organisation, and the relays of the first one, which are the operator's and serve all: the
   * one thing that is read of another organisation. Connectors first, each in the order in which they enrolled.
   * @param networks their connectors alone, of up to some hundred networks; of thousands a connector needs to know few
   */
  servers(networks?: readonly NetworkId[]): Promise<ServerRow[]> {
    const nodes = this.#db.selectFrom('nodes').select(serverColumns);
    const chosen =
      networks === undefined
        ? nodes
        : nodes.where((eb) => eb.or([eb('kind', '=', 'relay'), eb('network', 'in', networks)]));
    return chosen
      .where((eb) =>
        eb.or([
          eb.and([eb('kind', 'in', ['connector', 'relay']), eb('organisation', '=', this.organisation)]),
          eb.and([eb('kind', '=', 'relay'), eb('organisation', '=', this.#first())]),
        ]),
      )
      .orderBy('kind')
      .orderBy('created_ms')
      .execute();
  }

  /** Notes that news of this organisation did not reach every controller. */
  async noteUnheard(): Promise<void> {
    await this.#db
      .updateTable('organisations')
      .set((eb) => ({ unheard: eb('unheard', '+', 1) }))
      .where('id', '=', this.organisation)
      .execute();
  }

  /**
   * Runs `body` in one transaction: its return commits, its throw rolls back, nothing else ends it. Of one organisation
   * there is one at a time in all controllers, so what `body` reads stays so until it has written.
   */
  transaction<T>(body: (store: ScopedStore) => Promise<T>): Promise<T> {
    return this.#database.transaction(this.organisation, async (transaction) => {
      const inside = new ScopedStore(this.#database, this.organisation, transaction);
      await askGuard(inside);
      return body(inside);
    });
  }

  #first() {
    return this.#db.selectFrom('organisations').select('organisations.id').where('place', '=', 0);
  }

  #own() {
    return this.#db.selectFrom('organisations').where('id', '=', this.organisation);
  }
}
