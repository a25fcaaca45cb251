/**
 * `npm run mutants`: takes each listed guard out of the product, one at a time, and runs the tests that should notice.
 * Fails when a guard can go without any test failing, and when a guard is no longer in its file as listed. The test that
 * noticed last time (`mutants/noticed-by.json`) is run alone first; where it notices nothing, all of the guard's tests run.
 *
 *   npm run mutants -- [--only PART-OF-A-NAME] [--unrecorded] [--record]
 *
 * `--record` writes down which test noticed, for those where it does so alone; `--unrecorded` runs those without such a line.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { variable } from './mutants/load-mutated.ts';
import type { Mutant } from './mutants/mutant.ts';
import { mutants } from './mutants/mutants.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const loader = join(root, 'scripts/mutants/load-mutated.ts');
/** A test that waits in vain without its guard fails after this long, and the rest of its file with it. */
const testLimitMs = 20_000;
/** With every guard in place none waits in vain, and a busy machine takes its time. */
const wholeLimitMs = 120_000;
/** One that runs alone, and is known to take less with the guard in place, gets this much more than five times as long. */
const patienceMs = 3_000;
/** All tests of a guard together have so much longer. */
const mostMs = 60_000;
const overdue = new Error('overdue');
const atOnce = 2;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    unrecorded: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});
const recordFile = join(root, 'scripts/mutants/noticed-by.json');
/** By guard, the full name of the test that notices, that of its suites before it. */
const noticedBy = JSON.parse(readFileSync(recordFile, 'utf8')) as Record<string, string>;
const chosen = mutants.filter(
  ({ name }) => name.includes(values.only) && !(values.unrecorded && noticedBy[name] !== undefined),
);
if (chosen.length === 0)
  fail(`no guard's name contains "${values.only}"${values.unrecorded ? ' and is without a record' : ''}`);
for (const mutant of chosen) checkListed(mutant);
if (process.env['POSTERN_VECTORS'] === undefined && chosen.some(needsVectors))
  fail('set POSTERN_VECTORS to the folder of public test vectors, or leave those guards out with --only');

/** For what tests make that are ended as soon as one of them has failed. */
const scratch = mkdtempSync(join(tmpdir(), 'postern-mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** How long tests took with every guard in place. */
const wholeMs = new Map<string, number>();
const survivors: string[] = [];
const unsound = await failingAnyway();
if (unsound.length > 0) fail(`these fail with every guard in place:\n  ${unsound.join('\n  ')}`);
await inTurns(chosen, takeOut);
if (values.record) writeRecord();
console.log(`\n${chosen.length} guards taken out, ${chosen.length - survivors.length} noticed`);
if (survivors.length > 0) fail(`no test fails without:\n  ${survivors.join('\n  ')}`);
process.exit();

async function inTurns<T>(list: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...list];
  const takeTurns = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
}

/** Tests of the record that fail even with nothing taken out: what they notice shows nothing. */
async function failingAnyway(): Promise<string[]> {
  const byFile = new Map<string, Set<string>>();
  for (const { name, tests } of chosen) {
    const test = noticedBy[name];
    if (test === undefined || values.record) continue;
    for (const file of tests) byFile.set(file, (byFile.get(file) ?? new Set()).add(test));
  }
  const failing: string[] = [];
  await inTurns([...byFile], async ([file, tests]) => {
    const outcome = await runTests([file], undefined, [...tests], wholeLimitMs);
    if (outcome.failed !== undefined) failing.push(`${file}: ${outcome.failed}`);
  });
  return failing;
}

async function takeOut(mutant: Mutant): Promise<void> {
  const started = performance.now();
  const noticed = await firstFailure(mutant);
  if (noticed === undefined) survivors.push(`${mutant.name} (${mutant.file})`);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(
    noticed === undefined
      ? `✖ ${mutant.name} (${seconds}s): nothing failed`
      : `✔ ${mutant.name} (${seconds}s)\n    ${noticed}`,
  );
  if (values.record) await record(mutant, noticed);
}

/** The name of the first test that fails without the guard; undefined when all pass. */
async function firstFailure(mutant: Mutant): Promise<string | undefined> {
  const known = values.record ? undefined : noticedBy[mutant.name];
  if (known !== undefined) {
    const alone = wholeMs.get(known) ?? testLimitMs;
    const limitMs = Math.max(Math.min(5 * alone + patienceMs, testLimitMs), 2 * alone);
    const { failed } = await runTests(mutant.tests, mutant, [known], limitMs);
    if (failed !== undefined) return failed;
  }
  const { failed, hasRun } = await runTests(mutant.tests, mutant);
  if (!hasRun) fail(`${mutant.name}: without it the tests do not even load, which shows nothing`);
  return failed;
}

/** Keeps the name only where the test tells the difference alone: it passes with the guard and fails without. */
async function record(mutant: Mutant, noticed: string | undefined): Promise<void> {
  delete noticedBy[mutant.name];
  if (noticed === undefined) return;
  const whole = await runTests(mutant.tests, undefined, [noticed]);
  if (!whole.hasRun || whole.failed !== undefined) return;
  const without = await runTests(mutant.tests, mutant, [noticed]);
  if (without.failed !== undefined) noticedBy[mutant.name] = noticed;
}

function writeRecord(): void {
  const names = new Set(mutants.map(({ name }) => name));
  const kept = Object.entries(noticedBy)
    .filter(([name]) => names.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(recordFile, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
}

/** Runs until the first failure: its name, and whether any test ran at all. */
async function runTests(
  tests: readonly string[],
  mutant: Mutant | undefined,
  only: readonly string[] = [],
  limitMs = testLimitMs,
): Promise<{ readonly failed: string | undefined; readonly hasRun: boolean }> {
  const stop = new AbortController();
  const files = tests.map((test) => join(root, test));
  const events = run({
    files,
    concurrency: 1,
    signal: stop.signal,
    timeout: limitMs,
    testNamePatterns: only.map((name) => new RegExp(RegExp.escape(name))),
    execArgv: ['--import', loader],
    env: {
      ...process.env,
      TMPDIR: scratch,
      // All but one file are the same from mutant to mutant.
      NODE_COMPILE_CACHE: join(scratch, 'compiled'),
      ...(mutant === undefined ? {} : { [variable]: JSON.stringify(taken(mutant)) }),
    },
  });
  let hasRun = false;
  // A loop without end in the test's process is told of no timeout.
  const timer = setTimeout(() => stop.abort(overdue), limitMs + mostMs);
  try {
    for await (const event of events) {
      const isFile = 'name' in event.data && files.includes(event.data.name);
      if (isFile) continue;
      if (event.type === 'test:pass') {
        hasRun = true;
        if (mutant === undefined) wholeMs.set(event.data.name, event.data.details.duration_ms);
      }
      // A suite fails because of what is in it, which is reported first.
      if (event.type === 'test:fail') return { failed: event.data.name, hasRun: true };
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  return stop.signal.reason === overdue
    ? { failed: 'it never ends', hasRun: true }
    : { failed: undefined, hasRun };
}

function taken({ file, guard, without }: Mutant): Pick<Mutant, 'file' | 'guard' | 'without'> {
  return { file, guard, without };
}

function needsVectors({ tests }: Mutant): boolean {
  return tests.some((test) => test.startsWith('test/vectors/'));
}

function checkListed({ name, file, guard }: Mutant): void {
  const times = readFileSync(join(root, file), 'utf8').split(guard).length - 1;
  if (times !== 1) fail(`${name}: its guard stands ${times} times in ${file}, and must stand there once`);
}

function fail(why: string): never {
  console.error(`mutants: ${why}`);
  process.exit(1);
}
