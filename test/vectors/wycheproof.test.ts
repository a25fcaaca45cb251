import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHmac, verify as verifyBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2s } from '@noble/hashes/blake2.js';
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { agree, agreementKeyFrom, ed25519PublicKey, verify } from '../../protocol/keys.ts';
import { nobleAead } from '../../protocol/noise/aead-noble.ts';
import { nodeAead } from '../../protocol/noise/aead-node.ts';
import { sodiumAead } from '../../protocol/noise/aead-sodium.ts';
import { nonceBytes, tagBytes } from '../../protocol/noise/aead.ts';
import { hkdf, type hmacBlake2s } from '../../protocol/noise/blake2s.ts';
import { hex, readVectors, type Wycheproof } from '../support/vectors.ts';

/** What is used of sodium-native, which has no types of its own. */
const sodium = createRequire(import.meta.url)('sodium-native') as {
  /** Throws for a zero result. */
  crypto_scalarmult(shared: Buffer, secret: Buffer, peer: Buffer): void;
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, key: Buffer): boolean;
};

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

/** X25519 of the other implementations at hand; undefined when they refuse. */
const agreements: Record<string, (secret: Buffer, peer: Buffer) => Buffer | undefined> = {
  'our agree()': (secret, peer) => agree(agreementKeyFrom(secret), peer),
  '@noble/curves': (secret, peer) => orRefused(() => Buffer.from(x25519.getSharedSecret(secret, peer))),
  'sodium-native': (secret, peer) =>
    orRefused(() => {
      const shared = Buffer.alloc(32);
      sodium.crypto_scalarmult(shared, secret, peer);
      return shared;
    }),
};

for (const [name, agreement] of Object.entries(agreements)) {
  test(`K2 Wycheproof x25519 through ${name}: right secrets, and every zero result is refused`, () => {
    const file = readVectors('wycheproof', 'x25519_test.json') as Wycheproof<
      object,
      { public: string; private: string; shared: string }
    >;
    let zeros = 0;
    for (const t of file.testGroups.flatMap((group) => group.tests)) {
      const shared = agreement(hex(t.private), hex(t.public));
      if (/^0*$/.test(t.shared)) {
        zeros++;
        assert.equal(shared, undefined, `${t.tcId} ${t.comment}`);
      } else assert.equal(shared?.toString('hex'), t.shared, `${t.tcId} ${t.comment}`);
    }
    assert.ok(zeros > 5, `${zeros} zero results`);
  });
}

const verifiers: Record<string, (key: Buffer, message: Buffer, signature: Buffer) => boolean> = {
  'the keys our proofs are verified with': (key, message, signature) =>
    verifyBytes(null, message, ed25519PublicKey(key), signature),
  '@noble/curves': (key, message, signature) =>
    orRefused(() => ed25519.verify(signature, message, key, { zip215: false })) ?? false,
  'sodium-native': (key, message, signature) =>
    signature.length === 64 && sodium.crypto_sign_verify_detached(signature, message, key),
};

for (const [name, verifies] of Object.entries(verifiers)) {
  test(`K2 Wycheproof ed25519 through ${name}`, () => {
    const file = readVectors('wycheproof', 'ed25519_test.json') as Wycheproof<
      { publicKey: { pk: string } },
      { msg: string; sig: string }
    >;
    for (const group of file.testGroups) {
      for (const t of group.tests) {
        assert.equal(
          verifies(hex(group.publicKey.pk), hex(t.msg), hex(t.sig)),
          t.result === 'valid',
          `${t.tcId} ${t.comment}`,
        );
      }
    }
  });
}

test('K2 no Wycheproof ed25519 signature, valid or not, passes as one of our proofs: those name their use', () => {
  const file = readVectors('wycheproof', 'ed25519_test.json') as Wycheproof<
    { publicKey: { pk: string } },
    { msg: string; sig: string }
  >;
  for (const group of file.testGroups) {
    for (const t of group.tests) {
      assert.equal(verify(hex(group.publicKey.pk), 'control', [hex(t.msg)], hex(t.sig)), false, `${t.tcId}`);
    }
  }
});

interface HkdfCase {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

test('K2 Wycheproof hkdf_sha256 through our HKDF, which has no info, and through @noble/hashes', () => {
  const file = readVectors('wycheproof', 'hkdf_sha256_test.json') as Wycheproof<object, HkdfCase>;
  const hmacSha256: typeof hmacBlake2s = (key, ...parts) => {
    const mac = createHmac('sha256', key);
    for (const part of parts) mac.update(part);
    return mac.digest();
  };
  let checked = 0;
  for (const t of file.testGroups.flatMap((group) => group.tests)) {
    if (t.result !== 'valid') continue;
    const oracle = nobleHkdf(sha256, hex(t.ikm), hex(t.salt), hex(t.info), t.size);
    assert.equal(Buffer.from(oracle).toString('hex'), t.okm, `${t.tcId} ${t.comment}`);
    if (t.info !== '' || t.size > 96) continue;
    checked++;
    const okm = Buffer.concat(hkdf(hex(t.salt), hex(t.ikm), hmacSha256)).subarray(0, t.size);
    assert.equal(okm.toString('hex'), t.okm, `${t.tcId} ${t.comment}`);
    const ours = Buffer.concat(hkdf(hex(t.salt), hex(t.ikm)));
    const expected = nobleHkdf(blake2s, hex(t.ikm), hex(t.salt), undefined, 96);
    assert.equal(ours.toString('hex'), Buffer.from(expected).toString('hex'), `${t.tcId} with BLAKE2s`);
  }
  assert.ok(checked > 30, `${checked} cases`);
});

function orRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
