/** Who keeps a place among strangers, and who loses one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Strangers } from '../../protocol/strangers.ts';
import { leftBy, type Item } from '../support/left-behind.ts';

class Named {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const namesOf = (list: Iterable<Named>): string[] => Array.from(list, ({ name }) => name);

test('SEC-D7: beyond its places whoever holds most loses the oldest, and somebody new always has one', () => {
  const cut: string[] = [];
  const strangers = new Strangers<Named>({ most: 5, cut: ({ name }) => cut.push(name) });
  const all = new Map<string, Named>();
  const called = (name: string): Named => {
    const known = all.get(name) ?? new Named(name);
    all.set(name, known);
    return known;
  };
  for (const name of ['a1', 'b1', 'b2', 'c1', 'b3']) strangers.add(called(name), name.slice(0, 1));
  assert.deepEqual(cut, []);
  strangers.add(called('d1'), 'd');
  assert.deepEqual(cut, ['b1']);
  strangers.add(called('b4'), 'b');
  assert.deepEqual(cut, ['b1', 'b2']);
  assert.deepEqual(namesOf(strangers.values()), ['a1', 'c1', 'b3', 'd1', 'b4']);
  strangers.remove(called('b3'));
  strangers.remove(called('b3'));
  assert.equal(strangers.size, 4);
  strangers.add(called('e1'), 'e');
  // All hold as many: the one that came first.
  strangers.add(called('f1'), 'f');
  assert.deepEqual(cut, ['b1', 'b2', 'a1']);
  assert.equal(strangers.has(called('a1')), false);
  assert.equal(strangers.has(called('f1')), true);
});

test('SEC-D8: one source has no more than its own places, however many are free', () => {
  const cut: string[] = [];
  const strangers = new Strangers<Named>({
    most: 1_000,
    mostOfSource: 3,
    cut: ({ name }) => cut.push(name),
  });
  for (let at = 0; at < 10; at++) strangers.add(new Named(`${at}`), 'one');
  strangers.add(new Named('10'), 'other');
  assert.deepEqual(cut, ['0', '1', '2', '3', '4', '5', '6']);
  assert.deepEqual(namesOf(strangers.values()), ['7', '8', '9', '10']);
});

for (const [sources, sourceOf] of [
  ['of one source', () => 'one'],
  ['of a source each', (number: number) => `source-${number}`],
] as const)
  test(`strangers ${sources} that are known now, or gone, are held no longer`, () => {
    const strangers = new Strangers<Item>({ most: 1_000, cut: () => undefined });
    const left = leftBy(
      (item, number) => strangers.add(item, sourceOf(number)),
      (item) => strangers.remove(item),
    );
    assert.equal(strangers.size, 8);
    assert.ok(left < 3_000_000, `${left} bytes`);
  });
