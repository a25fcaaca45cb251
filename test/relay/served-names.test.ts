/** Which nodes serve a hostname, against the slow way: every pattern of every node, weighed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseName, rankOf, type Name, type Pattern } from '../../protocol/names.ts';
import { ServedNames } from '../../relay/served-names.ts';

const named = (text: string): Name => parseName(text) as Name;
const anyone = (): boolean => true;

/** What is served by whom, as a list that is walked. */
function slowly(
  served: ReadonlyMap<string, readonly string[]>,
  name: Name,
  fit: (node: string) => boolean,
): string[] {
  const ranks = [...served].flatMap(([node, patterns]) => {
    const rank = Math.max(0, ...patterns.map((pattern) => rankOf(pattern as Pattern, name)));
    return rank > 0 && fit(node) ? [{ node, rank }] : [];
  });
  const best = Math.max(0, ...ranks.map(({ rank }) => rank));
  return ranks.filter(({ rank }) => rank === best).map(({ node }) => node);
}

test('an exact name counts before every wildcard, and a longer suffix before a shorter one', () => {
  const names = new ServedNames<string>();
  names.set('wide', ['*.example.com']);
  names.set('near', ['*.apps.example.com', 'other.example.com']);
  names.set('exact', ['a.apps.example.com']);
  names.set('both', ['a.apps.example.com', '*.example.com']);
  assert.deepEqual(names.find(named('a.apps.example.com'), anyone), ['exact', 'both']);
  assert.deepEqual(names.find(named('b.apps.example.com'), anyone), ['near']);
  assert.deepEqual(names.find(named('x.b.apps.example.com'), anyone), ['near']);
  assert.deepEqual(names.find(named('apps.example.com'), anyone), ['wide', 'both']);
  assert.deepEqual(names.find(named('example.com'), anyone), []);
  assert.deepEqual(names.find(named('com'), anyone), []);
});

test('a wildcard serves where nobody with the exact name may', () => {
  const names = new ServedNames<string>();
  names.set('wide', ['*.example.com']);
  names.set('exact', ['a.example.com']);
  assert.deepEqual(
    names.find(named('a.example.com'), (node) => node !== 'exact'),
    ['wide'],
  );
});

test('whoever goes, or serves other names now, leaves nothing behind', () => {
  const names = new ServedNames<string>();
  names.set('one', ['a.example.com', 'a.example.com', '*.example.com']);
  names.set('one', ['b.example.com']);
  assert.deepEqual(names.find(named('a.example.com'), anyone), []);
  assert.deepEqual(names.find(named('b.example.com'), anyone), ['one']);
  names.set('one', []);
  assert.equal(names.size, 0);
  names.set('one', ['a.example.com']);
  names.delete('one');
  names.delete('one');
  assert.equal(names.size, 0);
});

test('it finds what a walk over all nodes finds, whatever they come to serve', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.tuple(name, fc.boolean()).map(([text, isWide]) => (isWide ? `*.${text}` : text));
  const step = fc.record({ node: fc.constantFrom('1', '2', '3', '4'), patterns: fc.array(pattern) });
  const wanted = fc.record({ name, unfit: fc.constantFrom('1', '2', 'none') });
  fc.assert(
    fc.property(fc.array(step), fc.array(wanted), (steps, asked) => {
      const names = new ServedNames<string>();
      const served = new Map<string, readonly string[]>();
      for (const { node, patterns } of steps) {
        names.set(node, patterns);
        served.set(node, patterns);
      }
      for (const { name: text, unfit } of asked) {
        const fit = (node: string): boolean => node !== unfit;
        const found = names.find(named(text), fit);
        assert.deepEqual(found.toSorted(), slowly(served, named(text), fit).toSorted());
      }
    }),
  );
});
