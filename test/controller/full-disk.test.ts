/** REL-16: the disk under the controller's records takes nothing more. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import { problemOf } from '../../controller/api/problems.ts';
import { openDatabase } from '../../controller/store/database.ts';
import { ScopedStore } from '../../controller/store/scoped-store.ts';
import { openStore } from '../../controller/store/store.ts';
import { UnusableDatabase } from '../../controller/store/unusable-database.ts';
import { systemRandom } from '../../protocol/clock.ts';

test('REL-16 a full disk is said so, what was written stays whole, and it goes on once there is room', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-full-'));
  t.after(() => rm(directory, { recursive: true }));
  const first = await openStore({ directory, now: () => 1, random: systemRandom });
  const id = await first.firstOrganisation();
  await first.close();
  const database = await openDatabase({ directory });
  t.after(() => database.close());
  const store = new ScopedStore(database, id);
  const pages = async (most: string): Promise<void> => {
    await sql.raw(`pragma max_page_count = ${most}`).execute(database.db);
  };
  const write = (count: number) =>
    store.transaction((tx) =>
      appendAudit(
        tx,
        Array.from({ length: count }, (_, index) => ({
          atMs: index,
          who: 'x'.repeat(200),
          what: 'x.y',
          result: 'done' as const,
        })),
      ),
    );
  const rows = async (): Promise<number> => (await store.select('audit').select('seq').execute()).length;
  await write(10);
  const before = await rows();
  // SQLite answers this as it does a disk without room.
  await pages('1');
  await assert.rejects(write(1_000), (error) => {
    assert.ok(error instanceof UnusableDatabase);
    assert.match(error.message, /the disk is full; nothing was changed/);
    assert.notEqual(problemOf(error).problem, 'internal');
    return true;
  });
  assert.equal(await rows(), before, 'all of it or nothing, and what was there can be read');
  await pages('1000000');
  await write(1_000);
  assert.equal(await rows(), before + 1_000);
});
