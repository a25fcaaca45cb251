import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { newId, parseId, idKind } from '../../protocol/ids.ts';
import {
  agree,
  agreementKeyFrom,
  newAgreementKey,
  newSigningKey,
  secretBytes,
  sign,
  signingKeyFrom,
  verify,
} from '../../protocol/keys.ts';
import {
  decodeApiToken,
  decodeEnrolmentKey,
  encodeApiToken,
  encodeEnrolmentKey,
  sameText,
} from '../../protocol/secrets.ts';

const key = {
  kind: 'pk',
  root: randomBytes(32),
  secret: randomBytes(32),
  url: 'https://access.acme.example:8443',
} as const;

describe('secrets', () => {
  test('an enrolment key carries where to go and whom to trust', () => {
    const decoded = decodeEnrolmentKey('pk', ` ${encodeEnrolmentKey(key)}\n`);
    assert.deepEqual(decoded, key);
  });

  test('SEC-A8 no kind of secret is read as another', () => {
    assert.equal(decodeEnrolmentKey('sk', encodeEnrolmentKey(key)), undefined);
    assert.equal(decodeEnrolmentKey('sk', encodeEnrolmentKey(key).replace('pk_', 'sk_')), undefined);
    assert.equal(decodeApiToken(encodeEnrolmentKey(key)), undefined);
    assert.equal(
      decodeEnrolmentKey('pk', encodeApiToken({ kind: 'at', secret: randomBytes(32) })),
      undefined,
    );
  });

  test('SEC-G5 one changed, missing, added or padded character is noticed', () => {
    const text = encodeApiToken({ kind: 'at', secret: randomBytes(32) });
    assert.ok(decodeApiToken(text));
    for (let index = 3; index < text.length; index++) {
      const flipped = text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1);
      assert.equal(decodeApiToken(flipped), undefined, `at ${index}`);
    }
    for (const wrong of [text.slice(0, -1), `${text}A`, `${text}=`, `${text}==`, text.toUpperCase()]) {
      assert.equal(decodeApiToken(wrong), undefined);
    }
  });

  test('SEC-K4 texts are compared in full', () => {
    assert.equal(sameText('abc', 'abc'), true);
    assert.equal(sameText('abc', 'abd'), false);
    assert.equal(sameText('abc', 'ab'), false);
  });
});

describe('ids', () => {
  test('are a kind and 26 characters, and nothing else parses', () => {
    const id = newId('dev', randomBytes(16));
    assert.match(id, /^dev_[0-9a-hjkmnp-tv-z]{26}$/);
    assert.equal(parseId('dev', id), id);
    assert.equal(idKind(id), 'dev');
    for (const wrong of [id.toUpperCase(), `${id}0`, id.slice(0, -1), `net${id.slice(3)}x`, `${id}\n`, 7]) {
      assert.equal(parseId('dev', wrong), undefined);
    }
    assert.equal(parseId('net', id), undefined);
  });

  test('differ for every random value', () => {
    const zero = newId('res', Buffer.alloc(16));
    assert.equal(zero, `res_${'0'.repeat(26)}`);
    assert.notEqual(newId('res', Buffer.alloc(16, 255)), zero);
    assert.notEqual(newId('res', Buffer.from('00'.repeat(15) + '01', 'hex')), zero);
  });
});

describe('keys', () => {
  test('survive being stored', () => {
    const signing = newSigningKey();
    assert.deepEqual(signingKeyFrom(secretBytes(signing)).publicKey, signing.publicKey);
    const agreement = newAgreementKey();
    assert.deepEqual(agreementKeyFrom(secretBytes(agreement)).publicKey, agreement.publicKey);
  });

  test('a signature for one use is none for another', () => {
    const signer = newSigningKey();
    const fields = [Buffer.from('challenge')];
    const signature = sign(signer, 'control', fields);
    assert.equal(verify(signer.publicKey, 'control', fields, signature), true);
    assert.equal(verify(signer.publicKey, 'enrol', fields, signature), false);
    assert.equal(verify(newSigningKey().publicKey, 'control', fields, signature), false);
    assert.equal(verify(signer.publicKey, 'control', fields, signature.subarray(1)), false);
  });

  test('K2 a low-order point gives no agreement', () => {
    const own = newAgreementKey();
    assert.equal(agree(own, Buffer.alloc(32)), undefined);
    const one = Buffer.alloc(32);
    one[0] = 1;
    assert.equal(agree(own, one), undefined);
  });
});
