import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { CompactSign } from 'jose';
import { newId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import {
  signCard,
  signGrant,
  signTicket,
  tokenSigner,
  verifyCard,
  verifyGrant,
  verifyTicket,
  type Grant,
  type Ticket,
  type TokenSigner,
} from '../../protocol/tokens.ts';
import { sampleCard } from '../support/sample-card.ts';

const nowS = 1_800_000_000;
const root = await tokenSigner(newSigningKey());
const signer = await tokenSigner(newSigningKey());
const device = newAgreementKey();
const network = newId('net', randomBytes(16));
const org = newId('org', randomBytes(16));

const card = sampleCard(signer, nowS);
const ticket: Ticket = {
  iss: card.iss,
  jti: newId('tok', randomBytes(16)),
  org,
  sub: newId('dev', randomBytes(16)),
  role: 'client',
  mk: encodeKey(newSigningKey().publicKey),
  meet: [network],
  out: 3_600,
  iat: nowS,
  exp: nowS + 3_600,
};
const grant: Grant = {
  iss: card.iss,
  aud: network,
  jti: newId('tok', randomBytes(16)),
  org,
  sub: newId('usr', randomBytes(16)),
  dev: newId('dev', randomBytes(16)),
  ses: newId('ses', randomBytes(16)),
  nk: encodeKey(device.publicKey),
  who: { name: 'Alice', groups: [] },
  cav: [{ until: nowS + 600, out: 3_600 }],
  res: { [newId('res', randomBytes(16))]: 0 },
  iat: nowS,
  exp: nowS + 3_600,
};
const expected = { network, nodeKey: device.publicKey };

/** What the controller could sign and never does. */
function signed(by: TokenSigner, typ: string, claims: object): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', kid: by.kid, typ })
    .sign(by.key.privateKey);
}

