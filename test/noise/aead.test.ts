import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nobleAead } from '../../protocol/noise/aead-noble.ts';
import { nodeAead } from '../../protocol/noise/aead-node.ts';
import { sodiumAead } from '../../protocol/noise/aead-sodium.ts';
import { tagBytes, type Aead } from '../../protocol/noise/aead.ts';

const implementations: [string, Aead | undefined][] = [
  ['sodium', sodiumAead],
  ['node', nodeAead],
  ['noble', nobleAead],
];

const input = fc.record({
  key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  nonce: fc.uint8Array({ minLength: 12, maxLength: 12 }),
  associated: fc.uint8Array({ maxLength: 64 }),
  plaintext: fc.uint8Array({ maxLength: 2_000 }),
  flip: fc.nat(),
});

for (const [name, aead] of implementations) {
  test(`K2 ${name} seals as @noble/ciphers does, opens in place, and refuses every changed byte`, () => {
    assert.ok(aead);
    fc.assert(
      fc.property(input, ({ key, nonce, associated, plaintext, flip }) => {
        const k = Buffer.from(key);
        const n = Buffer.from(nonce);
        const ad = Buffer.from(associated);
        const buffer = Buffer.concat([plaintext, Buffer.alloc(tagBytes)]);
        const expected = Buffer.alloc(buffer.length);
        nobleAead.seal(k, n, ad, Buffer.from(plaintext), expected);
        aead.seal(k, n, ad, buffer.subarray(0, plaintext.length), buffer);
        assert.deepEqual(buffer, expected);

        const changed = Buffer.from(buffer);
        changed[flip % changed.length]! ^= 1 << (flip % 8);
        assert.equal(aead.open(k, n, ad, changed, Buffer.alloc(plaintext.length)), false);

        assert.equal(aead.open(k, n, ad, buffer, buffer.subarray(0, plaintext.length)), true);
        assert.deepEqual(buffer.subarray(0, plaintext.length), Buffer.from(plaintext));
      }),
      { seed: 1, numRuns: 100 },
    );
  });
}
