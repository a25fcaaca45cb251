/** Service tokens and device passes: made and revoked through API and portal, and what connectors are told of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectorSnapshot } from '../../../protocol/snapshot.ts';
import type { MadePass, MyPasses } from '../../../protocol/passes.ts';
import { decodeApiToken, decodeEnrolmentKey, decodePass, hashOfSecret } from '../../../protocol/secrets.ts';
import type { TestNode } from '../support/node.ts';
import { WebBench, webDocument } from './web-bench.ts';

const ciWiki = { name: 'ci-web', allow: { serviceAccounts: ['ci'] }, to: { resources: ['wiki'] } };

function withCi(): ReturnType<typeof webDocument> {
  const document = webDocument();
  return { ...document, policies: [...(document.policies ?? []), ciWiki] };
}

async function passesOf(connector: TestNode, count: number): Promise<ConnectorSnapshot['passes']> {
  const snapshot = await connector.untilSnapshot<ConnectorSnapshot>(
    ({ passes }) => Object.keys(passes ?? {}).length === count,
  );
  return snapshot.passes;
}

test('a service token is told to the connectors as a hash, for one resource, as long as policy allows it', async (t) => {
  const bench = await WebBench.open(t, withCi());
  const connector = await bench.connector();
  const answer = await bench.portal.admin('POST', '/api/v1/passes', {
    name: 'nightly build',
    resource: 'wiki',
    serviceAccount: 'ci',
    expires: '7d',
  });
  assert.equal(answer.statusCode, 201, answer.body);
  const { id, secret } = answer.json<MadePass>();
  const decoded = decodePass(secret);
  assert.equal(decoded?.kind, 'ws');
  const pass = (await passesOf(connector, 1))?.[id];
  assert.equal(pass?.hash, hashOfSecret(decoded.secret));
  assert.equal(pass.kind, 'service');
  assert.equal(pass.who.name, 'ci');
  const weekS = Math.floor(bench.context.now() / 1_000) + 7 * 86_400;
  assert.ok(Math.abs(pass.cav.until - weekS) < 60);
  assert.ok(
    !JSON.stringify(connector.heard).includes(secret.slice(3)),
    'the secret itself is told to nobody',
  );
  await bench.portal.apply(webDocument());
  await passesOf(connector, 0);
  await bench.portal.apply(withCi());
  await passesOf(connector, 1);
  const gone = await bench.portal.admin('DELETE', `/api/v1/passes/${id}`);
  assert.equal(gone.statusCode, 204);
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(id));
  await passesOf(connector, 0);
  assert.deepEqual((await bench.portal.admin('GET', '/api/v1/passes')).json(), []);
  assert.equal((await bench.portal.admin('DELETE', `/api/v1/passes/${id}`)).statusCode, 404);
});

test('a person makes device passes for what they may open, after a fresh sign-in, and revokes their own alone', async (t) => {
  const bench = await WebBench.open(t);
  const connector = await bench.connector();
  const cookie = await bench.cookie();
  const body = { name: 'calendar on my phone', resource: 'wiki' };
  const made = await bench.call(cookie, 'POST', 'me/passes', body);
  assert.equal(made.statusCode, 201, made.body);
  const { id, secret } = made.json<MadePass>();
  assert.equal(decodePass(secret)?.kind, 'dp');
  const pass = (await passesOf(connector, 1))?.[id];
  assert.equal(pass?.who.email, 'alice@acme.example');
  const hidden = await bench.call(cookie, 'POST', 'me/passes', { ...body, resource: 'printer' });
  const nothing = await bench.call(cookie, 'POST', 'me/passes', { ...body, resource: 'nothing' });
  assert.deepEqual([hidden.statusCode, hidden.body], [404, nothing.body]);
  const bob = await bench.cookie('b2', { email: 'bob@acme.example' });
  assert.equal((await bench.call(bob, 'POST', `me/passes/${id}/revoke`)).statusCode, 404);
  const { passes, resources } = (await bench.call(cookie, 'GET', 'me/passes')).json<MyPasses>();
  assert.deepEqual([passes.map(({ name }) => name), resources], [['calendar on my phone'], ['wiki']]);
  assert.equal((await bench.call(cookie, 'POST', `me/passes/${id}/revoke`)).statusCode, 204);
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(id));
  bench.portal.time.ahead += 301_000;
  assert.equal((await bench.call(cookie, 'POST', 'me/passes', body)).statusCode, 409, 'not fresh');
});

test('a pass ends with the groups, the account and the sign-in that it rests on', async (t) => {
  const bench = await WebBench.open(t, withCi());
  const connector = await bench.connector();
  const cookie = await bench.cookie('a1', { amr: ['pwd', 'otp', 'mfa'] });
  await bench.call(cookie, 'POST', 'me/passes', { name: 'folder', resource: 'wiki' });
  await passesOf(connector, 1);
  await bench.cookie('a1', { groups: [] });
  await passesOf(connector, 0);
  await bench.cookie('a1', { groups: ['staff'] });
  const [own] = Object.values((await passesOf(connector, 1)) ?? {});
  const disabled = await bench.portal.admin('POST', `/api/v1/people/${own?.sub ?? ''}/disable`);
  assert.equal(disabled.statusCode, 204, disabled.body);
  await passesOf(connector, 0);
  assert.equal((await bench.portal.admin('POST', `/api/v1/people/${own?.sub ?? ''}/enable`)).statusCode, 204);
  await passesOf(connector, 1);
  const strict = { ...ciWiki, name: 'strong', allow: { groups: ['staff'] }, when: { mfa: '1h' } };
  await bench.portal.apply(webDocument({ policies: [strict] }));
  const limited = await connector.untilSnapshot<ConnectorSnapshot>(({ passes }) => {
    const [pass] = Object.values(passes ?? {});
    return pass !== undefined && pass.cav.until < bench.context.now() / 1_000 + 3_700;
  });
  assert.equal(Object.keys(limited.passes ?? {}).length, 1);
});

test('SEC-A8 a service token, a device pass, an API token and an enrolment key are never taken for each other', async (t) => {
  const bench = await WebBench.open(t, withCi());
  const made = await bench.portal.admin('POST', '/api/v1/passes', {
    name: 'ci',
    resource: 'wiki',
    serviceAccount: 'ci',
  });
  const { secret: service } = made.json<MadePass>();
  const personal = await bench.call(await bench.cookie(), 'POST', 'me/passes', {
    name: 'x',
    resource: 'wiki',
  });
  const { secret: device } = personal.json<MadePass>();
  for (const secret of [service, device]) {
    for (const text of [secret, `at_${secret.slice(3)}`]) {
      assert.equal(decodeApiToken(text), undefined);
      const answer = await bench.portal.app.inject({
        method: 'GET',
        url: '/api/v1/passes',
        headers: { authorization: `Bearer ${text}` },
      });
      assert.equal(answer.statusCode, 401);
    }
    for (const kind of ['pk', 'sk'] as const) assert.equal(decodeEnrolmentKey(kind, secret), undefined);
    const other = secret.startsWith('ws_') ? `dp_${secret.slice(3)}` : `ws_${secret.slice(3)}`;
    assert.equal(decodePass(other), undefined, 'the checksum covers the prefix');
  }
});