describe('tokens', () => {
  test('each verifies to what was signed', async () => {
    assert.deepEqual(
      (await verifyCard(await signCard(root, card), root.key.publicKey, nowS))?.keys,
      card.keys,
    );
    const openedTicket = await verifyTicket(await signTicket(signer, ticket), card, nowS);
    assert.equal(openedTicket?.mk, ticket.mk);
    const openedGrant = await verifyGrant(await signGrant(signer, grant), card, expected, nowS);
    assert.deepEqual(openedGrant?.res, grant.res);
  });

  test('SEC-A8 no token passes for one of another kind', async () => {
    const [aCard, aTicket, aGrant] = [
      await signCard(root, card),
      await signTicket(signer, ticket),
      await signGrant(signer, grant),
    ];
    for (const other of [aTicket, aGrant])
      assert.equal(await verifyCard(other, signer.key.publicKey, nowS), undefined);
    for (const other of [aCard, aGrant]) assert.equal(await verifyTicket(other, card, nowS), undefined);
    for (const other of [aCard, aTicket])
      assert.equal(await verifyGrant(other, card, expected, nowS), undefined);
  });

  test('SEC-A8 a ticket is for relays, and a card names each key by its own thumbprint', async () => {
    const { mk, ...claims } = ticket;
    const ticketFor = async (aud: string): Promise<unknown> =>
      verifyTicket(await signed(signer, 'postern-ticket+jwt', { ...claims, aud, cnf: { mk } }), card, nowS);
    assert.ok(await ticketFor('relay'));
    assert.equal(await ticketFor(network), undefined);

    const x = encodeKey(signer.key.publicKey);
    const cardWith = async (kid: string): Promise<unknown> => {
      const keys = { keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid }] };
      return verifyCard(await signed(root, 'postern-card+jwt', { ...card, keys }), root.key.publicKey, nowS);
    };
    assert.ok(await cardWith(signer.kid));
    assert.equal(await cardWith(root.kid), undefined);
  });

  test('a token is what jose makes of the same claims, each time the same', async () => {
    const token = await signGrant(signer, grant);
    const [header = '', claims = ''] = token.split('.');
    const made = await new CompactSign(Buffer.from(claims, 'base64url'))
      .setProtectedHeader(JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string })
      .sign(signer.key.privateKey);
    assert.equal(token, made);
    assert.equal(await signGrant(signer, grant), token);
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      alg: 'EdDSA',
      kid: signer.kid,
      typ: 'postern-grant+jwt',
    });
  });

  test('a grant is good for its network, its key and its time, and for nothing else', async () => {
    const token = await signGrant(signer, grant);
    const other = newId('net', randomBytes(16));
    assert.equal(await verifyGrant(token, card, { ...expected, network: other }, nowS), undefined);
    const foreign = { ...expected, nodeKey: newAgreementKey().publicKey };
    assert.equal(await verifyGrant(token, card, foreign, nowS), undefined);
    assert.equal(
      await verifyGrant(token, { ...card, iss: 'https://evil.example' }, expected, nowS),
      undefined,
    );
    assert.equal(await verifyGrant(token, { ...card, keys: {} }, expected, nowS), undefined);
    assert.ok(await verifyGrant(token, card, expected, nowS + 3_605));
    assert.equal(await verifyGrant(token, card, expected, nowS + 3_606), undefined);
    assert.ok(await verifyGrant(token, card, expected, nowS - 5));
    assert.equal(await verifyGrant(token, card, expected, nowS - 6), undefined);
  });

  test('SEC-G5 a changed, cut, extended or padded token is refused', async () => {
    const token = await signGrant(signer, grant);
    for (let index = 0; index < token.length; index += 7) {
      const flipped = token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1);
      assert.equal(await verifyGrant(flipped, card, expected, nowS), undefined, `at ${index}`);
    }
    for (const wrong of [
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token}.`,
      `.${token}`,
      ` ${token}`,
      '',
    ]) {
      assert.equal(await verifyGrant(wrong, card, expected, nowS), undefined);
    }
  });

  test('SEC-G5 a header with anything besides alg, kid and typ is refused', async () => {
    const payload = Buffer.from(JSON.stringify({ ...grant, cnf: { nk: grant.nk } }));
    const typ = 'postern-grant+jwt';
    const header = { alg: 'EdDSA', kid: signer.kid, typ };
    const signWith = (extra: object): Promise<string> =>
      new CompactSign(payload).setProtectedHeader({ ...header, ...extra }).sign(signer.key.privateKey);
    assert.ok(await verifyGrant(await signWith({}), card, expected, nowS));
    for (const extra of [
      { jku: 'https://evil.example' },
      { x5u: 'https://evil.example' },
      { cty: 'x' },
      { typ: 'JWT' },
    ]) {
      assert.equal(await verifyGrant(await signWith(extra), card, expected, nowS), undefined);
    }
    const none = `${Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')}.${payload.toString('base64url')}.`;
    assert.equal(await verifyGrant(none, card, expected, nowS), undefined);
  });

  test('SEC-D5 a token that is packed, or larger than any of ours, is refused, though rightly signed', async () => {
    const claims = { ...grant, cnf: { nk: grant.nk } };
    const header = { alg: 'EdDSA', kid: signer.kid, typ: 'postern-grant+jwt' };
    const signed = (payload: Buffer, extra: object = {}): Promise<string> =>
      new CompactSign(payload).setProtectedHeader({ ...header, ...extra }).sign(signer.key.privateKey);
    const plain = Buffer.from(JSON.stringify(claims));
    assert.ok(await verifyGrant(await signed(plain), card, expected, nowS));
    const packed = [await signed(deflateRawSync(plain), { zip: 'DEF' }), await signed(deflateRawSync(plain))];
    for (const token of [...packed, await signed(plain, { zip: 'DEF' })])
      assert.equal(await verifyGrant(token, card, expected, nowS), undefined);
    for (const bytes of [17_000, 65_537, 1_000_000]) {
      const large = Buffer.from(JSON.stringify({ ...claims, more: 'x'.repeat(bytes) }));
      assert.equal(await verifyGrant(await signed(large), card, expected, nowS), undefined, String(bytes));
    }
  });
});
