/** When a device reports: on a tree of files that changes, with both clocks in the test's hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linux } from '../../../client/posture/linux/linux.ts';
import type { Machine } from '../../../client/posture/machine.ts';
import { PostureReporter } from '../../../client/posture/reporter.ts';
import type { Posture } from '../../../protocol/control.ts';
import type { PostureWanted } from '../../../protocol/posture-facts.ts';
import { eventually } from '../../support/eventually.ts';
import { settle } from '../../support/settle.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { machineOf } from './tree.ts';

const asks = (...checks: string[]): PostureWanted => ({
  checks: checks.map((check) => ({ check, resources: [], count: 0 })),
  processes: [],
  files: [],
});

class Bench {
  readonly clock = new VirtualClock();
  readonly sent: Posture[] = [];
  wanted: PostureWanted | undefined = asks('firewall');
  wallMs = Date.parse('2026-11-20T10:00:00Z');
  ufw = 'ENABLED=yes\n';
  /** Calls back as the watcher of that path does. */
  readonly watched = new Map<string, () => void>();
  readonly reporter: PostureReporter;

  constructor(machine: Machine) {
    this.reporter = new PostureReporter({
      send: (message) => this.sent.push(message) > 0,
      wanted: () => this.wanted,
      system: linux,
      machine: {
        ...machine,
        text: async (path) => (path === '/etc/ufw/ufw.conf' ? this.ufw : machine.text(path)),
        watch: (path, changed) => {
          this.watched.set(path, changed);
          return () => this.watched.delete(path);
        },
      },
      clock: this.clock,
      wallClock: () => this.wallMs,
    });
  }

  /** Lets both clocks run in steps; the machine is awake. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.wallMs += Math.min(left, 1_000);
      this.clock.advance(Math.min(left, 1_000));
      await settle(3);
    }
    await settle(20);
  }

  /** Resolves when so many reports were sent, and fails when there are more. */
  async told(count: number): Promise<Posture> {
    await eventually(`${count} reports`, () => (this.sent.length >= count ? true : undefined));
    await settle(20);
    assert.equal(this.sent.length, count);
    return this.sent.at(-1) ?? assert.fail();
  }
}

async function bench(test_: Parameters<typeof machineOf>[0]): Promise<Bench> {
  const made = new Bench(await machineOf(test_, { '/etc/ufw/user.rules': '' }));
  test_.after(async () => made.reporter.stop());
  return made;
}

test('it reports at the start with what is asked for and no more, and each minute after', async (t) => {
  const made = await bench(t);
  made.reporter.start();
  const first = await made.told(1);
  assert.deepEqual([first.seq, first.at], [0, made.wallMs / 1_000]);
  assert.deepEqual(Object.keys(first.facts).toSorted(), ['clientVersion', 'firewall', 'os']);
  await made.pass(49_000);
  await made.told(1);
  await made.pass(11_000);
  assert.equal((await made.told(2)).seq, 1);
  await made.pass(60_000);
  await made.told(3);
});

test('it reports at once when something else is asked for, and not when the same is', async (t) => {
  const made = await bench(t);
  made.reporter.start();
  await made.told(1);
  made.reporter.follow();
  await made.told(1);
  made.wanted = asks('firewall', 'antivirus');
  made.reporter.follow();
  const second = await made.told(2);
  // There is no process to see on this tree, so that is unknown and absent.
  assert.equal('antivirus' in second.facts, false);
  made.wanted = asks();
  made.reporter.follow();
  assert.equal('firewall' in (await made.told(3)).facts, false);
});

test('it reports at once when the machine has woken, and not because somebody set the clock', async (t) => {
  const made = await bench(t);
  made.reporter.woke();
  await settle(20);
  assert.equal(made.sent.length, 0);
  made.reporter.start();
  await made.told(1);
  await made.pass(10_000);
  made.wallMs += 3_600_000;
  await made.pass(10_000);
  await made.told(1);
  made.reporter.woke();
  await made.told(2);
  // From there the minute begins anew.
  await made.pass(49_000);
  await made.told(2);
  await made.pass(11_000);
  await made.told(3);
});

test('a watched file that changes a fact is told within a second; one that changes nothing is not', async (t) => {
  const made = await bench(t);
  made.reporter.start();
  await made.told(1);
  await eventually('the watcher', () => made.watched.get('/etc/ufw'));
  made.watched.get('/etc/ufw')?.();
  await made.pass(1_000);
  await made.told(1);
  made.ufw = 'ENABLED=no\n';
  for (let times = 0; times < 5; times += 1) made.watched.get('/etc/ufw')?.();
  await made.pass(1_000);
  assert.equal('firewall' in (await made.told(2)).facts, false);
  made.wanted = asks('serial');
  made.reporter.follow();
  await made.told(3);
  assert.equal(made.watched.size, 0, 'what is no longer asked for is no longer watched');
});

test('an organisation that asks for nothing is told once, and again after a new channel', async (t) => {
  const made = await bench(t);
  made.wanted = asks();
  made.reporter.start();
  await made.told(1);
  await made.pass(300_000);
  await made.told(1);
  made.reporter.start();
  await made.told(2);
  made.wanted = undefined;
  await made.pass(61_000);
  await made.told(3);
});

test('after its end nothing is told or watched any more', async (t) => {
  const made = await bench(t);
  made.reporter.start();
  await made.told(1);
  made.reporter.stop();
  assert.equal(made.watched.size, 0);
  made.reporter.follow();
  await made.pass(120_000);
  await made.told(1);
  assert.equal(made.clock.pending, 0);
});
