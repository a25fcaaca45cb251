/** What whoever mends something looks at first: what it holds, who may read it, and what of it is for whoever runs the controllers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { Diagnostics } from '../../protocol/diagnostics.ts';
import { tokenRoles } from '../../protocol/roles.ts';
import { version } from '../../protocol/version.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

const isDiagnostics = Compile(Diagnostics);

test('it tells of servers and their versions, certificates by their end, and what went wrong and has not gone well since', async (t) => {
  const controller = await testController(t);
  const document = {
    ...acmeDocument(),
    webhooks: [
      { name: 'chat', url: 'https://chat.acme.example/hook', secret: 'a-secret-of-the-chat' },
      { name: 'calm', url: 'https://calm.acme.example/hook', secret: 'a-secret-of-the-calm' },
    ],
  };
  assert.equal((await controller.call('PUT', '/api/v1/document', document)).statusCode, 200);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq'), name: 'hq-1' });
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const certificates = JSON.stringify([
    { host: 'wiki.acme.example', from: 'acme', state: 'ready', until: 1_803_050_979 },
    {
      host: 'git.acme.example',
      from: 'acme',
      state: 'ready',
      until: 1_793_050_979,
      problem: 'the CA is away',
    },
    { host: 'new.acme.example', from: 'acme', state: 'waiting' },
  ]);
  await store.update('nodes').set({ certificates, version: '0.0.1' }).where('name', '=', 'hq-1').execute();
  await store
    .update('webhooks')
    .set({ told_ms: 1_000, fault: 'it answered 500' })
    .where('name', '=', 'chat')
    .execute();

  const answer = await controller.call('GET', '/api/v1/diagnostics');
  assert.equal(answer.statusCode, 200, answer.body);
  const found: unknown = answer.json();
  assert.ok(isDiagnostics.Check(found));
  assert.equal(found.version, version);
  assert.deepEqual(
    found.connectors.map(({ name, network, version: runs, online }) => [name, network, runs, online]),
    [['hq-1', 'hq', '0.0.1', true]],
  );
  assert.deepEqual(
    found.certificates.map(({ host, connector: by, until }) => [host, by, until?.slice(0, 4)]),
    [
      ['new.acme.example', 'hq-1', undefined],
      ['git.acme.example', 'hq-1', '2026'],
      ['wiki.acme.example', 'hq-1', '2027'],
    ],
  );
  assert.deepEqual(found.faults, [
    { of: 'certificate', name: 'git.acme.example', text: 'the CA is away (by the connector hq-1)' },
    { of: 'webhook', name: 'chat', text: 'it answered 500', lastWell: '1970-01-01T00:00:01.000Z' },
  ]);
  const { installation } = found;
  assert.ok(installation !== undefined);
  assert.deepEqual(
    installation.controllers.map(({ id, isThis }) => [id, isThis]),
    [[controller.context.id, true]],
  );
  assert.ok(['sqlite', 'postgres'].includes(installation.store.kind) && installation.store.roundTripMs >= 0);
  assert.deepEqual(installation.live, { kind: 'memory', isWhole: true });
  // Neither a secret nor where the records are.
  assert.doesNotMatch(answer.body, /secret|postgres:|redis:|\.db|chat\.acme\.example/);
});

test('another controller is seen while it says that it runs, and told with how long it has been silent', async (t) => {
  const controller = await testController(t);
  const { clock, controllers } = controller.context;
  controllers.saw('another', { beats: 7, sinceMs: clock.nowMs() - 9_000 });
  const { installation } = (await controller.call('GET', '/api/v1/diagnostics')).json<Diagnostics>();
  const other = installation?.controllers.find(({ isThis }) => !isThis);
  assert.equal(other?.id, 'another');
  assert.ok(other.silentMs >= 9_000 && other.silentMs < 60_000);
  controllers.keepOnly(new Map());
  const later = (await controller.call('GET', '/api/v1/diagnostics')).json<Diagnostics>();
  assert.equal(later.installation?.controllers.length, 1);
});

test('four roles read it, and what belongs to the installation is for the organisation of whoever runs it alone', async (t) => {
  const controller = await testController(t);
  const { app, context } = controller;
  const ask = (token: string) =>
    app.inject({ url: '/api/v1/diagnostics', headers: { authorization: `Bearer ${token}` } });
  const allowed: string[] = [];
  for (const role of tokenRoles)
    if ((await ask(await controller.token(role))).statusCode === 200) allowed.push(role);
  assert.deepEqual(allowed, ['admin', 'network', 'support']);
  assert.equal((await app.inject({ url: '/api/v1/diagnostics' })).statusCode, 401);

  const connector = new TestNode(controller, 'connector');
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  await connector.enrol({ secret: await controller.key('connector', 'hq'), name: 'hq-1' });
  const other = await context.store.createOrganisation();
  await context.organisations.refresh();
  const theirs = (await ask(await controller.token('support', other))).json<Diagnostics>();
  assert.equal(theirs.installation, undefined);
  assert.deepEqual([theirs.connectors, theirs.relays, theirs.certificates, theirs.faults], [[], [], [], []]);
  assert.notEqual((await ask(await controller.token('support'))).json<Diagnostics>().installation, undefined);
});
