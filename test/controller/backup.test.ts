/** A backup is whole or not there, says what it is, and goes back into nothing but an empty place; also of PostgreSQL. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { appendAudit } from '../../controller/audit/append-audit.ts';
import { BackupRefused } from '../../controller/backup/backup-file.ts';
import { restoreBackup, type Restored } from '../../controller/backup/restore-backup.ts';
import { writeBackup } from '../../controller/backup/write-backup.ts';
import type { ControllerContext } from '../../controller/context.ts';
import { UnusableKeyFile } from '../../controller/keys/unusable-key-file.ts';
import { applyDocument } from '../../controller/organisation/apply-document.ts';
import { moveRecords } from '../../controller/store/move-records.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { fullDocument } from '../support/full-document.ts';
import { makeDatabase, startPostgres, type PostgresServer } from '../support/servers/postgres-server.ts';
import { openRecords } from './support/open-records.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.stop());

const open = (directory: string, database?: string) => openRecords(directory, database, () => nowMs);
const storeOf = (context: ControllerContext) => context.organisation(context.firstOrganisation).store;

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-backup-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** A controller's data with a whole document, a session, a setup link and an audit log of more than one page. */
async function filled(t: TestContext): Promise<string> {
  const directory = await emptyFolder(t);
  const opened = await open(directory);
  const { context } = opened;
  const { secretKey, random } = context;
  const store = storeOf(context);
  await applyDocument(store, fullDocument('a certificate'), { secretKey, random, nowMs, who: 'test' });
  await store
    .insert('sessions', {
      id: newId('ses', systemRandom(16)),
      kind: 'browser',
      subject: newId('usr', systemRandom(16)),
      ...{
        device: null,
        enrolment_key: null,
        cookie_hash: 'x',
        address: '192.0.2.1',
        auth_ms: null,
        amr: '[]',
      },
      ...{
        acr: null,
        provider: null,
        provider_session: null,
        id_token: null,
        ended_ms: null,
        ended_reason: null,
      },
      started_ms: nowMs,
      until_ms: nowMs + 3_600_000,
    })
    .execute();
  await store.insert('setup_links', { hash: 'y', created_ms: nowMs, expires_ms: nowMs + 60_000 }).execute();
  await appendAudit(
    store,
    Array.from({ length: 901 }, (_, index) => ({
      atMs: index,
      who: `Jörg ${index}`,
      what: 'x.y',
      result: 'done' as const,
      detail: { index },
    })),
  );
  await opened.close();
  return directory;
}

const about = { madeMs: nowMs, version: 'test' };
const backupOf = async (t: TestContext, directory: string, url?: string): Promise<string> => {
  const path = join(await emptyFolder(t), 'postern.backup');
  await writeBackup({ directory, url, secretKey: join(directory, 'secret.key') }, path, about);
  return path;
};
const restore = (path: string, directory: string, keepsSessions = false): Promise<Restored> =>
  restoreBackup({ path, directory, keepsSessions, now: () => nowMs, random: systemRandom });

/** What is the same before and after, and what must not be. */
async function read(directory: string, database?: string) {
  const opened = await open(directory, database);
  const { context } = opened;
  const store = storeOf(context);
  const audit = await store.select('audit').select(['seq', 'who', 'detail']).orderBy('seq').execute();
  const { document } = await context.organisation(context.firstOrganisation).reader.current();
  const { keys } = context;
  const found = {
    same: { document, root: keys.root.kid, control: keys.control.publicKey.toString('hex') },
    audit: audit.flatMap(({ seq, who, detail }) => (who.startsWith('Jörg') ? `${seq} ${who} ${detail}` : [])),
    signing: keys.signer.kid,
    epoch: await store.epoch(),
    links: (await store.select('setup_links').select('hash').execute()).length,
    ended: (await store.select('sessions').select('ended_reason').execute()).map((row) => row.ended_reason),
  };
  await opened.close();
  return found;
}

