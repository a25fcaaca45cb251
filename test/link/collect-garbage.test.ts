import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectAtRest, collectEvery, collectWhatIsWorthIt } from '../../protocol/link/collect-garbage.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('young buffers are collected once for each so many bytes, however they come', () => {
  let collected = 0;
  const count = collectEvery(1_000, () => {
    collected += 1;
  });
  for (let index = 0; index < 999; index += 1) count(1);
  assert.equal(collected, 0);
  count(1);
  assert.equal(collected, 1);
  count(5_000);
  assert.equal(collected, 2);
  count(999);
  assert.equal(collected, 2);
});

test('a program that has passed much and then rests is collected once, and not while bytes pass', () => {
  const clock = new VirtualClock();
  let collected = 0;
  const count = collectAtRest(
    1_000_000,
    (ms, run) => void clock.after(ms, run),
    () => {
      collected += 1;
    },
  );
  count(999_999);
  clock.advance(10_000);
  assert.equal(collected, 0);
  count(1);
  for (let second = 0; second < 5; second += 1) {
    clock.advance(900);
    count(10_000);
  }
  assert.equal(collected, 0);
  clock.advance(2_000);
  assert.equal(collected, 1);
  // Pings are no reason to collect again.
  for (let minute = 0; minute < 60; minute += 1) {
    count(64);
    clock.advance(60_000);
  }
  assert.equal(collected, 1);
});

test('at rest everything is collected only where much has come to be held since', () => {
  let heldBytes = 60_000_000;
  const collected: string[] = [];
  const heap = {
    held: () => heldBytes,
    collectYoung: () => collected.push('young'),
    collectAll: () => {
      collected.push('all');
      heldBytes -= 20_000_000;
    },
  };
  const collect = collectWhatIsWorthIt(heap, () => 16_000_000);
  const atRest = (): string => {
    collect();
    return collected.splice(0).join(', ');
  };
  assert.equal(atRest(), 'young, all');
  heldBytes += 16_000_000;
  assert.equal(atRest(), 'young');
  heldBytes += 1_000_000;
  assert.equal(atRest(), 'young, all');
  assert.equal(atRest(), 'young');
});
