import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake2s as nobleBlake2s } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { blake2s, hkdf, hmacBlake2s } from '../../protocol/noise/blake2s.ts';

const data = Buffer.from('a few bytes of input');

test('K2 BLAKE2s and its HMAC equal those of @noble/hashes, whole or in parts', () => {
  assert.deepEqual(blake2s(data), Buffer.from(nobleBlake2s(data)));
  assert.deepEqual(blake2s(data.subarray(0, 3), data.subarray(3)), blake2s(data));
  const key = Buffer.alloc(32, 7);
  assert.deepEqual(hmacBlake2s(key, data), Buffer.from(hmac(nobleBlake2s, key, data)));
});

test('K2 HKDF chains its outputs as the Noise specification writes it', () => {
  const mac = (key: Uint8Array, ...parts: Uint8Array[]) => hmac(nobleBlake2s, key, Buffer.concat(parts));
  const chaining = Buffer.alloc(32, 1);
  const temporary = mac(chaining, data);
  const first = mac(temporary, Buffer.from([1]));
  const second = mac(temporary, first, Buffer.from([2]));
  const third = mac(temporary, second, Buffer.from([3]));
  assert.deepEqual(
    hkdf(chaining, data),
    [first, second, third].map((bytes) => Buffer.from(bytes)),
  );
});
