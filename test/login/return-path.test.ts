/** Where a browser goes after signing in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { returnPath } from '../../controller/login/return-path.ts';

const own = 'https://access.acme.example:8443';

/** Ways to another host that other products took for a path. */
const elsewhere = [
  'https://evil.example/',
  'HTTPS://evil.example',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/%0a/../\\evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/a/..//evil.example',
  '/%2e%2e//evil.example',
  'javascript:alert(1)',
  'data:text/html,hi',
  ' /device',
  'device',
  '?x',
  '#x',
  '',
  '/\u0000',
  '/\u2028/evil.example',
  '/é',
  '@evil.example',
  'https:evil.example',
  'http:/evil.example',
  '/oidc/corp/start?rd=/oidc/corp/start',
  `/${'a'.repeat(6_144)}`,
];

test('SEC-G8 what is not a path on the own pages leads to the front page', () => {
  for (const text of elsewhere) assert.equal(returnPath(text), '/', JSON.stringify(text));
  assert.equal(returnPath(undefined), '/');
});

test('SEC-G8 whatever is given, a browser that follows the answer stays on the own host', () => {
  const pieces = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '//',
    '@',
    ':',
    '%2f',
    '%5c',
    '\t',
    '\n',
    ' ',
    'https:',
    'evil.example',
    'a',
    '?',
    '#',
    '%09',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (list) => {
      const answer = returnPath(list.join(''));
      assert.match(answer, /^\/(?!\/)/);
      assert.equal(new URL(answer, own).origin, own);
    }),
    { numRuns: 3_000 },
  );
});

test('a path keeps its query and its fragment', () => {
  for (const path of ['/', '/device', '/refused?resource=wiki', '/device/confirm?attempt=a_b-c', '/a#b']) {
    assert.equal(returnPath(path), path);
  }
});
