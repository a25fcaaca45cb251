/** Records move from a SQLite file to a real PostgreSQL: all of them, once, into an empty database, or not at all. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import pg from 'pg';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import { applyDocument } from '../../controller/organisation/apply-document.ts';
import { moveRecords, MoveRefused } from '../../controller/store/move-records.ts';
import { makeDatabase, startPostgres, type PostgresServer } from '../support/servers/postgres-server.ts';
import { fullDocument } from '../support/full-document.ts';
import { openRecords } from './support/open-records.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.stop());

const open = (directory: string, database?: string) => openRecords(directory, database, Date.now);

/** A directory with a whole document, people, sealed keys and an audit log with what is hard to copy. */
async function filled(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-move-'));
  t.after(() => rm(directory, { recursive: true }));
  const opened = await open(directory);
  const { context } = opened;
  const { store } = context.organisation(context.firstOrganisation);
  const { secretKey, random } = context;
  await applyDocument(store, fullDocument('a certificate'), { secretKey, random, nowMs: 1_000, who: 'test' });
  await appendAudit(
    store,
    Array.from({ length: 1_203 }, (_, index) => ({
      atMs: index,
      who: index === 7 ? 'a\0b' : `Jörg ${index} 𝛑 '";--`,
      what: 'x.y',
      result: 'done' as const,
      detail: { index },
    })),
  );
  await opened.close();
  return directory;
}

async function rowsOf(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows;
  } finally {
    await client.end();
  }
}

test('everything moves, the audit log with its numbers; the controller goes on there and nowhere else', async (t) => {
  const directory = await filled(t);
  const url = await makeDatabase(server.url, 'moved');
  const before = await open(directory);
  const root = before.context.keys.root.key.publicKey;
  const { document } = await before.context.organisation(before.context.firstOrganisation).reader.current();
  await assert.rejects(moveRecords({ directory, url, place: 'db/moved' }), /still has these records open/);
  await before.close();
  assert.deepEqual(
    await rowsOf(url, 'select * from organisations'),
    [],
    'nothing was kept of a refused move',
  );

  const moved = await moveRecords({ directory, url, place: 'db/moved' });
  assert.ok((moved.find(({ table }) => table === 'audit')?.rows ?? 0) >= 1_203);
  await assert.rejects(moveRecords({ directory, url, place: 'db/moved' }), /were moved to db\/moved already/);
  await assert.rejects(open(directory), /were moved to db\/moved; start the controller with --database/);
  const reopened = await open(directory, url);
  const { context } = reopened;
  const organisation = context.organisation(context.firstOrganisation);
  assert.deepEqual((await organisation.reader.current()).document, document);
  assert.deepEqual(context.keys.root.key.publicKey, root, 'nodes go on trusting it');
  const last = async () =>
    organisation.store
      .select('audit')
      .select(['seq', 'who'])
      .orderBy('seq', 'desc')
      .executeTakeFirstOrThrow();
  const { seq } = await last();
  await appendAudit(organisation.store, [{ atMs: 1, who: 'after', what: 'x.y', result: 'done' }]);
  const next = await last();
  assert.equal(next.who, 'after');
  assert.ok(next.seq > seq, 'numbers go on where they were');
  await assert.rejects(rowsOf(url, 'update audit set seq = 1'), /append-only/);
  await reopened.close();
});

test('a database that is not empty is refused, and a row that would not arrive as it was keeps everything out', async (t) => {
  const directory = await filled(t);
  const used = await makeDatabase(server.url, 'used');
  const first = await mkdtemp(join(tmpdir(), 'postern-move-'));
  t.after(() => rm(first, { recursive: true }));
  await (await open(first, used)).close();
  await assert.rejects(
    moveRecords({ directory, url: used, place: 'db/used' }),
    (error) => error instanceof MoveRefused && /holds records already/.test(error.message),
  );
  const changing = await makeDatabase(server.url, 'changing');
  await assert.rejects(
    moveRecords({ directory, url: changing, place: 'db/changing' }, ({ table }) => {
      if (table === 'audit') throw new Error('the connection was lost');
    }),
    /the connection was lost/,
  );
  assert.deepEqual(await rowsOf(changing, 'select id from organisations'), []);
  // Whatever changes rows on their way is noticed: here, a trigger of the database's own.
  await rowsOf(
    changing,
    `create function spoil() returns trigger language plpgsql as $$ begin new.who := 'nobody'; return new; end $$;
     create trigger spoil before insert on audit for each row execute function spoil()`,
  );
  await assert.rejects(
    moveRecords({ directory, url: changing, place: 'db/changing' }),
    /audit did not arrive as it was/,
  );
  assert.deepEqual(await rowsOf(changing, 'select id from organisations'), []);
  await (await open(directory)).close();
});
