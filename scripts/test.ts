/**
 * `npm test`: runs an explicit list of test files with Node's own runner and ends with its summary. Exists because
 * `node --test` without a list runs support files as passing tests, an empty glob exits 0 and a leaked handle hangs for
 * ever; here a folder without tests, a `skip`, `todo` or `only`, and twenty minutes are failures.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const testRoot = join(root, 'test');
const limitMs = 20 * 60_000;

const { values, positionals } = parseArgs({
  options: { suite: { type: 'string' } },
  allowPositionals: true,
});

/** Folders of `test/` that belong to a suite of their own and are left out of `npm test`. */
const suites: Record<string, string[]> = { vectors: ['vectors'] };
/** Folders of `test/` that hold what tests use, not tests. */
const support = new Set(['support']);

const files = positionals.length > 0 ? positionals : listFiles(values.suite);
refuseHidden(files);
await runFiles(files);

function listFiles(suite: string | undefined): string[] {
  const own = new Set(Object.values(suites).flat());
  const folders = readdirSync(testRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !support.has(entry.name))
    .map((entry) => entry.name)
    .filter((name) => (suite === undefined ? !own.has(name) : (suites[suite] ?? []).includes(name)));
  if (folders.length === 0) fail(`there is no suite "${suite ?? ''}" with a folder below test/`);
  const found = folders.flatMap((folder) => testsBelow(join(testRoot, folder)));
  const flat = suite === undefined ? testsIn(testRoot) : [];
  return [...flat, ...found].sort(inOrder);
}

/** Quick unit tests first, whole systems last. */
function inOrder(a: string, b: string): number {
  const weight = (file: string): number => (/\/(e2e|attack)\//.test(file) ? 1 : 0);
  return weight(a) - weight(b) || (a < b ? -1 : 1);
}

function testsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
}

function testsBelow(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  if (found.length === 0) fail(`${relative(root, folder)} holds no test`);
  return found;
}

function refuseHidden(list: string[]): void {
  for (const file of list) {
    const hidden = /\b(?:test|it|describe|suite)\.(?:skip|todo|only)\b|\b(?:skip|todo|only):\s*true/.exec(
      readFileSync(file, 'utf8'),
    );
    if (hidden !== null)
      fail(`${relative(root, file)} contains "${hidden[0]}": a test runs or does not exist`);
  }
}

async function runFiles(list: string[]): Promise<void> {
  const heavy = list.filter((file) => /\/(e2e|attack)\//.test(file));
  const light = list.filter((file) => !heavy.includes(file));
  const timer = setTimeout(() => fail(`not finished after ${limitMs / 60_000} minutes`), limitMs);
  let failed = false;
  const totals = { passed: 0, failed: 0 };
  // Whole systems run one at a time: two at once would measure each other.
  for (const [group, concurrency] of [
    [light, 2],
    [heavy, 1],
  ] as const) {
    if (group.length === 0) continue;
    const stream = run({ files: group, concurrency, timeout: 10 * 60_000 });
    stream.on('test:summary', (summary) => {
      if (summary.file !== undefined) return;
      totals.passed += summary.counts.passed;
      totals.failed += summary.counts.tests - summary.counts.passed;
      if (!summary.success) failed = true;
    });
    const printed = stream.compose(spec);
    printed.pipe(process.stdout, { end: false });
    await new Promise((resolve) => printed.once('end', resolve));
  }
  clearTimeout(timer);
  if (totals.passed === 0) fail('no test ran');
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`, () =>
    process.exit(failed || totals.failed > 0 ? 1 : 0),
  );
}

function fail(why: string): never {
  console.error(`npm test: ${why}`);
  process.exit(1);
}
