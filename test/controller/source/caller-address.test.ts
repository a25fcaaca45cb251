import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTrustProxy } from '../../../cli/trust-proxy-option.ts';
import { callerAddress } from '../../../controller/source/caller-address.ts';

const trusts = parseTrustProxy('10.0.0.0/24, 2001:db8:ffff::/48');
const from = (remoteAddress: string, headers: Record<string, string> = {}): string | undefined =>
  callerAddress({ socket: { remoteAddress }, headers }, trusts);
const listed = (value: string): string | undefined => from('10.0.0.5', { 'x-forwarded-for': value });
const standard = (forwarded: string): string | undefined => from('10.0.0.5', { forwarded });

test('SEC-A18 without a listed proxy it is the address of the connection, whatever headers say', () => {
  const forged = { 'x-forwarded-for': '10.0.0.5, 192.0.2.1', forwarded: 'for=192.0.2.1' };
  assert.equal(from('203.0.113.7', forged), '203.0.113.7');
  assert.equal(from('::ffff:203.0.113.7', forged), '203.0.113.7');
  assert.equal(from('10.0.1.5', forged), '10.0.1.5');
});

test('a listed proxy says for whom it asks: the last address that is no listed proxy', () => {
  assert.equal(from('10.0.0.5'), '10.0.0.5');
  assert.equal(listed('203.0.113.7'), '203.0.113.7');
  assert.equal(from('::ffff:10.0.0.5', { 'x-forwarded-for': '203.0.113.7' }), '203.0.113.7');
  // What the visitor wrote stands before it.
  assert.equal(listed('192.0.2.1, 203.0.113.7'), '203.0.113.7');
  assert.equal(listed('192.0.2.1, 203.0.113.7, 10.0.0.6'), '203.0.113.7');
  assert.equal(listed('10.0.0.7,10.0.0.6'), '10.0.0.7');
  assert.equal(listed('203.0.113.7:4711'), '203.0.113.7');
  assert.equal(listed('2001:DB8::7'), '2001:db8::7');
  assert.equal(listed('[2001:db8::7]:4711, 2001:db8:ffff::1'), '2001:db8::7');
  assert.equal(listed('::ffff:203.0.113.7'), '203.0.113.7');
});

test('a hop that is no address ends it, at whoever wrote it', () => {
  for (const value of [
    'unknown',
    '',
    ',',
    'evil.example',
    '203.0.113.7:port',
    '[203.0.113.7]',
    '203.0.113.7.',
  ])
    assert.equal(listed(value), '10.0.0.5', value);
  assert.equal(listed('203.0.113.7, unknown, 10.0.0.6'), '10.0.0.6');
});

test('Forwarded says the same in its own words (RFC 7239)', () => {
  assert.equal(standard('for=203.0.113.7'), '203.0.113.7');
  assert.equal(standard('For="203.0.113.7:4711";proto=https;by=10.0.0.5'), '203.0.113.7');
  assert.equal(standard('proto=https; for="[2001:db8::7]:4711"'), '2001:db8::7');
  assert.equal(standard('for=192.0.2.1, for=203.0.113.7, for=10.0.0.6'), '203.0.113.7');
  assert.equal(standard('for=_hidden, for=203.0.113.7'), '203.0.113.7');
  assert.equal(standard('for=203.0.113.7, for=_hidden'), '10.0.0.5');
  assert.equal(standard('for=203.0.113.7, proto=https'), '10.0.0.5');
  // A visitor's quotes do not reach past what the proxy wrote after them.
  assert.equal(standard('for="192.0.2.1, for=203.0.113.7'), '10.0.0.5');
  assert.equal(standard('for="a\\"b, c", for=203.0.113.7'), '203.0.113.7');
});

test('SEC-A9 two headers that name different addresses name none', () => {
  const both = (one: string, other: string): string | undefined =>
    from('10.0.0.5', { 'x-forwarded-for': one, forwarded: other });
  assert.equal(both('203.0.113.7', 'for=192.0.2.1'), undefined);
  assert.equal(both('203.0.113.7', 'for="203.0.113.7:1"'), '203.0.113.7');
  assert.equal(
    from('203.0.113.7', { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.2' }),
    '203.0.113.7',
  );
});

test('SEC-D2 no header makes it throw, and what it answers is an address', () => {
  const word = fc.string({ maxLength: 80 });
  fc.assert(
    fc.property(word, word, (one, other) => {
      for (const headers of [{ 'x-forwarded-for': one }, { forwarded: `for=${other}` }, { forwarded: one }])
        assert.match(from('10.0.0.5', headers) ?? '', /^[\da-f.:%a-z]+$/);
    }),
    { numRuns: 500 },
  );
});

test('SEC-A18 nothing in the controller asks the connection itself where a request comes from', () => {
  const root = join(import.meta.dirname, '../../../controller');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  assert.ok(files.length > 200);
  const asking = files.filter((file) =>
    /\b(?:request|req|raw)\.ip\b|\bremoteAddress\b/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.deepEqual(asking, ['source/caller-address.ts']);
});

test('--trust-proxy takes networks, and never everybody', () => {
  assert.throws(() => parseTrustProxy('10.0.0.5'), /has no length; write 10\.0\.0\.5\/32/);
  assert.throws(() => parseTrustProxy('balancer.acme.example'), /is no network/);
  assert.throws(() => parseTrustProxy('10.0.0.5/32,0.0.0.0/0'), /that is everybody/);
  assert.throws(() => parseTrustProxy(''), /is no network/);
});
