/** Who keeps a place among strangers, and who loses one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Strangers } from '../../protocol/strangers.ts';

test('SEC-D7: beyond its places whoever holds most loses the oldest, and somebody new always has one', () => {
  const cut: string[] = [];
  const strangers = new Strangers<string>({ most: 5, cut: (name) => cut.push(name) });
  for (const name of ['a1', 'b1', 'b2', 'c1', 'b3']) strangers.add(name, name.slice(0, 1));
  assert.deepEqual(cut, []);
  strangers.add('d1', 'd');
  assert.deepEqual(cut, ['b1']);
  strangers.add('b4', 'b');
  assert.deepEqual(cut, ['b1', 'b2']);
  assert.deepEqual([...strangers.values()], ['a1', 'c1', 'b3', 'd1', 'b4']);
  strangers.remove('b3');
  strangers.remove('b3');
  assert.equal(strangers.size, 4);
  strangers.add('e1', 'e');
  // All hold as many: the one that came first.
  strangers.add('f1', 'f');
  assert.deepEqual(cut, ['b1', 'b2', 'a1']);
  assert.equal(strangers.has('a1'), false);
  assert.equal(strangers.has('f1'), true);
});

test('SEC-D8: one source has no more than its own places, however many are free', () => {
  const cut: number[] = [];
  const strangers = new Strangers<number>({ most: 1_000, mostOfSource: 3, cut: (at) => cut.push(at) });
  for (let at = 0; at < 10; at++) strangers.add(at, 'one');
  strangers.add(10, 'other');
  assert.deepEqual(cut, [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...strangers.values()], [7, 8, 9, 10]);
});
