/**
 * Again and again up, kill -9, up, down, with another program editing resolv.conf in between: its file is never overwritten
 * and never lost, names are right at every step, and nothing is left behind. Needs root.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Laptop } from '../client/system/laptop.ts';
import { down, RealUp, startWorld } from '../client/system/real-up.ts';
import { eventually } from '../support/eventually.ts';
import { times } from '../support/length.ts';

/** Each way to edit at each moment on both laptops; the full length is `npm run soak -- resolv-conf`. */
const cycles = times(24, 100);
const granted = 'wiki.acme.internal';
const foreign = 'www.example.com';

/** The ways in which other programs replace the file, as commands with the text as their argument. */
const edits = [
  `printf '%s' "$1" > /etc/resolv.conf`,
  `printf '%s' "$1" > /etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf`,
  `printf '%s' "$1" > /etc/managed.conf && rm -f /etc/resolv.conf && ln -s managed.conf /etc/resolv.conf`,
] as const;

/** When in a cycle the other program comes. */
const moments = ['while it runs', 'right after the crash', 'once the crash is tidied up', 'never'] as const;

test('crashes and returns beside a program that edits resolv.conf: never overwritten, nothing left (FIELD rule 3)', async (t) => {
  // Two machines at once: most of a cycle is waiting for one process.
  await Promise.all([everyOther(t, 0), everyOther(t, 1)]);
});

/** Every other cycle, on a laptop of its own. */
async function everyOther(t: TestContext, start: number): Promise<void> {
  const laptop = await Laptop.boot(t, { resolvConf: 'nameserver 192.0.2.53\n' });
  const world = await startWorld(t, laptop, '192.0.2.53,192.0.2.10');
  const file = async (): Promise<string> =>
    (await laptop.run('sh', ['-c', 'readlink /etc/resolv.conf; cat /etc/resolv.conf'])).stdout;
  const addresses = async (): Promise<string[]> =>
    Promise.all(
      [granted, foreign].map(
        async (name) => (await laptop.run('getent', ['ahostsv4', name])).stdout.split(/\s/)[0] ?? '',
      ),
    );
  const system = async (): Promise<string> =>
    (await laptop.fingerprint()).split('---\n').slice(0, 3).join('');
  const processes = async (): Promise<string> =>
    (await laptop.run('pgrep', ['-f', `${laptop.state}|postern-watchdog.*${laptop.folder}`])).stdout;
  const before = await system();
  for (let cycle = start; cycle < cycles; cycle += 2) {
    const moment = moments[(cycle >> 1) % moments.length];
    const edit = edits[(cycle >> 1) % edits.length] ?? edits[0];
    const text = `# by another program, ${cycle}\nnameserver ${(cycle >> 1) % 2 === 0 ? '192.0.2.10' : '192.0.2.53'}\n`;
    const at = async (now: (typeof moments)[number]): Promise<unknown> =>
      moment === now ? laptop.run('sh', ['-c', edit, 'sh', text]) : undefined;
    const where = `cycle ${cycle}, edited ${moment}`;
    const previous = await file();

    const first = new RealUp(t, laptop, world.key);
    await first.ready();
    await at('while it runs');
    await first.kill();
    await at('right after the crash');
    if (moment === 'once the crash is tidied up' || moment === 'never') {
      await eventually(`${where}: the watchdog restores`, async () =>
        (await file()) === previous ? true : undefined,
      );
      await at('once the crash is tidied up');
    }
    const theirs = moment === 'never' ? previous : await file();
    if (moment !== 'never') assert.ok(theirs.endsWith(text), `${where}: ${theirs}`);

    const second = new RealUp(t, laptop, world.key);
    await second.ready();
    const [ours, others] = await addresses();
    assert.match(ours ?? '', /^100\.96\./, where);
    assert.equal(others, '203.0.113.7', where);
    const { stdout, stderr } = await down(laptop);
    assert.match(stdout, /given back/, `${where}: ${stderr}`);
    assert.equal(await second.ended(), 0, where);
    assert.equal(await file(), theirs, where);
    assert.equal(await system(), before, where);
  }
  assert.equal(await processes(), '', 'no process is left');
  assert.deepEqual((await laptop.run('sh', ['-c', 'ls /etc | grep postern'])).stdout, '');
}
