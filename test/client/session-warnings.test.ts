/** Warnings before a session ends: ten and two minutes, once each, whatever happens to the clock in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionWarnings } from '../../client/sign-in/session-warnings.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const minute = 60_000;

/** Time of day and timers that move together, and what was said, in minutes before the end. */
function setup() {
  const clock = new VirtualClock();
  const time = { ms: 1_800_000_000_000 };
  const said: number[] = [];
  const warnings = new SessionWarnings({
    clock,
    now: () => time.ms,
    warn: (leftMs) => void said.push(leftMs / minute),
  });
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 1_000) {
      time.ms += 1_000;
      clock.advance(1_000);
    }
  };
  /** The machine sleeps: the time of day goes on, timers do not. */
  const sleep = (ms: number): void => void (time.ms += ms);
  return { time, said, warnings, pass, sleep, clock };
}

test('ten minutes and two minutes before, once each, and nothing at the end', () => {
  const { time, said, warnings, pass } = setup();
  const session = { id: 'ses_1', untilMs: time.ms + 60 * minute };
  warnings.follow(session);
  pass(49 * minute);
  assert.deepEqual(said, []);
  pass(2 * minute);
  assert.deepEqual(said, [10]);
  // Snapshots come for many reasons; the same session is told of once.
  warnings.follow({ ...session });
  warnings.follow({ ...session });
  pass(20 * minute);
  assert.deepEqual(said, [10, 2]);
});

test('a session that is extended, even with the same id, has its warnings again; one that ended has none', () => {
  const { time, said, warnings, pass } = setup();
  warnings.follow({ id: 'ses_1', untilMs: time.ms + 15 * minute });
  pass(6 * minute);
  assert.deepEqual(said, [10]);
  warnings.follow({ id: 'ses_1', untilMs: time.ms + 60 * minute });
  pass(48 * minute);
  assert.deepEqual(said, [10]);
  pass(3 * minute);
  assert.deepEqual(said, [10, 10]);
  warnings.follow(undefined);
  pass(30 * minute);
  assert.deepEqual(said, [10, 10]);
});

test('after a sleep the news of the next contact is right: what is due is said at once, and only once', () => {
  const { time, said, warnings, sleep, pass } = setup();
  const session = { id: 'ses_1', untilMs: time.ms + 60 * minute };
  warnings.follow(session);
  sleep(59 * minute);
  warnings.follow(session);
  assert.deepEqual(said, [1]);
  pass(5 * minute);
  assert.deepEqual(said, [1]);

  const slept = setup();
  const other = { id: 'ses_2', untilMs: slept.time.ms + 60 * minute };
  slept.warnings.follow(other);
  slept.sleep(55 * minute);
  slept.warnings.follow(other);
  slept.pass(4 * minute);
  assert.deepEqual(slept.said, [5, 2]);
  slept.sleep(10 * minute);
  slept.warnings.follow(other);
  assert.deepEqual(slept.said, [5, 2]);
});

test('a timer that fires early, as one for weeks does, says nothing yet', () => {
  const { time, said, warnings, clock } = setup();
  warnings.follow({ id: 'ses_1', untilMs: time.ms + 30 * 24 * 60 * minute });
  clock.advance(2 ** 31);
  assert.deepEqual(said, []);
  warnings.stop();
});
