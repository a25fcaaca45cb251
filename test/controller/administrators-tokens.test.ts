/** API tokens through the API: made, listed, given another role, deleted; and what a token that was taken away still does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { buildApp } from '../../controller/api/app.ts';
import { login } from '../../controller/login/login.ts';
import { recordSignIn } from '../../controller/login/record-sign-in.ts';
import { decodeApiToken, hashOfSecret } from '../../protocol/secrets.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { inFlight } from './support/in-flight.ts';

interface Entry {
  id: string;
  name: string;
  role: string;
  created: string;
  createdBy: string;
  expires: string | null;
  lastUsed: string | null;
  current: boolean;
}

async function tokens(controller: TestController): Promise<Entry[]> {
  return (await controller.call('GET', '/api/v1/tokens')).json<Entry[]>();
}

async function make(controller: TestController, body: object): Promise<{ id: string; token: string }> {
  const answer = await controller.call('POST', '/api/v1/tokens', body);
  assert.equal(answer.statusCode, 201, answer.body);
  return answer.json();
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('a token has a name, a role, an end and a last use, and its text is kept nowhere', async (t) => {
  const controller = await testController(t);
  const { app, time, context } = controller;
  const made = await make(controller, { role: 'auditor', name: 'backup', expires: '2h' });
  const entry = async () => (await tokens(controller)).find(({ id }) => id === made.id);
  const before = await entry();
  assert.equal(before?.name, 'backup');
  assert.equal(before.role, 'auditor');
  assert.equal(before.lastUsed, null);
  assert.equal(before.current, false);
  assert.equal(before.expires, new Date(time.ms + 7_200_000).toISOString());
  assert.match(before.createdBy, /^token tok_/);

  await app.inject({ url: '/api/v1/devices', headers: bearer(made.token) });
  const used = new Date(time.ms).toISOString();
  assert.equal((await entry())?.lastUsed, used);
  await time.pass(59_000);
  await app.inject({ url: '/api/v1/devices', headers: bearer(made.token) });
  assert.equal((await entry())?.lastUsed, used, 'within a minute nothing is written');
  await time.pass(2_000);
  await app.inject({ url: '/api/v1/devices', headers: bearer(made.token) });
  assert.equal((await entry())?.lastUsed, new Date(time.ms).toISOString());

  const { store } = context.organisation(context.firstOrganisation);
  const rows = JSON.stringify([
    await store.select('api_tokens').selectAll().execute(),
    await store.select('audit').selectAll().execute(),
  ]);
  const secret = decodeApiToken(made.token)?.secret ?? Buffer.alloc(32);
  for (const text of [made.token, secret.toString('base64url'), secret.toString('hex')])
    assert.equal(rows.includes(text), false);
  assert.ok(rows.includes(hashOfSecret(secret)));

  await time.pass(7_200_000);
  assert.equal((await app.inject({ url: '/api/v1/devices', headers: bearer(made.token) })).statusCode, 401);
});

test('SEC-A12: a token for nothing in particular is not made: role and form are checked', async (t) => {
  const controller = await testController(t);
  for (const body of [
    {},
    { role: 'owner' },
    { role: 'admin', name: 'Has Spaces' },
    { role: 'admin', expires: 'soon' },
    { role: 'admin', expires: '367d' },
    { role: 'admin', hash: 'x' },
  ]) {
    const answer = await controller.call('POST', '/api/v1/tokens', body);
    assert.equal(answer.statusCode, 400, JSON.stringify(body));
  }
  assert.equal((await tokens(controller)).length, 1);
});

test('only an administrator sees and changes tokens, and each change is in the audit log', async (t) => {
  const controller = await testController(t);
  const { app, context } = controller;
  const auditor = await controller.token('auditor');
  const other = await make(controller, { role: 'admin', name: 'other' });
  for (const [method, url, payload] of [
    ['GET', '/api/v1/tokens', undefined],
    ['POST', '/api/v1/tokens', { role: 'admin' }],
    ['POST', `/api/v1/tokens/${other.id}/role/auditor`, undefined],
    ['DELETE', `/api/v1/tokens/${other.id}`, undefined],
  ] as const) {
    const answer = await app.inject({
      method,
      url,
      headers: bearer(auditor),
      ...(payload === undefined ? {} : { payload }),
    });
    assert.equal(answer.statusCode, 403, `${method} ${url}`);
  }
  assert.equal((await controller.call('POST', `/api/v1/tokens/${other.id}/role/auditor`)).statusCode, 204);
  assert.equal((await controller.call('DELETE', `/api/v1/tokens/${other.id}`)).statusCode, 204);
  assert.equal((await controller.call('DELETE', `/api/v1/tokens/${other.id}`)).statusCode, 404);
  const { store } = context.organisation(context.firstOrganisation);
  const written = await store
    .select('audit')
    .select(['who', 'what', 'result', 'detail'])
    .where('what', 'like', 'token.%')
    .orderBy('seq')
    .execute();
  const about = written.filter(({ detail }) => detail.includes(other.id));
  assert.deepEqual(
    about.map(({ what, result }) => `${what} ${result}`),
    ['token.create done', 'token.role done', 'token.delete done'],
  );
  assert.ok(about.every(({ who }) => who.startsWith('token tok_')));
  assert.deepEqual(JSON.parse(about[1]?.detail ?? ''), {
    token: other.id,
    name: 'other',
    before: 'admin',
    after: 'auditor',
  });
});

test('the last administrator’s token goes only by force, and one that has expired is none', async (t) => {
  const controller = await testController(t);
  const { time } = controller;
  const [own] = await tokens(controller);
  assert.ok(own?.current);
  const short = await make(controller, { role: 'admin', expires: '1m' });
  await make(controller, { role: 'auditor' });
  await time.pass(61_000);
  const refused = await controller.call('DELETE', `/api/v1/tokens/${own.id}`);
  assert.equal(refused.statusCode, 409);
  assert.match(refused.json<{ detail: string }>().detail, /No other API token with the role admin is left/);
  assert.equal((await controller.call('POST', `/api/v1/tokens/${own.id}/role/auditor`)).statusCode, 409);
  assert.equal((await controller.call('POST', `/api/v1/tokens/${own.id}/role/admin`)).statusCode, 204);
  assert.equal((await controller.call('DELETE', `/api/v1/tokens/${short.id}`)).statusCode, 204);
  assert.equal((await tokens(controller)).length, 2);
  assert.equal((await controller.call('DELETE', `/api/v1/tokens/${own.id}?force=true`)).statusCode, 204);
  assert.equal((await controller.call('GET', '/api/v1/tokens')).statusCode, 401);
});

test('REL-6: a token that is deleted or demoted is refused at its next request', async (t) => {
  const controller = await testController(t);
  const { app } = controller;
  const document = acmeDocument();
  for (const take of ['delete', 'demote'] as const) {
    const victim = await make(controller, { role: 'admin' });
    const put = () =>
      app.inject({
        method: 'PUT',
        url: '/api/v1/document',
        headers: bearer(victim.token),
        payload: document,
      });
    assert.equal((await put()).statusCode, 200, 'the right is there first');
    if (take === 'delete') await controller.call('DELETE', `/api/v1/tokens/${victim.id}`);
    else await controller.call('POST', `/api/v1/tokens/${victim.id}/role/auditor`);
    assert.equal((await put()).statusCode, take === 'delete' ? 401 : 403);
    const read = await app.inject({ url: '/api/v1/devices', headers: bearer(victim.token) });
    assert.equal(read.statusCode, take === 'delete' ? 401 : 200);
  }
});

for (const take of ['nothing', 'delete', 'demote'] as const) {
  test(`REL-6: of a request in flight ${take === 'nothing' ? 'everything is written while its token stands' : `nothing is written once its token is ${take}d`}`, async (t) => {
    const controller = await testController(t);
    const { app, context } = controller;
    const { store } = context.organisation(context.firstOrganisation);
    await controller.call('PUT', '/api/v1/document', acmeDocument());
    const victim = await make(controller, { role: 'admin' });
    const changed = { ...acmeDocument(), groups: ['staff', 'sre', 'automation', 'more'] };
    const flight = await inFlight(app, JSON.stringify(changed), {
      method: 'PUT',
      url: '/api/v1/document',
      headers: bearer(victim.token),
    });
    const answer = await flight.finishBehind(store, async (tx) => {
      if (take === 'delete')
        await tx
          .delete('api_tokens')
          .where('id', '=', victim.id as never)
          .execute();
      if (take === 'demote')
        await tx
          .update('api_tokens')
          .set({ role: 'auditor' })
          .where('id', '=', victim.id as never)
          .execute();
    });
    assert.equal(answer.statusCode, { nothing: 200, delete: 401, demote: 403 }[take], answer.body);
    const revisions = (await store.select('documents').select('revision').execute()).length;
    assert.equal(revisions, take === 'nothing' ? 2 : 1);
  });
}

for (const take of [false, true]) {
  test(`REL-6: of a person’s request in flight ${take ? 'nothing is written once their session ended' : 'everything is written while their session lasts'}`, async (t) => {
    const { context, attempts } = await testController(t);
    const app = await buildApp({ context, ...login(context, attempts) });
    t.after(() => app.close());
    const organisation = context.organisation(context.firstOrganisation);
    const { store } = organisation;
    const identity = {
      subject: 'a1',
      name: 'Alice Example',
      groups: [],
      authMs: context.now(),
      amr: ['pwd'],
    };
    const signedIn = await recordSignIn(context, organisation, {
      issuer: 'https://idp.acme.example',
      provider: 'corp',
      identity: { ...identity, email: 'alice@acme.example' },
      address: '127.0.0.1',
    });
    const flight = await inFlight(app, '{}', {
      method: 'POST',
      url: '/api/v1/me/sign-out',
      headers: {
        cookie: `__Host-postern-session=${signedIn.cookie}`,
        origin: 'https://access.acme.example:8443',
        'sec-fetch-site': 'same-origin',
      },
    });
    const ended = take ? context.now() : null;
    const answer = await flight.finishBehind(store, async (tx) => {
      await tx.update('sessions').set({ ended_ms: ended }).where('id', '=', signedIn.session).execute();
    });
    assert.equal(answer.statusCode, take ? 401 : 200, answer.body);
    const written = await store.select('audit').select('seq').where('what', '=', 'session.end').execute();
    assert.equal(written.length, take ? 0 : 1);
  });
}

test('SEC-A12: a token that ends makes none that outlives it', async (t) => {
  const controller = await testController(t);
  const { app, time } = controller;
  const parent = await make(controller, { role: 'admin', expires: '1h' });
  const ask = (payload: object): Promise<LightMyRequestResponse> =>
    app.inject({ method: 'POST', url: '/api/v1/tokens', headers: bearer(parent.token), payload });
  const endMs = time.ms + 3_600_000;
  const refused = await ask({ role: 'auditor', expires: '2h' });
  assert.equal(refused.statusCode, 403, refused.body);
  assert.match(refused.body, /none that outlives it/);
  for (const body of [{ role: 'auditor' }, { role: 'auditor', expires: '1h' }]) {
    const made = await ask(body);
    assert.equal(made.statusCode, 201, made.body);
    const { id } = made.json<{ id: string }>();
    const entry = (await tokens(controller)).find((each) => each.id === id);
    assert.equal(entry?.expires, new Date(endMs).toISOString());
  }
  const shorter = await ask({ role: 'auditor', expires: '30m' });
  assert.equal(shorter.statusCode, 201, shorter.body);
});
