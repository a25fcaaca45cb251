import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEmail, parseEmailPattern, patternsFor } from '../../protocol/email-address.ts';

test('SEC-A4 an address has one reading or none: several @, quotes, other scripts, NUL, case and dots', () => {
  assert.equal(parseEmail('pat@customer.example'), 'pat@customer.example');
  assert.equal(parseEmail('Pat.O+x@Customer.EXAMPLE'), 'pat.o+x@customer.example');
  for (const text of [
    'a@evil@customer.example',
    '"a@evil.example"@customer.example',
    '"pat"@customer.example',
    'pat@customer.example.',
    'pat@customer.example\0',
    'pat\0@customer.example',
    'pat@customer.example\n',
    'pat@customer.example\r\nBcc: eve@evil.example',
    ' pat@customer.example',
    'pat@cüstomer.example',
    'pat@ｃustomer.example',
    'pät@customer.example',
    'pat@customer。example',
    'pat@[192.0.2.1]',
    'pat@192.0.2.1',
    'pat@localhost',
    'pat@-customer.example',
    'pat@customer..example',
    'pat@.customer.example',
    '.pat@customer.example',
    'pat.@customer.example',
    'pat..x@customer.example',
    'pat(comment)@customer.example',
    'pat<eve@evil.example>@customer.example',
    'pat@customer.example,eve@evil.example',
    'pat@customer.example;eve@evil.example',
    'pat%evil.example@customer.example@evil.example',
    'pat@customer.example>',
    '*@customer.example@evil.example',
    `${'a'.repeat(65)}@customer.example`,
    `pat@${'a'.repeat(250)}.example`,
    'pat',
    '@customer.example',
    'pat@',
    '',
  ])
    assert.equal(parseEmail(text), undefined, JSON.stringify(text));
});

test('SEC-A4 a domain is exactly that domain, neither what ends with it nor what lies below it', () => {
  const isMeant = (pattern: string, address: string): boolean => {
    const email = parseEmail(address);
    const parsed = parseEmailPattern(pattern);
    return email !== undefined && parsed !== undefined && [...patternsFor(email)].includes(parsed);
  };
  assert.ok(isMeant('*@Customer.example', 'pat@customer.EXAMPLE'));
  assert.ok(isMeant('pat@customer.example', 'PAT@customer.example'));
  for (const address of [
    'pat@evilcustomer.example',
    'pat@sub.customer.example',
    'pat@customer.example.evil.example',
  ])
    assert.ok(!isMeant('*@customer.example', address), address);
  for (const pattern of [
    '*',
    '*@',
    '*@*',
    '*@*.example',
    '**@customer.example',
    'p*@customer.example',
    '@customer.example',
  ])
    assert.equal(parseEmailPattern(pattern), undefined, pattern);
});

test('what is read as an address is ASCII, has one @, and reads the same again', () => {
  const texts = fc.oneof(
    fc.emailAddress(),
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `a@${text}.example`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const email = parseEmail(text);
      if (email === undefined) return;
      assert.match(email, /^[\x21-\x3f\x41-\x7e]+@[a-z0-9._-]+$/);
      assert.equal(parseEmail(email), email);
    }),
  );
});
