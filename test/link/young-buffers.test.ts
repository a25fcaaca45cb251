import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectEvery } from '../../protocol/link/young-buffers.ts';

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
