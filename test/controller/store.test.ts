import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, Migrator } from 'kysely';
import { migrations } from '../../controller/store/migrations/index.ts';
import { requireSqlite, sqliteDialect } from '../../controller/store/sqlite-dialect.ts';
import { openStore, type Store } from '../../controller/store/store.ts';
import { systemRandom } from '../../protocol/clock.ts';

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-store-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

async function storeFor(t: TestContext): Promise<Store> {
  const directory = await directoryFor(t);
  const store = await openStore({ directory, now: () => 1_000, random: systemRandom });
  t.after(() => store.close());
  return store;
}

const entry = {
  at_ms: 1,
  who: 'x',
  what: 'y',
  resource: null,
  result: 'done',
  reasons: '[]',
  cause: null,
  detail: '{}',
};

test('every migration runs from empty, one after the other, and a second start runs none', async (t) => {
  const path = join(await directoryFor(t), 'postern.db');
  for (const expected of [...Object.keys(migrations), undefined]) {
    const db = new Kysely<unknown>({ dialect: sqliteDialect(path) });
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
    const { error, results } = await migrator.migrateUp();
    assert.equal(error, undefined);
    assert.equal(results?.[0]?.migrationName, expected);
    await db.destroy();
  }
});

test('a migration that fails leaves the schema as it was (REL-19)', async (t) => {
  const path = join(await directoryFor(t), 'postern.db');
  const db = new Kysely<never>({ dialect: sqliteDialect(path) });
  const failing = {
    async up(inside: Kysely<never>) {
      await inside.schema.createTable('half').addColumn('id', 'text').execute();
      throw new Error('killed');
    },
  };
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ a: failing }) } });
  assert.match(String((await migrator.migrateToLatest()).error), /killed/);
  assert.deepEqual(
    (await db.introspection.getTables()).map(({ name }) => name),
    [],
  );
  await db.destroy();
});

test('the database commits to disk before it acknowledges, in WAL mode', async (t) => {
  const directory = await directoryFor(t);
  const path = join(directory, 'postern.db');
  const db = new Kysely<never>({ dialect: sqliteDialect(path) });
  const { sql } = await import('kysely');
  const pragma = async (name: string): Promise<unknown> =>
    Object.values((await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(db)).rows[0] ?? {})[0];
  assert.equal(await pragma('journal_mode'), 'wal');
  assert.equal(await pragma('synchronous'), 2);
  assert.equal(await pragma('busy_timeout'), 5_000);
  assert.equal(await pragma('foreign_keys'), 1);
  await db.destroy();
});

test('a SQLite that can lose data is refused', () => {
  for (const old of ['3.51.2', '3.50.9', '2.99.99'])
    assert.throws(() => requireSqlite(old), /older than 3\.51\.3/);
  for (const fine of ['3.51.3', '3.52.0', '4.0.0']) requireSqlite(fine);
});

test('a value that SQLite would store as NULL is refused', async (t) => {
  const store = await storeFor(t);
  const scoped = store.forOrganisation(await store.createOrganisation());
  for (const value of [new Date(), true, {}, Number.NaN]) {
    await assert.rejects(
      scoped.insert('audit', { ...entry, cause: value as unknown as string }).execute(),
      /cannot be bound/,
    );
  }
});

test('the audit log cannot be changed or shortened', async (t) => {
  const directory = await directoryFor(t);
  const store = await openStore({ directory, now: () => 1_000, random: systemRandom });
  const scoped = store.forOrganisation(await store.createOrganisation());
  await scoped.insert('audit', entry).execute();
  await assert.rejects(scoped.update('audit').set({ who: 'z' }).execute(), /append-only/);
  await assert.rejects(scoped.delete('audit').execute(), /append-only/);
  await store.close();
  const raw = new DatabaseSync(join(directory, 'postern.db'));
  assert.equal(raw.prepare('select who from audit').get()?.['who'], 'x');
  raw.close();
});
