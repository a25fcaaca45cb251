/** A sleep of the machine: how it is noticed, and what the client does then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startClient, type ClientEvent } from '../../client/client.ts';
import { suspendCounter, WakeWatch } from '../../client/wake.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

test('a sleep is noticed once within five seconds of waking, by how long the machine was suspended, and a set clock is none', () => {
  const clock = new VirtualClock();
  let bootMs = 4_000_000;
  let wallMs = Date.parse('2026-11-20T10:00:00Z');
  let woken = 0;
  const uptime = (): string => `${(bootMs / 1_000).toFixed(2)} 99999.99\n`;
  const watch = new WakeWatch({
    clock,
    suspendedMs: suspendCounter(clock, () => wallMs, uptime),
    woke: () => (woken += 1),
  });
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 100) {
      bootMs += 100;
      wallMs += 100;
      clock.advance(100);
    }
  };
  watch.start();
  pass(20_000);
  wallMs += 3_600_000;
  pass(20_000);
  assert.equal(woken, 0);
  bootMs += 600_000;
  pass(5_000);
  assert.equal(woken, 1);
  pass(60_000);
  assert.equal(woken, 1);
  // Shorter than anything that a machine sleeps.
  bootMs += 1_500;
  pass(5_000);
  assert.equal(woken, 1);
  watch.stop();
  assert.equal(clock.pending, 0);
});

test('without a suspend counter the time of day tells, and where it is read it only ever grows by sleeping', () => {
  const clock = new VirtualClock();
  let wallMs = 1_000_000;
  const byWall = suspendCounter(
    clock,
    () => wallMs,
    () => undefined,
  );
  const before = byWall();
  wallMs += 7_000;
  assert.equal(byWall() - before, 7_000);
  const real = suspendCounter({ nowMs: () => performance.now() }, () => assert.fail('the counter is there'));
  const first = real();
  assert.ok(Math.abs(real() - first) < 100);
});

test('after a wake the client reports its posture and says what is due, at once', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const clock = new VirtualClock();
  let suspendedMs = 0;
  let wallMs = Date.now();
  const events: ClientEvent[] = [];
  const { session } = organisation.device;
  organisation.device = {
    ...organisation.device,
    session: { ...session, kind: 'person', email: 'alice@acme.example' },
  };
  const client = await startClient({
    state: organisation.state('laptop'),
    key: organisation.key(),
    browser: false,
    uids: [],
    wallClock: () => wallMs,
    sleep: { clock, suspendedMs: () => suspendedMs },
    onEvent: (event) => events.push(event),
  });
  t.after(() => client.stop());
  await client.ready;
  const reports = (): number => organisation.heard.filter((message) => message['t'] === 'posture').length;
  await until(() => reports() === 1);
  // An hour less five minutes of the session's hour pass while it sleeps.
  suspendedMs += 3_300_000;
  wallMs += 3_300_000;
  clock.advance(5_000);
  await until(() => reports() === 2);
  assert.equal(events.filter(({ kind }) => kind === 'session-ending').length, 1);
});
