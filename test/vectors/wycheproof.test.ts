import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify as verifyBytes } from 'node:crypto';
import { agree, agreementKeyFrom, ed25519PublicKey } from '../../protocol/keys.ts';
import { nobleAead } from '../../protocol/noise/aead-noble.ts';
import { nodeAead } from '../../protocol/noise/aead-node.ts';
import { sodiumAead } from '../../protocol/noise/aead-sodium.ts';
import { nonceBytes, tagBytes } from '../../protocol/noise/aead.ts';
import { hex, readVectors, type Wycheproof } from '../support/vectors.ts';

interface AeadCase {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

for (const [name, aead] of [
  ['sodium-native', sodiumAead],
  ['node:crypto', nodeAead],
  ['@noble/ciphers', nobleAead],
] as const) {
  test(`K2 Wycheproof chacha20_poly1305 through our wrapper over ${name}`, () => {
    assert.ok(aead);
    const file = readVectors('wycheproof', 'chacha20_poly1305_test.json') as Wycheproof<
      { ivSize: number },
      AeadCase
    >;
    let checked = 0;
    for (const group of file.testGroups) {
      for (const t of group.tests) {
        const nonce = hex(t.iv);
        // Other nonce lengths cannot reach the wrapper: the cipher state owns a buffer of exactly 12 bytes.
        if (nonce.length !== nonceBytes) continue;
        checked++;
        const sealed = Buffer.concat([hex(t.ct), hex(t.tag)]);
        const opened = Buffer.alloc(sealed.length - tagBytes);
        const good = aead.open(hex(t.key), nonce, hex(t.aad), sealed, opened);
        assert.equal(good, t.result === 'valid', `${t.tcId} ${t.comment}`);
        if (!good) continue;
        assert.equal(opened.toString('hex'), t.msg);
        const again = Buffer.alloc(sealed.length);
        aead.seal(hex(t.key), nonce, hex(t.aad), hex(t.msg), again);
        assert.deepEqual(again, sealed, `${t.tcId} ${t.comment}`);
      }
    }
    assert.ok(checked > 250, `${checked} cases`);
  });
}

test('K2 Wycheproof x25519 through agree(): right secrets, and every zero result is refused', () => {
  const file = readVectors('wycheproof', 'x25519_test.json') as Wycheproof<
    object,
    { public: string; private: string; shared: string }
  >;
  let zeros = 0;
  for (const t of file.testGroups.flatMap((group) => group.tests)) {
    const shared = agree(agreementKeyFrom(hex(t.private)), hex(t.public));
    if (/^0*$/.test(t.shared)) {
      zeros++;
      assert.equal(shared, undefined, `${t.tcId} ${t.comment}`);
    } else assert.equal(shared?.toString('hex'), t.shared, `${t.tcId} ${t.comment}`);
  }
  assert.ok(zeros > 5, `${zeros} zero results`);
});

test('K2 Wycheproof ed25519 through the keys our proofs are verified with', () => {
  const file = readVectors('wycheproof', 'ed25519_test.json') as Wycheproof<
    { publicKey: { pk: string } },
    { msg: string; sig: string }
  >;
  for (const group of file.testGroups) {
    const key = ed25519PublicKey(hex(group.publicKey.pk));
    for (const t of group.tests) {
      assert.equal(
        verifyBytes(null, hex(t.msg), key, hex(t.sig)),
        t.result === 'valid',
        `${t.tcId} ${t.comment}`,
      );
    }
  }
});
