/**
 * SEC-G11: what is revoked is named by ids (of a token, a session, a device, a person), never by a signature or a hash, so
 * that no other form of the same token comes back; and of one signature there is only one form.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrantBook } from '../../connector/flows/grant-book.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { idKind, newId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey, sign, verify } from '../../protocol/keys.ts';
import { Lease } from '../../protocol/lease.ts';
import { signGrant, tokenSigner, verifyGrant, type Grant } from '../../protocol/tokens.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testController } from '../controller/support/controller.ts';
import { TestNode } from '../controller/support/node.ts';
import { sampleCard } from '../support/sample-card.ts';

/** The order of the group (RFC 8032 section 5.1), little-endian in a signature. */
const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n);

function toLittleEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(32);
  for (let at = 0, rest = value; at < 32; at++, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return bytes;
}

/** Other signatures that a lax verifier would take for the same. */
function variants(signature: Buffer): Record<string, Buffer> {
  const [r, s] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
  const with_ = (next: bigint): Buffer => Buffer.concat([r, toLittleEndian(next)]);
  const flipped = Buffer.from(signature);
  flipped[31] = (flipped[31] ?? 0) ^ 0x80;
  return {
    's + L': with_(s + order),
    's + 2 L': with_(s + 2n * order),
    's + 3 L': with_(s + 3n * order),
    'L - s': with_(order - s),
    'the sign of R': flipped,
    'the identity as R': Buffer.concat([toLittleEndian(1n), signature.subarray(32)]),
    'all zero': Buffer.alloc(64),
    'one byte more': Buffer.concat([signature, Buffer.alloc(1)]),
    'one byte less': signature.subarray(0, 63),
  };
}

test('SEC-G11 a signature has one form: proofs and tokens with any other are refused', async () => {
  const key = newSigningKey();
  const fields = [Buffer.from('what is signed')];
  const signature = sign(key, 'control', fields);
  assert.equal(verify(key.publicKey, 'control', fields, signature), true);
  for (const [name, other] of Object.entries(variants(signature)))
    assert.equal(verify(key.publicKey, 'control', fields, other), false, name);
  // Keys of small order prove nothing for anybody.
  for (const small of [Buffer.alloc(32), toLittleEndian(1n), toLittleEndian(2n ** 255n - 20n)])
    assert.equal(
      verify(small, 'control', fields, Buffer.concat([toLittleEndian(1n), Buffer.alloc(32)])),
      false,
    );

  const { grant, card, expected, nowS } = await world();
  assert.ok(await verifyGrant(grant, card, expected, nowS));
  const [head = '', body = '', text = ''] = grant.split('.');
  for (const [name, other] of Object.entries(variants(Buffer.from(text, 'base64url'))))
    assert.equal(
      await verifyGrant(`${head}.${body}.${other.toString('base64url')}`, card, expected, nowS),
      undefined,
      name,
    );
  for (const form of [
    `${grant}=`,
    `${grant}==`,
    ` ${grant}`,
    `${grant}\n`,
    `${head}.${body}.${text.replaceAll('-', '+').replaceAll('_', '/')}=`,
  ])
    assert.equal(await verifyGrant(form, card, expected, nowS), undefined, JSON.stringify(form));
});

async function world(change: Partial<Grant> = {}) {
  const signer = await tokenSigner(newSigningKey());
  const device = newAgreementKey();
  const nowS = 1_800_000_000;
  const id = <K extends 'net' | 'res' | 'tok' | 'ses' | 'dev' | 'usr' | 'org'>(kind: K) =>
    newId(kind, systemRandom(16));
  const [network, resource] = [id('net'), id('res')];
  const card = sampleCard(signer, nowS, 86_400);
  const claims: Grant = {
    iss: card.iss,
    aud: network,
    jti: id('tok'),
    org: id('org'),
    sub: id('usr'),
    dev: id('dev'),
    ses: id('ses'),
    nk: encodeKey(device.publicKey),
    who: { name: 'Alice', groups: [] },
    cav: [{ until: nowS + 600, out: 3_600 }],
    res: { [resource]: 0 },
    iat: nowS,
    exp: nowS + 3_600,
    ...change,
  };
  return {
    signer,
    card,
    claims,
    resource,
    nowS,
    grant: await signGrant(signer, claims),
    expected: { network, nodeKey: device.publicKey },
  };
}

test('SEC-G11 what is revoked stays so in every other signature and every other token of the same session, device or person', async () => {
  for (const field of ['jti', 'ses', 'dev', 'sub'] as const) {
    const { signer, card, claims, resource, expected, nowS } = await world();
    const lease = new Lease(() => nowS * 1_000);
    lease.beat(1);
    const book = new GrantBook(lease);
    book.show(await signGrant(signer, claims), card, expected);
    await book.settled;
    assert.equal(typeof book.cover(resource, 'tcp', 80), 'object');
    lease.revoke({ epoch: 2, ids: [claims[field]], reason: 'removed' });
    assert.equal(book.cover(resource, 'tcp', 80), 'revoked');
    // The same claims signed a second later: another signature, another hash.
    const again = { ...claims, iat: nowS - 1, exp: nowS + 3_000 };
    book.show(await signGrant(signer, again), card, expected);
    await book.settled;
    assert.equal(book.cover(resource, 'tcp', 80), 'revoked', field);
    const fresh = {
      ...claims,
      [field]: newId(
        field === 'jti' ? 'tok' : field === 'ses' ? 'ses' : field === 'dev' ? 'dev' : 'usr',
        systemRandom(16),
      ),
    };
    const other = new GrantBook(lease);
    other.show(await signGrant(signer, fresh), card, expected);
    await other.settled;
    assert.equal(typeof other.cover(resource, 'tcp', 80), 'object', `${field}: another one is not touched`);
  }
});

test('SEC-G11 whatever takes a right away names ids and nothing else', async (t) => {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const join = async (): Promise<TestNode> => {
    const device = await TestNode.enrolled(controller, 'device');
    await device.until((message) => message.t === 'grants' && message.list.length > 0);
    return device;
  };
  const [blocked, removed, signedOut] = [await join(), await join(), await join()];
  const connector = await TestNode.enrolled(controller, 'connector');
  await join();
  await controller.call('POST', `/api/v1/devices/${blocked.id}/block`);
  await controller.call('DELETE', `/api/v1/devices/${removed.id}`);
  signedOut.send({ t: 'logout' });
  await signedOut.until(({ t: type }) => type === 'patch');
  const narrowed = { ...acmeDocument(), policies: acmeDocument().policies?.slice(0, 1) ?? [] };
  assert.equal((await controller.call('PUT', '/api/v1/document', narrowed)).statusCode, 200);
  await controller.call('DELETE', `/api/v1/connectors/${connector.id}`);
  const accounts = (await controller.call('GET', '/api/v1/service-accounts')).json<{ id: string }[]>();
  await controller.call('POST', `/api/v1/service-accounts/${accounts[0]?.id}/disable`);

  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const rows = await store.select('revocations').selectAll().execute();
  const reasons = new Set(rows.map(({ reason }) => reason));
  for (const reason of ['blocked', 'removed', 'logout', 'policy', 'disabled'])
    assert.ok(reasons.has(reason), reason);
  for (const { ids } of rows)
    for (const name of JSON.parse(ids) as string[])
      assert.ok(
        name.split('/').every((part) => idKind(part) !== undefined),
        name,
      );
});
