/**
 * `npm test`: runs an explicit list of test files with Node's own runner and ends with its summary. Exists because
 * `node --test` without a list runs support files as passing tests, an empty glob exits 0 and a leaked handle hangs for
 * ever; here a folder without tests, a `skip`, `todo` or `only`, and forty-five minutes are failures.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const testRoot = join(root, 'test');
const limitMs = 45 * 60_000;

const { values, positionals } = parseArgs({
  options: { suite: { type: 'string' } },
  allowPositionals: true,
});

/** Folders of `test/` that belong to a suite of their own and are left out of `npm test`. */
const suites: Record<string, string[]> = { vectors: ['vectors'] };
/** How many files run at once, by their weight: quick ones, whole systems, and those that bear no other beside them. */
const atOnce = [3, 2, 1];
/** They mostly wait. */
const wholeSystem = /\/e2e\/|\/attack\/(?:listeners|dns|client)-/;
/** Two of them would measure each other; and beside the lab's own test no other lab may open, which removes what it left behind. */
const alone =
  /\/attack\/(?:killed|restarted|revocation|web-revocation|posture-cuts)-|\/controller\/shared-requests\.|\/e2e\/(?:cluster|direct|lab|organisations|outage|relays|slow-readers)\./;
/** Folders of `test/` that hold what tests use, not tests. */
const support = new Set(['support']);

// Most files load the same modules; compiled ones are kept for the run alone, so that no run depends on an earlier one.
const compiled = mkdtempSync(join(tmpdir(), 'postern-compiled-'));
process.env['NODE_COMPILE_CACHE'] = compiled;
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));

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
  return weightOf(a) - weightOf(b) || (a < b ? -1 : 1);
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

/** Prints the tests of all files as one run with one summary, then the line by which a machine reads the result. */
async function runFiles(list: string[]): Promise<void> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limitMs);
  const counts = new Map<string, number>();
  /** How long each file with tests took. */
  const withTests = new Map<string, number>();
  const printed = Readable.from(eventsOf(list, stop.signal, counts, withTests)).compose(spec);
  printed.pipe(process.stdout, { end: false });
  await once(printed, 'end');
  clearTimeout(timer);
  if (stop.signal.aborted) fail(`not finished after ${limitMs / 60_000} minutes`);
  let passed = counts.get('pass') ?? 0;
  let failed = (counts.get('tests') ?? 0) - passed;
  // Node counts a file in which nothing is tested as a test that passed.
  const empty = failed > 0 ? [] : list.filter((file) => !withTests.has(resolve(file)));
  for (const file of empty) console.log(`${relative(root, resolve(file))} ran no test`);
  printSlowest(withTests);
  passed -= empty.length;
  failed += empty.length;
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`, () => process.exit(failed > 0 ? 1 : 0));
}

/** Where the time of the run went. */
function printSlowest(tookMs: ReadonlyMap<string, number>): void {
  const slowest = [...tookMs].sort(([, a], [, b]) => b - a).slice(0, 12);
  for (const [file, ms] of slowest)
    console.log(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${relative(root, file)}`);
}

/** The events of all files, the totals at the end of each group taken out, and their sums put at the end. */
async function* eventsOf(
  list: string[],
  signal: AbortSignal,
  counts: Map<string, number>,
  withTests: Map<string, number>,
): AsyncGenerator<TestEvent> {
  for (const [weight, concurrency] of atOnce.entries()) {
    const group = list.filter((file) => weightOf(file) === weight);
    if (group.length === 0) continue;
    const events: AsyncIterable<TestEvent> = run({ files: group, concurrency, timeout: 10 * 60_000, signal });
    for await (const event of events) {
      const total = totalOf(event);
      if (total !== undefined) counts.set(total.name, (counts.get(total.name) ?? 0) + total.value);
      else yield event;
      if (event.type === 'test:summary' && event.data.file !== undefined)
        withTests.set(event.data.file, event.data.duration_ms);
    }
  }
  for (const [name, value] of counts)
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${value}`, level: 'info' } };
}

function totalOf(event: TestEvent): { name: string; value: number } | undefined {
  if (event.type !== 'test:diagnostic' || event.data.nesting !== 0) return undefined;
  const [, name, value] =
    /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(event.data.message) ?? [];
  return name === undefined ? undefined : { name, value: Number(value) };
}

/** The weight of a file. */
function weightOf(file: string): number {
  if (alone.test(file)) return 2;
  return wholeSystem.test(file) ? 1 : 0;
}

function fail(why: string): never {
  console.error(`npm test: ${why}`);
  process.exit(1);
}
