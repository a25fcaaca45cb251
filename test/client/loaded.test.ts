import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('a client does not load Node’s own fetch and WebSocket, which it has no use for and which take 5 MB', () => {
  const loaded = (module: string): string => {
    const script = `console.log(process.moduleLoadList.join('\\n'))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', module, '-e', script], { cwd: root });
    assert.equal(stderr.toString(), '');
    return stdout.toString();
  };
  for (const module of ['./cli/up.ts', './client/client.ts']) assert.doesNotMatch(loaded(module), /undici/);
  // What the way around it is for.
  assert.match(loaded('node:http'), /undici/);
});
