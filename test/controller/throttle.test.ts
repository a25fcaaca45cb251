/** What is counted before anybody is known is bounded: however many come, the oldest are forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingSignIns } from '../../controller/login/pending-sign-ins.ts';
import { memoryLive } from '../../controller/live/memory-live.ts';
import { Throttle } from '../../controller/throttle.ts';

const most = 10_000;

test('a throttle locks a key at its limit, and keeps so many keys and no more', () => {
  let nowMs = 0;
  const throttle = new Throttle({ limit: 2, windowMs: 1_000, now: () => nowMs });
  const lock = (key: string): void => {
    throttle.fail(key);
    throttle.fail(key);
  };
  lock('first');
  for (let count = 1; count < most; count++) lock(`key ${count}`);
  assert.equal(throttle.lockedUntilMs('first'), 1_000);
  lock('one more');
  assert.equal(throttle.lockedUntilMs('first'), undefined);
  assert.equal(throttle.lockedUntilMs('one more'), 1_000);
  nowMs = 1_000;
  assert.equal(throttle.lockedUntilMs('one more'), undefined);
});

test('sign-ins under way are kept to a number and for a time, the oldest go first', async () => {
  let nowMs = 0;
  const pending = new PendingSignIns(memoryLive(() => nowMs));
  const attempt = { provider: 'corp', nonce: 'n', codeVerifier: 'v', returnTo: '/', fresh: false };
  for (let count = 0; count <= most; count++) await pending.add(`state ${count}`, 'browser', attempt);
  assert.equal(await pending.take('state 0', 'browser', 'corp'), undefined);
  assert.notEqual(await pending.take('state 1', 'browser', 'corp'), undefined);
  nowMs = 10 * 60_000;
  assert.equal(await pending.take(`state ${most}`, 'browser', 'corp'), undefined);
});
