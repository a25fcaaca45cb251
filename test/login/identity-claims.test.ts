/** Reading who signed in from claims that may be wrong or hostile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readIdentity } from '../../controller/login/identity-claims.ts';

const read = (idToken: object, userInfo: object = {}, claim = 'groups') =>
  readIdentity({ sub: 's1', ...idToken }, { ...userInfo }, claim);

test('SEC-G1 an address counts only with email_verified true from the same source', () => {
  const email = 'Alice@Acme.example';
  assert.equal(read({ email, email_verified: true }).email, 'alice@acme.example');
  for (const verified of [undefined, false, 'true', 1, 'yes']) {
    assert.equal(read({ email, email_verified: verified }).email, undefined);
  }
  assert.equal(read({ email }, { email_verified: true }).email, undefined);
  assert.equal(read({}, { email, email_verified: true }).email, 'alice@acme.example');
  assert.equal(read({ email }, { email: 'other@acme.example', email_verified: true }).email, undefined);
});

test('SEC-A4 an address that two readers could understand differently is none', () => {
  for (const email of [
    'a@evil@corp.example',
    '"a@b"@corp.example',
    'a@corp.example.',
    'a@corp',
    'a b@corp.example',
    'a@corp.example\u0000.evil.example',
    'a@\u0441orp.example',
    '@corp.example',
    `${'a'.repeat(65)}@corp.example`,
    'a@corp.example\n',
    'a@[127.0.0.1]',
    '',
    7,
    ['a@corp.example'],
  ]) {
    assert.equal(read({ email, email_verified: true }).email, undefined, JSON.stringify(email));
  }
});

test('groups come from the claim the document names, as a list or as one value', () => {
  assert.deepEqual(read({ groups: ['staff', 'staff', 'sre', 7, '', null] }).groups, ['staff', 'sre']);
  assert.deepEqual(read({ groups: 'staff' }).groups, ['staff']);
  assert.deepEqual(read({}, { groups: ['staff'] }).groups, ['staff']);
  assert.deepEqual(read({ groups: { staff: true } }).groups, []);
  assert.deepEqual(read({ groups: ['staff'] }, {}, 'roles').groups, []);
  assert.deepEqual(read({ groups: ['staff'] }, {}, 'constructor').groups, []);
  assert.deepEqual(readIdentity({ sub: 's1', groups: ['staff'] }, {}, undefined).groups, []);
  assert.equal(
    read({ groups: Array.from({ length: 5_000 }, (_, index) => `g${index}`) }).groups.length,
    1_000,
  );
});

test('when and how somebody authenticated is read only in its proper form', () => {
  assert.equal(read({ auth_time: 1_700_000_000 }).authMs, 1_700_000_000_000);
  for (const wrong of [undefined, '1700000000', -1, null])
    assert.equal(read({ auth_time: wrong }).authMs, undefined);
  assert.deepEqual(read({ amr: ['pwd', 'otp'] }).amr, ['pwd', 'otp']);
  assert.deepEqual(read({ amr: 'mfa' }).amr, ['mfa']);
  assert.deepEqual(read({ amr: { mfa: true } }).amr, []);
});

test('a person always has a name to show, of bounded length', () => {
  assert.equal(read({ name: 'Alice' }).name, 'Alice');
  assert.equal(read({ name: '  ' }, { preferred_username: 'al' }).name, 'al');
  assert.equal(read({ email: 'a@corp.example', email_verified: true }).name, 'a@corp.example');
  assert.equal(read({}).name, 's1');
  assert.equal(read({ name: 'x'.repeat(10_000) }).name.length, 256);
});
