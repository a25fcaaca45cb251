/** The clock of the programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../protocol/clock.ts';

const dayMs = 24 * 3_600_000;

test('what is due in more days than a timer of Node can wait for is not run at once, and can be cancelled in between', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let runs = 0;
  systemClock.after(30 * dayMs, () => (runs += 1));
  const cancel = systemClock.after(60 * dayMs, () => (runs += 10));
  const longestMs = 2 ** 31 - 1;
  t.mock.timers.tick(longestMs);
  t.mock.timers.tick(30 * dayMs - longestMs - 1);
  assert.equal(runs, 0);
  t.mock.timers.tick(1);
  assert.equal(runs, 1);
  cancel();
  t.mock.timers.tick(60 * dayMs);
  assert.equal(runs, 1);
});
