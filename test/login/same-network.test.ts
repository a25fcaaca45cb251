/** Whether a browser and a device are seen at the same address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameNetwork } from '../../controller/login/same-network.ts';

test('IPv4 addresses are the same only when they are equal, however the socket writes them', () => {
  assert.ok(sameNetwork('203.0.113.9', '::ffff:203.0.113.9'));
  assert.ok(!sameNetwork('203.0.113.9', '203.0.113.10'));
});

test('IPv6 addresses of one network of 64 bits count as one place', () => {
  assert.ok(sameNetwork('2001:db8:1:2::1', '2001:db8:1:2:ffff:0:0:9'));
  assert.ok(!sameNetwork('2001:db8:1:2::1', '2001:db8:1:3::1'));
  assert.ok(!sameNetwork('2001:db8::1', '203.0.113.9'));
});

test('all of loopback is this machine, and what is no address shares nothing', () => {
  assert.ok(sameNetwork('127.0.0.1', '::1'));
  assert.ok(!sameNetwork('::1', '::2'));
  assert.ok(!sameNetwork('127.0.0.1', '203.0.113.9'));
  assert.ok(!sameNetwork('', ''));
  assert.ok(!sameNetwork('somewhere', 'somewhere'));
});
