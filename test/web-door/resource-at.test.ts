/** Which resource answers for a hostname, beside a twin that looks at every pattern. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resourceAt } from '../../connector/flows/resource-at.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { parseName, rankOf, type Name, type Pattern } from '../../protocol/names.ts';

const labels = fc.array(fc.constantFrom('a', 'b', 'ab', 'acme'), { minLength: 1, maxLength: 4 });
const names = labels.map((list) => `${list.join('.')}.example`);
const patterns = fc.tuple(fc.boolean(), names).map(([isWild, name]) => (isWild ? `*.${name}` : name));

type Resources = ConnectorSnapshot['resources'];

function resourcesWith(lists: readonly (readonly string[])[]): Resources {
  return Object.fromEntries(
    lists.map((hostnames, at) => [`res_${at}`, { id: `res_${at}`, web: { hostnames } }]),
  ) as unknown as Resources;
}

/** The first of those that mean it most exactly. */
function slowly(lists: readonly (readonly string[])[], host: Name): string | undefined {
  const ranked = lists.flatMap((hostnames, at) =>
    hostnames.map((pattern) => ({ id: `res_${at}`, rank: rankOf(pattern as Pattern, host) })),
  );
  const [best] = ranked.filter(({ rank }) => rank > 0).toSorted((a, b) => b.rank - a.rank);
  return best?.id;
}

test('the most exact pattern decides, as if every one were looked at', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(fc.array(patterns, { maxLength: 3 }), { maxLength: 6 }), names, (lists, text) => {
      const host = parseName(text);
      assert.ok(host !== undefined);
      const expected = slowly(lists, host);
      if (expected !== undefined) found += 1;
      assert.equal(resourceAt(resourcesWith(lists), host)?.id, expected);
    }),
    { numRuns: 3_000, seed: 20_261_121 },
  );
  assert.ok(found > 300, `only ${found} had a resource`);
});

test('a name below a wildcard that is another network’s has no resource here', () => {
  const web = { hostnames: ['*.acme.example'], elsewhere: ['git.acme.example', '*.lab.acme.example'] };
  const own = { id: 'res_1', web: { hostnames: ['wiki.lab.acme.example'] } };
  const resources = { res_0: { id: 'res_0', web }, res_1: own } as unknown as Resources;
  const at = (text: string): string | undefined => resourceAt(resources, text as Name)?.id;
  assert.equal(at('wiki.acme.example'), 'res_0');
  assert.equal(at('git.acme.example'), undefined);
  assert.equal(at('below.git.acme.example'), 'res_0');
  assert.equal(at('a.lab.acme.example'), undefined);
  assert.equal(at('wiki.lab.acme.example'), 'res_1');
});

test('a resource without a public hostname answers for none, and other resources are looked at anew', () => {
  const host = parseName('wiki.acme.example');
  assert.ok(host !== undefined);
  assert.equal(resourceAt(undefined, host), undefined);
  assert.equal(resourceAt({ res_1: { id: 'res_1' } } as unknown as Resources, host), undefined);
  assert.equal(resourceAt(resourcesWith([['wiki.acme.example']]), host)?.id, 'res_0');
  assert.equal(resourceAt(resourcesWith([['other.acme.example']]), host), undefined);
});
