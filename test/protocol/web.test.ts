/** The web session token: verified whole by exact type and audience, and never taken for another token or another for it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { CompactSign } from 'jose';
import { newId } from '../../protocol/ids.ts';
import { encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import type { Name } from '../../protocol/names.ts';
import {
  signCard,
  signGrant,
  signTicket,
  tokenSigner,
  verifyCard,
  verifyGrant,
  verifyTicket,
} from '../../protocol/tokens.ts';
import { signWebSession, verifyWebSession, type WebSession } from '../../protocol/web.ts';
import { sampleCard } from '../support/sample-card.ts';

const nowS = 1_800_000_000;
const id = randomBytes;
const signer = await tokenSigner(newSigningKey());
const device = newAgreementKey();
const card = sampleCard(signer, nowS);
const network = newId('net', id(16));
const session: WebSession = {
  iss: card.iss,
  aud: 'wiki.acme.example' as Name,
  jti: newId('tok', id(16)),
  org: newId('org', id(16)),
  net: network,
  res: newId('res', id(16)),
  sub: newId('usr', id(16)),
  ses: newId('ses', id(16)),
  ch: 'c'.repeat(43),
  who: { name: 'Alice', groups: ['staff'] },
  amr: ['pwd'],
  cav: { until: nowS + 600, out: 3_600 },
  iat: nowS,
  exp: nowS + 600,
};
const expected = { network, serves: (host: Name) => (host as string) === 'wiki.acme.example' };
const verify = (token: string, at = nowS): Promise<WebSession | undefined> =>
  verifyWebSession(token, card, expected, at);

describe('web sessions', () => {
  test('one that is in order is read as it was signed', async () => {
    assert.deepEqual(await verify(await signWebSession(signer, session)), session);
  });

  test('SEC-G5 one of another controller, network, hostname, key or time is refused', async () => {
    const changes: readonly object[] = [
      { iss: 'https://other.acme.example' },
      { net: newId('net', id(16)) },
      { aud: 'git.acme.example' },
      { aud: 'WIKI.acme.example' },
      { aud: ['wiki.acme.example'] },
      { aud: '*.acme.example' },
      { ch: 'c'.repeat(42) },
      { ch: undefined },
      { jti: newId('ses', id(16)) },
      { sub: newId('svc', id(16)) },
      { ses: 'somebody' },
      { res: network },
      { cav: undefined },
      { cav: { until: 'never', out: 0 } },
      { who: null },
      { exp: nowS - 6 },
      { iat: nowS + 6 },
    ];
    for (const change of changes)
      assert.equal(
        await verify(await signWebSession(signer, { ...session, ...change })),
        undefined,
        JSON.stringify(change),
      );
    const stranger = await tokenSigner(newSigningKey());
    assert.equal(await verify(await signWebSession(stranger, session)), undefined);
  });

  test('SEC-A8 no other token is taken for it, and it for no other', async () => {
    const { iat, exp, iss, org } = session;
    const mk = encodeKey(newSigningKey().publicKey);
    const others = [
      await signCard(signer, card),
      await signTicket(signer, {
        iss,
        org,
        iat,
        exp,
        jti: session.jti,
        sub: newId('con', id(16)),
        role: 'connector',
        mk,
        meet: [network],
        hosts: ['wiki.acme.example'],
        out: 0,
      }),
      await signGrant(signer, {
        iss,
        org,
        iat,
        exp,
        aud: network,
        jti: session.jti,
        sub: session.sub,
        dev: newId('dev', id(16)),
        ses: session.ses,
        nk: encodeKey(device.publicKey),
        who: session.who,
        cav: [session.cav],
        res: { [session.res]: 0 },
      }),
    ];
    for (const token of others) assert.equal(await verify(token), undefined);
    const own = await signWebSession(signer, session);
    assert.equal(await verifyCard(own, signer.key.publicKey, nowS), undefined);
    assert.equal(await verifyTicket(own, card, nowS), undefined);
    assert.equal(await verifyGrant(own, card, { network, nodeKey: device.publicKey }, nowS), undefined);
    for (const typ of ['postern-grant+jwt', 'postern-ticket+jwt', 'postern-assertion+jwt', 'JWT']) {
      const token = await new CompactSign(Buffer.from(JSON.stringify(session)))
        .setProtectedHeader({ alg: 'EdDSA', kid: signer.kid, typ })
        .sign(signer.key.privateKey);
      assert.equal(await verify(token), undefined, typ);
    }
  });
});
