/** The lock under which a client or a watchdog changes the system: one at a time, and gone with its process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { lockSystem } from '../../../client/system/system-lock.ts';
import { lockSystemFromWatchdog } from '../../../client/watchdog/take-over.ts';

const module = join(import.meta.dirname, '../../../client/system/system-lock.ts');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-lock-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('the lock is had by one at a time, and its file is for its owner alone', (t) => {
  const path = folder(t);
  const release = lockSystem(path);
  assert.ok(release !== undefined);
  assert.equal(lockSystem(path), undefined);
  assert.equal(statSync(join(path, 'system.lock')).mode & 0o777, 0o600);
  release();
  const again = lockSystem(path);
  assert.ok(again !== undefined);
  again();
});

test('a client waits for a watchdog that still restores, and a killed holder holds nothing', async (t) => {
  const path = folder(t);
  const holder = spawn(process.execPath, [
    '-e',
    `import(${JSON.stringify(module)}).then((m) => { console.log(m.lockSystem(${JSON.stringify(path)}) !== undefined); setInterval(() => {}, 1e6); })`,
  ]);
  t.after(() => holder.kill('SIGKILL'));
  assert.equal(String(((await once(holder.stdout, 'data')) as [Buffer])[0]), 'true\n');
  let hasIt = false;
  const waiting = lockSystemFromWatchdog(path).then((release) => {
    hasIt = true;
    return release;
  });
  assert.equal(lockSystem(path), undefined);
  assert.equal(hasIt, false);
  holder.kill('SIGKILL');
  (await waiting)();
});
