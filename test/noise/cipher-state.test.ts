import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tagBytes, type Aead } from '../../protocol/noise/aead.ts';
import { aead } from '../../protocol/noise/best-aead.ts';
import { CipherState } from '../../protocol/noise/cipher-state.ts';

const key = Buffer.alloc(32, 9);

test('K3 every seal and every open takes the next nonce, 64 bits little-endian after 32 zero bits', () => {
  const nonces: string[] = [];
  const recording: Aead = {
    ...aead,
    seal(k, nonce, associated, plaintext, out) {
      nonces.push(nonce.toString('hex'));
      aead.seal(k, nonce, associated, plaintext, out);
    },
  };
  const state = new CipherState(key, recording);
  for (let index = 0; index < 258; index++) state.sealWith(Buffer.alloc(0), Buffer.alloc(1));
  assert.equal(nonces[0], '000000000000000000000000');
  assert.equal(nonces[1], '000000000100000000000000');
  assert.equal(nonces[257], '000000000101000000000000');
  assert.equal(new Set(nonces).size, nonces.length);
});

test('K3 the nonce goes on past 2^32, where 32 bits would begin again', () => {
  const nonces: string[] = [];
  const recording: Aead = {
    ...aead,
    seal(k, nonce, associated, plaintext, out) {
      nonces.push(nonce.toString('hex').slice(8));
      aead.seal(k, nonce, associated, plaintext, out);
    },
  };
  const sender = new CipherState(key, recording, 2 ** 32 - 2);
  const receiver = new CipherState(key, aead, 2 ** 32 - 2);
  for (const text of ['a', 'b', 'c', 'd']) {
    const sealed = sender.sealWith(Buffer.alloc(0), Buffer.from(text));
    assert.equal(receiver.openInPlace(sealed)?.toString(), text);
  }
  assert.deepEqual(nonces, ['feffffff00000000', 'ffffffff00000000', '0000000001000000', '0100000001000000']);
});

test('K5 a record that is replayed, skipped or reordered does not open', () => {
  const sender = new CipherState(key);
  const sealed = ['one', 'two', 'three'].map((text) => sender.sealWith(Buffer.alloc(0), Buffer.from(text)));
  const [one, two, three] = sealed as [Buffer, Buffer, Buffer];
  const replayed = new CipherState(key);
  assert.equal(replayed.openInPlace(Buffer.from(one))?.toString(), 'one');
  assert.equal(replayed.openInPlace(Buffer.from(one)), undefined);
  const skipping = new CipherState(key);
  assert.equal(skipping.openInPlace(Buffer.from(two)), undefined);
  const ordered = new CipherState(key);
  assert.equal(ordered.openInPlace(one)?.toString(), 'one');
  assert.equal(ordered.openInPlace(two)?.toString(), 'two');
  assert.equal(ordered.openInPlace(three)?.toString(), 'three');
});

test('sealing leaves the plaintext and what stands around the record alone', () => {
  const plaintext = Buffer.from('plaintext');
  const buffer = Buffer.from(`head${'.'.repeat(plaintext.length + tagBytes)}tail`);
  new CipherState(key).sealInto(plaintext, buffer.subarray(4, 13 + tagBytes));
  assert.equal(plaintext.toString(), 'plaintext');
  assert.equal(buffer.subarray(0, 4).toString(), 'head');
  assert.equal(buffer.subarray(13 + tagBytes).toString(), 'tail');
  assert.equal(new CipherState(key).openInPlace(buffer.subarray(4, 13 + tagBytes))?.toString(), 'plaintext');
});

test('K3 an erased key cannot seal or open again', () => {
  const state = new CipherState(key);
  state.erase();
  assert.throws(() => state.sealWith(Buffer.alloc(0), Buffer.alloc(0)), /erased/);
  assert.throws(() => state.openInPlace(Buffer.alloc(tagBytes)), /erased/);
});
