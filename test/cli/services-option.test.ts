/** Where records and news live: addresses by option, file and variable, passwords apart, and nothing secret in an error. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CommandError } from '../../cli/output.ts';
import { databaseOf, redisOf, unusableDatabase } from '../../cli/services-option.ts';
import { UnusableDatabase } from '../../controller/store/unusable-database.ts';
import { runPostern } from './support/program.ts';

function withVariables(t: TestContext, variables: Record<string, string>): void {
  Object.assign(process.env, variables);
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
}

test('an address comes from the option, its file or a variable, and its password from a file of its own', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-services-'));
  t.after(() => rm(directory, { recursive: true }));
  assert.equal(await databaseOf({}), undefined);
  const url = 'postgres://postern@db.acme.example/postern';
  assert.equal(await databaseOf({ database: url }), url);
  const file = join(directory, 'url');
  await writeFile(file, 'rediss://redis.acme.example:6380\n');
  assert.equal(await redisOf({ redisFile: file }), 'rediss://redis.acme.example:6380');
  const password = join(directory, 'password');
  await writeFile(password, 'a/b:c@d e%\n');
  const joined = new URL((await databaseOf({ database: url, databasePasswordFile: password })) ?? '');
  assert.equal(decodeURIComponent(joined.password), 'a/b:c@d e%');
  withVariables(t, { POSTERN_DATABASE: url, POSTERN_DATABASE_PASSWORD_FILE: password });
  const whole = new URL((await databaseOf({})) ?? '');
  assert.deepEqual(
    [whole.username, decodeURIComponent(whole.password), whole.host, whole.pathname],
    ['postern', 'a/b:c@d e%', 'db.acme.example', '/postern'],
  );
  // One that stands in the address is the one that counts.
  const own = 'postgres://postern:own@db.acme.example/postern';
  assert.equal(await databaseOf({ database: own }), own);
});

test('what is no address is refused without being repeated', async () => {
  for (const database of ['db.acme.example', 'mysql://u:secret@h/d', 'https://u:secret@h', ''])
    await assert.rejects(databaseOf({ database }), (error) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /--database was given is no address; write postgres:/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  await assert.rejects(redisOf({ redis: 'postgres://h' }), /--redis was given is no address/);
});

test('a database that cannot be used is named by its host, never with its password', () => {
  const fault = new UnusableDatabase('refused', 'the database cannot be used: the password is wrong');
  const shown = unusableDatabase(fault, 'postgres://postern:secret@db.acme.example:5433/postern');
  assert.ok(shown instanceof CommandError);
  assert.match(shown.message, /the password is wrong \(db\.acme\.example:5433\)/);
  assert.doesNotMatch(shown.message, /secret/);
  const bug = new Error('a bug');
  assert.equal(unusableDatabase(bug, 'postgres://h/d'), bug);
});

test('half a cluster is refused: Redis without a database, and relays inside several controllers', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-services-'));
  t.after(() => rm(directory, { recursive: true }));
  const start = async (...words: string[]): Promise<string> => {
    const line = ['controller', '--data', directory, '--public-url', 'https://access.acme.example:8443'];
    const { exit, stderr } = await runPostern([...line, '--listen', '127.0.0.1:0', ...words]);
    assert.equal(exit, 2, stderr);
    return stderr;
  };
  const redis = ['--redis', 'redis://127.0.0.1:1'];
  assert.match(await start(...redis), /give --database too/);
  const database = ['--database', 'postgres://127.0.0.1:1/postern'];
  assert.match(await start(...redis, ...database, '--roles', 'controller,relay'), /run relays apart/);
  assert.match(await start(...database), /nothing listens at that address \(127\.0\.0\.1:1\)/);
});
