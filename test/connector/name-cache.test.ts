import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepNames } from '../../connector/dial/name-cache.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A DNS that counts who asks, with answers and lifetimes that a test changes. */
function dns() {
  const state = { addresses: ['10.20.0.9'], seconds: new Map([['10.20.0.9', 5]]), asked: 0 };
  const clock = new VirtualClock();
  const resolve = keepNames(
    clock,
    async () => {
      state.asked += 1;
      return state.addresses;
    },
    async () => state.seconds,
  );
  return { state, clock, resolve };
}

test('a name is kept as long as the DNS says and no longer', async () => {
  const { state, clock, resolve } = dns();
  await resolve('wiki.acme.internal');
  await settle();
  clock.advance(4_999);
  assert.deepEqual(await resolve('wiki.acme.internal'), ['10.20.0.9']);
  assert.equal(state.asked, 1);
  clock.advance(1);
  state.addresses = ['10.20.0.10'];
  assert.deepEqual(await resolve('wiki.acme.internal'), ['10.20.0.10']);
  assert.equal(state.asked, 2);
});

test('what the DNS does not know, or knows otherwise, or wants unkept, is asked for each time', async () => {
  for (const seconds of [
    new Map<string, number>(),
    new Map([['10.20.0.77', 60]]),
    new Map([['10.20.0.9', 0]]),
  ]) {
    const { state, resolve } = dns();
    state.seconds = seconds;
    for (let time = 0; time < 3; time += 1) {
      await resolve('wiki.acme.internal');
      await settle();
    }
    assert.equal(state.asked, 3);
  }
});

test('of several addresses the one that holds shortest decides, and half a minute is the most', async () => {
  const { state, clock, resolve } = dns();
  state.addresses = ['10.20.0.9', '10.20.0.10'];
  state.seconds = new Map([
    ['10.20.0.9', 86_400],
    ['10.20.0.10', 2],
  ]);
  await resolve('wiki.acme.internal');
  await settle();
  clock.advance(2_000);
  state.seconds.set('10.20.0.10', 86_400);
  await resolve('wiki.acme.internal');
  assert.equal(state.asked, 2);
  await settle();
  clock.advance(29_999);
  await resolve('wiki.acme.internal');
  assert.equal(state.asked, 2);
  clock.advance(1);
  await resolve('wiki.acme.internal');
  assert.equal(state.asked, 3);
});

test('many flows to one name at once ask once, and a failure is not kept', async () => {
  let asked = 0;
  let fails = true;
  const clock = new VirtualClock();
  const resolve = keepNames(
    clock,
    async () => {
      asked += 1;
      await settle();
      if (fails) throw new Error('no answer');
      return ['10.20.0.9'];
    },
    async () => new Map([['10.20.0.9', 5]]),
  );
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => resolve('wiki.acme.internal')));
  assert.ok(all.every(({ status }) => status === 'rejected'));
  assert.equal(asked, 1);
  fails = false;
  assert.deepEqual(await resolve('wiki.acme.internal'), ['10.20.0.9']);
  assert.equal(asked, 2);
});

test('a literal is nobody’s to ask about', async () => {
  const { state, resolve } = dns();
  assert.deepEqual(await resolve('10.1.2.3'), ['10.1.2.3']);
  assert.equal(state.asked, 0);
});