for (const kind of ['its file', 'PostgreSQL'] as const)
  test(`REL-17: everything comes back from a backup of ${kind}: the same controller, with another key to sign with`, async (t) => {
    const directory = await filled(t);
    const url = kind === 'its file' ? undefined : await makeDatabase(server.url, 'backed_up');
    if (url !== undefined) await moveRecords({ directory, url, place: 'db/backed_up' });
    const original = await read(directory, url);
    // Its controller runs meanwhile.
    const running = await open(directory, url);
    const path = await backupOf(t, directory, url);
    await running.close();
    // The file that they were moved from holds older ones.
    if (url !== undefined)
      await assert.rejects(backupOf(t, directory), /were moved to db\/backed_up; say where/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);

    const target = await emptyFolder(t);
    const restored = await restore(path, target);
    assert.deepEqual(
      { madeMs: restored.madeMs, sessions: restored.sessions },
      { madeMs: nowMs, sessions: 0 },
    );
    const now = await read(target);
    assert.deepEqual(now.same, original.same);
    assert.deepEqual(now.audit, original.audit);
    assert.equal(now.audit.length, 901);
    assert.notEqual(now.signing, original.signing);
    assert.ok(now.epoch >= nowMs && original.epoch < now.epoch);
    assert.deepEqual({ links: now.links, ended: now.ended }, { links: 0, ended: ['restored'] });
    assert.deepEqual(
      (await readdir(target)).filter((name) => name.startsWith('.')),
      [],
    );

    // A second one, from the same file and later, is newer again; and a cluster's database takes it as well.
    const other = await emptyFolder(t);
    const kept = await restoreBackup({
      ...{ path, directory: other, keepsSessions: true, random: systemRandom },
      now: () => nowMs + 1_000,
    });
    assert.equal(kept.sessions, 1);
    const place = await makeDatabase(server.url, kind === 'its file' ? 'from_file' : 'from_database');
    await moveRecords({ directory: other, url: place, place: 'db/restored' });
    const moved = await read(other, place);
    assert.deepEqual(moved.same, original.same);
    assert.ok(moved.epoch > now.epoch);
    assert.deepEqual(moved.ended, [null]);
  });

test('REL-17: a backup is written over nothing, and nothing half is left', async (t) => {
  const directory = await filled(t);
  const path = await backupOf(t, directory);
  const source = { directory, url: undefined, secretKey: join(directory, 'secret.key') };
  const before = await readFile(path);
  await assert.rejects(writeBackup(source, path, about), /is there already/);
  assert.deepEqual(await readFile(path), before);
  const elsewhere = join(await emptyFolder(t), 'x.backup');
  await assert.rejects(
    writeBackup({ ...source, secretKey: join(directory, 'gone.key') }, elsewhere, about),
    /no secret key at .*gone\.key/,
  );
  await rm(join(directory, 'root.key'));
  await assert.rejects(writeBackup(source, elsewhere, about), /holds no keys of a controller/);
  assert.deepEqual(await readdir(join(elsewhere, '..')), []);
});

test('REL-17: what is no backup, damaged, or without its secret key is refused, and a controller is not written over', async (t) => {
  const directory = await filled(t);
  const path = await backupOf(t, directory);
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof BackupRefused && pattern.test(error.message);
  await assert.rejects(restore(path, directory), refused(/holds a controller already/));
  const target = await emptyFolder(t);
  await assert.rejects(restore(join(target, 'none'), target), refused(/there is no file/));
  const other = join(await emptyFolder(t), 'other');
  await copyFile(join(directory, 'postern.db'), other);
  await assert.rejects(restore(other, target), refused(/is no backup of a controller/));
  const bytes = await readFile(path);
  bytes.fill(0x5a, 40_000, 60_000);
  await writeFile(other, bytes);
  await assert.rejects(restore(other, target), refused(/damaged/));

  const bare = join(await emptyFolder(t), 'bare');
  await writeBackup({ directory, url: undefined, secretKey: undefined }, bare, about);
  await assert.rejects(restore(bare, target), refused(/made without its secret key/));
  const wrong = join(await emptyFolder(t), 'wrong.key');
  await writeFile(wrong, `${systemRandom(32).toString('base64url')}\n`);
  const given = (secretKey: string) =>
    restoreBackup({
      ...{ path: bare, directory: target, secretKey, keepsSessions: false, random: systemRandom },
      now: () => nowMs,
    });
  await assert.rejects(given(wrong), UnusableKeyFile);
  assert.deepEqual(await readdir(target), [], 'nothing of a refused one is left');
  await given(join(directory, 'secret.key'));
  assert.ok(!(await readdir(target)).includes('secret.key'));
});
