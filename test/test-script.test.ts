/** `npm test` fails on whatever would let a promise go untested without anybody noticing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../scripts/test.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'postern-test-script-'));
after(() => rmSync(folder, { recursive: true }));

const head = `import { test } from 'node:test';\n`;
/** Written apart from what follows it, which this file itself must not contain. */
const call = 'test';
const good = `test('one', () => {});\n`;

for (const [what, source, expected] of [
  ['passes a file whose tests pass', head + good, /\n1 passed, 0 failed\n$/],
  ['fails when a test fails', `${head}${good}test('two', () => { throw 1; });`, /\n1 passed, 1 failed\n$/],
  ['fails on a file in which nothing is tested', 'export {};', /ran no test\n\n0 passed, 1 failed\n$/],
  ['fails when a file does not load', `import './missing.ts';`, /\n0 passed, 1 failed\n$/],
  ['fails on a skipped test', `${head}${good}${call}.skip('two', () => {});`, /contains "test\.skip"/],
  ['fails on a test that skips itself', `${head}test('a', (t) => t.skip());`, /\n0 passed, 1 failed\n$/],
  ['fails on a skip with a reason', `${head}test('a', { skip: 'later' });`, /\n0 passed, 1 failed\n$/],
  ['fails on a test to do', `${head}test('a', { todo: 'later' });`, /\n0 passed, 1 failed\n$/],
  ['fails on only', `${head}${call}.only('two', () => {});`, /contains "test\.only"/],
] as const) {
  test(`npm test ${what}`, () => {
    const file = join(folder, 'some.test.ts');
    writeFileSync(file, source);
    // A runner inside a runner would report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, file], { encoding: 'utf8', env });
    assert.match(stdout + stderr, expected);
    assert.equal(status, what.startsWith('passes') ? 0 : 1);
  });
}
