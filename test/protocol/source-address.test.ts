/** What counts as one source, and how an address is written when it is told on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadingGroups, plainAddress, sourceOfAddress } from '../../protocol/source-address.ts';

test('an IPv4 address is the same one on a socket of IPv6, however that writes it', () => {
  for (const written of ['203.0.113.9', '::ffff:203.0.113.9', '::FFFF:203.0.113.9']) {
    assert.equal(plainAddress(written), '203.0.113.9');
    assert.equal(sourceOfAddress(written), '203.0.113.9');
  }
  assert.notEqual(sourceOfAddress('203.0.113.9'), sourceOfAddress('203.0.113.10'));
});

test('what is no IPv4 address in IPv6 keeps its form', () => {
  for (const other of [
    '2001:db8::1',
    '::ffff:c000:207',
    '64:ff9b::192.0.2.7',
    '::ffff:192.0.2',
    'x::ffff:192.0.2.7',
    '',
  ])
    assert.equal(plainAddress(other), other);
});

test('SEC-D8 of IPv6 a /64 is one source, however it is written', () => {
  const same = ['2001:db8:1:2::1', '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2:0:0:0:0'];
  assert.deepEqual([...new Set(same.map(sourceOfAddress))], ['2001:db8:1:2::/64']);
  assert.equal(sourceOfAddress('2001:db8:1:3::1'), '2001:db8:1:3::/64');
  assert.equal(sourceOfAddress('::1'), '0:0:0:0::/64');
  assert.equal(sourceOfAddress('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('leading groups are as many as asked for, without zeros in front', () => {
  assert.equal(leadingGroups('2001:0db8::1', 3), '2001:db8:0');
  assert.equal(leadingGroups('2001:db8:1:2:3:4:5:6', 3), '2001:db8:1');
});
