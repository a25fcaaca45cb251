/** REL-16: a real disk without room under the connector's flow log. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('REL-16 a disk that the flow log itself filled: it goes on, starts again, and has room once the controller has all', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-full-disk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(import.meta.dirname, 'support/fill-a-disk.ts');
  const script = 'mount -t tmpfs -o size=64k,mode=700 none "$1" && exec "$2" "$3" "$1/state"';
  const { stdout, stderr, status } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', script, 'sh', folder, process.execPath, program],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const seen = JSON.parse(stdout) as {
    recorded: number;
    alarms: number;
    whileFull: boolean;
    afterRestart: { full: boolean; found: number };
    afterReceipt: boolean;
    last: { seq: number; flow: string }[];
  };
  assert.ok(seen.recorded > 100 && seen.recorded < 10_000, stdout);
  assert.ok(seen.alarms >= 3, stdout);
  assert.equal(seen.whileFull, true);
  assert.deepEqual(seen.afterRestart, { full: true, found: 500 });
  assert.equal(seen.afterReceipt, false);
  assert.deepEqual(
    seen.last.map(({ seq, flow }) => [seq, flow]),
    [[seen.recorded + 1, 'c']],
  );
});
