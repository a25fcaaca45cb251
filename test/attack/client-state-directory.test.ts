/** A state directory that another user of the machine prepared: refused, and nothing is written through it (SEC-T11). */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

for (const [what, exists] of [
  ['to a folder of ours', true],
  ['to nowhere', false],
] as const)
  test(`T11 a state directory that is a link ${what} is refused by open and by the program, and its target stays as it was`, (t) => {
    const path = folder(t);
    const target = join(path, 'target');
    if (exists) mkdirSync(target, { mode: 0o755 });
    const link = join(path, 'link');
    symlinkSync(target, link);
    assert.throws(() => openStateDirectory(link), /choose another with --state/);
    const launcher = join(import.meta.dirname, '../../bin/postern');
    const refused = spawnSync(process.execPath, [launcher, 'connector', '--state', link], {
      timeout: 10_000,
    });
    assert.match(String(refused.stderr), /choose another with --state/);
    assert.deepEqual(readdirSync(path).sort(), exists ? ['link', 'target'] : ['link']);
    if (!exists) return;
    assert.deepEqual(readdirSync(target), []);
    assert.equal(statSync(target).mode & 0o777, 0o755);
  });

test('T11 a state directory of another user is refused, and one that others may read is closed to them', (t) => {
  const path = folder(t);
  const theirs = join(path, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, 4_242, 4_242);
  assert.throws(() => openStateDirectory(theirs), /belongs to another user/);
  const open = join(path, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  openStateDirectory(open);
  assert.equal(statSync(open).mode & 0o777, 0o700);
});
