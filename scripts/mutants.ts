/**
 * `npm run mutants`: takes each listed guard out of the product, one at a time, and runs the tests that should notice.
 * Fails when a guard can go without any test failing, and when a guard is no longer in its file as listed.
 *
 *   npm run mutants -- [--only PART-OF-A-NAME]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
const atOnce = 2;

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const chosen = mutants.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0) fail(`no guard's name contains "${values.only}"`);
for (const mutant of chosen) checkListed(mutant);
if (process.env['POSTERN_VECTORS'] === undefined && chosen.some(needsVectors))
  fail('set POSTERN_VECTORS to the folder of public test vectors, or leave those guards out with --only');

/** For what tests make that are ended as soon as one of them has failed. */
const scratch = mkdtempSync(join(tmpdir(), 'postern-mutants-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const survivors: string[] = [];
const waiting = [...chosen];
await Promise.all(Array.from({ length: atOnce }, takeTurns));
console.log(`\n${chosen.length} guards taken out, ${chosen.length - survivors.length} noticed`);
if (survivors.length > 0) fail(`no test fails without:\n  ${survivors.join('\n  ')}`);
process.exit();

async function takeTurns(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const started = performance.now();
    const noticed = await firstFailure(mutant);
    if (noticed === undefined) survivors.push(`${mutant.name} (${mutant.file})`);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(
      noticed === undefined
        ? `✖ ${mutant.name} (${seconds}s): nothing failed`
        : `✔ ${mutant.name} (${seconds}s)\n    ${noticed}`,
    );
  }
}

/** The name of the first test that fails without the guard; undefined when all pass. */
async function firstFailure(mutant: Mutant): Promise<string | undefined> {
  const { file, guard, without } = mutant;
  const stop = new AbortController();
  const files = mutant.tests.map((test) => join(root, test));
  const events = run({
    files,
    concurrency: 1,
    signal: stop.signal,
    timeout: testLimitMs,
    execArgv: ['--import', loader],
    env: {
      ...process.env,
      TMPDIR: scratch,
      // All but one file are the same from mutant to mutant.
      NODE_COMPILE_CACHE: join(scratch, 'compiled'),
      [variable]: JSON.stringify({ file, guard, without }),
    },
  });
  let hasRun = false;
  try {
    for await (const event of events) {
      const isFile = 'name' in event.data && files.includes(event.data.name);
      if (isFile) continue;
      if (event.type === 'test:pass') hasRun = true;
      // A suite fails because of what is in it, which is reported first.
      if (event.type === 'test:fail') return event.data.name;
    }
  } finally {
    stop.abort();
  }
  if (!hasRun) fail(`${mutant.name}: without it the tests do not even load, which shows nothing`);
  return undefined;
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
