/** `postern backup` and `restore` as an operator types them: beside a controller that runs, and on the next machine. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StartedController } from '../controller/support/started-controller.ts';
import { runPostern } from './support/program.ts';

test('REL-17: a backup and a restore say what they did and what to do next, and what is wrong by usage', async (t) => {
  const controller = await StartedController.start(t, { tls: false });
  const folder = await mkdtemp(join(tmpdir(), 'postern-backup-'));
  t.after(() => rm(folder, { recursive: true }));
  const [file, data] = [join(folder, 'a.backup'), join(folder, 'data')];
  const from = ['--data', controller.directory];

  const written = await runPostern(['backup', ...from, '--to', file]);
  assert.equal(written.exit, 0, written.stderr);
  assert.match(written.stdout, /a\.backup: everything as of 20\d\d-.*Z\n$/);
  assert.match(written.stderr, /Whoever has this file can be the controller/);
  assert.match(written.stderr, /Next: postern restore .*a\.backup --data FOLDER/);
  const again = await runPostern(['backup', ...from, '--to', file]);
  assert.deepEqual([again.exit, again.stdout], [2, '']);
  assert.match(again.stderr, /is there already; nothing was written over it/);
  const nowhere = await runPostern(['backup', '--data', folder, '--to', `${file}.2`]);
  assert.equal(nowhere.exit, 2);
  assert.match(nowhere.stderr, /holds no controller's data/);

  const bare = join(folder, 'bare.backup');
  const unsealed = await runPostern(['backup', ...from, '--no-secret-key', '--json', '--to', bare]);
  assert.equal(unsealed.exit, 0, unsealed.stderr);
  const { made, ...said } = JSON.parse(unsealed.stdout) as Record<string, unknown>;
  assert.match(String(made), /Z$/);
  assert.deepEqual(said, { schema: 'postern.backup/v1', file: bare, secretKey: false });
  const keyless = await runPostern(['restore', bare, '--data', data]);
  assert.equal(keyless.exit, 2);
  assert.match(keyless.stderr, /made without its secret key; give the controller's: --secret-key-file/);

  const restored = await runPostern(['restore', file, '--data', data]);
  assert.equal(restored.exit, 0, restored.stderr);
  assert.match(restored.stdout, /data: everything as of .*Z; everybody signs in again\n$/);
  assert.match(restored.stderr, /API tokens: 1 \(postern token list\)/);
  assert.match(restored.stderr, /Next: postern controller --data .*data/);
  const twice = await runPostern(['restore', file, '--data', data]);
  assert.equal(twice.exit, 2);
  assert.match(twice.stderr, /holds a controller already/);
});
