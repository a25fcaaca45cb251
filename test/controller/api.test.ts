import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildApp } from '../../controller/api/app.ts';
import type { Caller } from '../../controller/api/callers.ts';
import { Discovery } from '../../protocol/discovery.ts';
import { newId } from '../../protocol/ids.ts';
import { decodeKey } from '../../protocol/keys.ts';
import { decodeEnrolmentKey, encodeApiToken } from '../../protocol/secrets.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { verifyCard } from '../../protocol/tokens.ts';
import { Compile } from 'typebox/compile';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';

const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

test('SEC-A8: nothing but an unexpired API token of this controller is taken as one', async (t) => {
  const controller = await testController(t);
  const { app, context, time } = controller;
  const admin = await controller.token('admin');
  await app.inject({
    method: 'PUT',
    url: '/api/v1/document',
    headers: bearer(admin),
    payload: acmeDocument(),
  });
  const keyFor = async (purpose: string, name: string): Promise<string> =>
    (
      await app.inject({
        method: 'POST',
        url: '/api/v1/enrolment-keys',
        headers: bearer(admin),
        payload: { purpose, name },
      })
    ).json<{ key: string }>().key;
  const { token: card } = await context.card();
  const wrong = [
    await keyFor('connector', 'hq'),
    await keyFor('service', 'ci'),
    await keyFor('relay', 'r1'),
    card,
    encodeApiToken({ kind: 'at', secret: systemRandom(32) }),
    admin.slice(0, -1),
    `${admin}A`,
    admin.toUpperCase(),
    '',
    `${admin} ${admin}`,
  ];
  for (const text of wrong) {
    const answer = await app.inject({ url: '/api/v1/networks', headers: bearer(text) });
    assert.equal(answer.statusCode, 401, text);
  }
  const basic = await app.inject({ url: '/api/v1/networks', headers: { authorization: `Basic ${admin}` } });
  assert.equal(basic.statusCode, 401);
  const fine = await app.inject({ url: '/api/v1/networks', headers: bearer(admin) });
  assert.equal(fine.statusCode, 200);

  const { createApiToken } = await import('../../controller/api-tokens.ts');
  const short = await createApiToken(context.organisation(context.firstOrganisation).store, 'admin', {
    nowMs: time.ms,
    random: systemRandom,
    who: 'test',
    expiresMs: time.ms + 1_000,
  });
  assert.equal((await app.inject({ url: '/api/v1/networks', headers: bearer(short.text) })).statusCode, 200);
  time.ms += 1_000;
  assert.equal((await app.inject({ url: '/api/v1/networks', headers: bearer(short.text) })).statusCode, 401);
});

test('SEC-J2: a browser changes something only from our own pages', async (t) => {
  const { context } = await testController(t);
  const caller: Caller = {
    kind: 'person',
    organisation: context.firstOrganisation,
    session: newId('ses', systemRandom(16)),
    person: newId('usr', systemRandom(16)),
    role: undefined,
    authMs: null,
  };
  const app = await buildApp({
    context,
    authenticators: [async () => caller],
    register: async (scope) => {
      scope.route({
        method: ['GET', 'POST'],
        url: '/mine',
        config: { access: ['person'] },
        handler: async () => ({ ok: true }),
      });
    },
  });
  const { origin } = context.publicUrl;
  const post = async (headers: Record<string, string>): Promise<number> =>
    (await app.inject({ method: 'POST', url: '/mine', headers, payload: {} })).statusCode;
  assert.equal((await app.inject({ url: '/mine' })).statusCode, 200);
  assert.equal(await post({ origin }), 200);
  assert.equal(await post({ origin, 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await post({}), 403);
  assert.equal(await post({ origin: 'https://evil.example' }), 403);
  assert.equal(await post({ origin, 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await post({ origin: 'null' }), 403);
  await app.close();
});

test('SEC-C4: a body that is not declared as JSON is refused', async (t) => {
  const controller = await testController(t);
  const token = await controller.token('admin');
  for (const type of [
    'text/plain',
    'application/json\ta',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json, text/plain',
    'application/json/extra',
    'application/vnd.api+json',
    'multipart/form-data; boundary=application/json',
    'text/json',
    'text/plain; application/json',
    'json',
    '*/*',
    ';application/json',
  ]) {
    const answer = await controller.app.inject({
      method: 'PUT',
      url: '/api/v1/document',
      headers: { ...bearer(token), 'content-type': type },
      payload: JSON.stringify(acmeDocument()),
    });
    assert.equal(answer.statusCode, 415, type);
  }
});

test('discovery gives a card that the root signed', async (t) => {
  const { app, context, time } = await testController(t, { builtInAuthority: true });
  const answer = await app.inject({ url: '/.well-known/postern-configuration' });
  assert.equal(answer.statusCode, 200);
  const discovery = answer.json<Discovery>();
  assert.ok(Compile(Discovery).Check(discovery));
  const root = decodeKey(discovery.root);
  assert.ok(root !== undefined);
  const card = await verifyCard(discovery.card, root, time.ms / 1_000);
  assert.equal(card?.iss, 'https://access.acme.example:8443');
  assert.equal(card?.tls.length, 1);
  assert.equal(card?.tls[0], context.authority?.pem);
});

test('an enrolment key carries the root and the address of its controller, and is not kept', async (t) => {
  const controller = await testController(t);
  const token = await controller.token('admin');
  await controller.app.inject({
    method: 'PUT',
    url: '/api/v1/document',
    headers: bearer(token),
    payload: acmeDocument(),
  });
  const make = (payload: object) =>
    controller.app.inject({ method: 'POST', url: '/api/v1/enrolment-keys', headers: bearer(token), payload });
  const made = await make({ purpose: 'connector', name: 'hq' });
  assert.equal(made.statusCode, 201);
  const key = decodeEnrolmentKey('pk', made.json<{ key: string }>().key);
  assert.equal(key?.url, 'https://access.acme.example:8443');
  assert.deepEqual(key?.root, controller.context.keys.root.key.publicKey);
  const unknown = await make({ purpose: 'connector', name: 'nowhere' });
  assert.equal(unknown.statusCode, 404);
  assert.match(unknown.json<{ detail: string }>().detail, /no network "nowhere"\. Declared: hq, lab/);
  const invalid = await make({ purpose: 'connecter', name: 'hq', more: 1 });
  assert.equal(invalid.statusCode, 400);
  const { issues } = invalid.json<{ issues: { path: string[]; message: string }[] }>();
  assert.deepEqual(issues.map(({ path }) => path.join('.')).toSorted(), ['more', 'purpose']);
});

test('a controller is ready until it drains, and lives on meanwhile', async (t) => {
  const { app, context } = await testController(t);
  const status = async (path: string): Promise<number> => (await app.inject(path)).statusCode;
  assert.equal(await status('/readyz'), 200);
  context.isLeaving = true;
  assert.equal(await status('/readyz'), 503);
  assert.equal(await status('/livez'), 200);
});
