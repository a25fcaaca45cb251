/** The client against real connectors and a real relay: signing in, flows, and what happens when something is lost. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { startClient, type Client, type ClientEvent, type ClientOptions } from '../../client/client.ts';
import { Fault } from '../../protocol/errors.ts';
import { encodeKey } from '../../protocol/keys.ts';
import { MuxStream } from '../../protocol/mux/stream.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { callLocalApi, connectLocalApi } from '../../protocol/node/local-api.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { serveWiki } from './support/laptop.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

/** The application behind the connector: says hello, then echoes. */
async function startWiki(organisation: SmallOrganisation): Promise<number> {
  await serveWiki(organisation, (socket) => {
    socket.write('hello ');
    socket.pipe(socket);
  });
  return organisation.wikiPort;
}

async function start(
  t: TestContext,
  organisation: SmallOrganisation,
  options: Partial<ClientOptions> = {},
): Promise<{ client: Client; events: ClientEvent[] }> {
  const events: ClientEvent[] = [];
  const client = await startClient({
    state: organisation.state('laptop'),
    key: organisation.key(),
    browser: false,
    uids: [process.getuid?.() ?? 0],
    onEvent: (event) => events.push(event),
    ...options,
  });
  t.after(() => client.stop());
  return { client, events };
}

/** Says `word` to the wiki and resolves with everything it answered. */
async function greet(client: Client, port: number, word = 'word'): Promise<string> {
  const flow = await client.open({ host: 'wiki.acme.internal', port });
  flow.end(word);
  return text(flow);
}

async function until(condition: () => boolean, withinMs = 3_000): Promise<number> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > withinMs)
      assert.fail(`not within ${withinMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startMs;
}

test('a service signs in with its key and reaches what it is granted by name', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  const status = await client.ready;
  assert.equal(status.state, 'up');
  assert.equal(status.session?.name, 'ci');
  assert.deepEqual(status.resources, { granted: 2, refused: 1 });
  assert.equal(await greet(client, port), 'hello word');
  assert.equal((await Promise.all(Array.from({ length: 50 }, () => greet(client, port)))).length, 50);
});

test('what the connector refuses is told by its code, and `status` keeps it', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  await client.ready;
  await assert.rejects(client.open({ host: 'wiki.acme.internal', port: port === 9 ? 10 : 9 }), {
    code: 'port-not-listed',
  });
  const [incident] = client.status().recent;
  assert.equal(incident?.event, 'refused');
  assert.equal(incident?.code, 'port-not-listed');
  assert.equal(incident?.resource, 'wiki');
});

test('hidden and missing names are refused with the same words and never leave this machine (T7)', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { client } = await start(t, organisation);
  await client.ready;
  for (const host of [
    'hidden.acme.internal',
    'nobody.acme.internal',
    'www.example.com',
    '10.0.0.1',
    '127.0.0.1',
    'a b',
  ])
    await assert.rejects(client.open({ host, port: 80 }), { code: 'denied', message: hiddenText });
  await assert.rejects(client.open({ host: 'locked.acme.internal', port: 80 }), {
    code: 'denied',
    message:
      'The sign-in used a single factor (mfa-missing). Sign in again with a second factor: postern login',
  });
});

test('the local API explains, alike for what is hidden and what does not exist', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { client } = await start(t, organisation);
  await client.ready;
  const { path } = organisation.state('laptop');
  const why = async (resource: string): Promise<Record<string, unknown>> =>
    (await callLocalApi(path, 'GET', `/v1/why?resource=${resource}`)) as Record<string, unknown>;
  const hidden = await why('hidden');
  assert.deepEqual({ ...hidden, resource: '' }, { ...(await why('nobody')), resource: '' });
  assert.equal(hidden['text'], hiddenText);
  assert.deepEqual((await why('locked.acme.internal'))['reasons'], [
    {
      name: 'mfa-missing',
      met: false,
      text: 'The sign-in used a single factor',
      fix: 'Sign in again with a second factor: postern login',
      policy: 'prod-needs',
    },
  ]);
  assert.equal((await why('wiki'))['decision'], 'granted');
  const list = (await callLocalApi(path, 'GET', '/v1/resources')) as { resources: { name: string }[] };
  assert.deepEqual(
    list.resources.map(({ name }) => name),
    ['databases', 'locked', 'wiki'],
  );
});

test('flows through the local socket reach the same resources, and are refused with the same words', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  await client.ready;
  const { path } = organisation.state('laptop');
  const flow = await connectLocalApi(path, `wiki.acme.internal:${port}`);
  flow.end('by socket');
  assert.equal(await text(flow), 'hello by socket');
  await assert.rejects(connectLocalApi(path, 'nobody.acme.internal:80'), {
    code: 'denied',
    message: hiddenText,
  });
  await assert.rejects(connectLocalApi(path, 'rubbish'), { code: 'denied' });
});

test('a right taken away ends its open flow within a second, and `status` says why (REL-6)', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  await client.ready;
  const flow = await client.open({ host: 'wiki.acme.internal', port });
  const ended = once(flow, 'error') as Promise<[Error]>;
  const startMs = performance.now();
  await organisation.takeAway(organisation.wiki, 'policy-removed');
  const [error] = await ended;
  assert.ok(performance.now() - startMs < 1_000);
  assert.ok(error instanceof Fault);
  assert.equal(error.code, 'revoked');
  await until(() => client.status().recent[0]?.text.includes('policy removed') === true);
  assert.equal(client.status().recent[0]?.event, 'ended');
  await until(() => client.status().resources.granted === 1);
  await assert.rejects(client.open({ host: 'wiki.acme.internal', port }), { message: hiddenText });
});

test('after a restart of the relay a new flow works within a second', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  await client.ready;
  assert.equal(await greet(client, port), 'hello word');
  await organisation.stopRelay();
  await until(() => client.status().relays[0]?.connected === false);
  await organisation.startRelay();
  const startMs = performance.now();
  assert.equal(await greet(client, port), 'hello word');
  const took = performance.now() - startMs;
  assert.ok(took < 1_000, `${took} ms`);
});

test('a new flow finds another connector when one is gone', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const other = await organisation.addConnector();
  const { client } = await start(t, organisation);
  await client.ready;
  assert.equal(await greet(client, port), 'hello word');
  const third = await organisation.addConnector();
  // Whichever of them has the session: after both of these are gone the first one must carry the flow.
  await other.stop();
  await third.stop();
  const startMs = performance.now();
  assert.equal(await greet(client, port), 'hello word');
  assert.ok(performance.now() - startMs < 1_000);
});

test('a client that starts while the controller is away uses what it remembers (REL-3)', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const first = await start(t, organisation);
  await first.client.ready;
  await first.client.stop();
  await organisation.stopController();
  const { client } = await start(t, organisation);
  assert.equal(await greet(client, port), 'hello word');
  assert.equal(client.status().controller.connected, false);
  await organisation.startController();
  await until(() => client.status().state === 'up', 8_000);
});

test('a session that ends refuses every name, and a service signs in again by itself', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client, events } = await start(t, organisation);
  await client.ready;
  const enrolments = (): number => organisation.heard.filter(({ t: kind }) => kind === 'enrol').length;
  const before = enrolments();
  const session = organisation.device.session;
  organisation.device = { ...organisation.device, session: { ...session, ended: 'expired' } };
  organisation.tellDevices({ t: 'beat', epoch: organisation.epoch, now: 0 });
  await organisation.push();
  await until(() => enrolments() > before);
  assert.equal(client.status().state, 'signed-out');
  await assert.rejects(client.open({ host: 'wiki.acme.internal', port }), { code: 'out-of-contact' });
  assert.ok(events.some((event) => event.kind === 'session-ended' && event.code === 'expired'));
  organisation.device = { ...organisation.device, session };
  await organisation.push();
  await until(() => client.status().state === 'up');
  assert.equal(await greet(client, port), 'hello word');
});

/** A client that a person is asked by to sign in, its controller known from before. */
async function askedToSignIn(t: TestContext, browser: boolean) {
  const organisation = await SmallOrganisation.start(t);
  const state = organisation.state('laptop');
  openIdentity(state).enrol({
    schema: 'postern.enrolment/v1',
    url: organisation.url,
    root: organisation.pin,
  });
  const events: ClientEvent[] = [];
  const client = await startClient({ state, browser, uids: [], onEvent: (event) => events.push(event) });
  t.after(() => client.stop());
  await until(() => events.some(({ kind }) => kind === 'prompt'));
  return { organisation, client, events };
}

test('a person without a browser is shown address and code', async (t) => {
  const { client, events } = await askedToSignIn(t, false);
  const prompt = events.find((event) => event.kind === 'prompt')?.prompt;
  assert.equal(prompt?.kind === 'code' && prompt.userCode, 'HXTR-MFST');
  assert.equal(client.status().state, 'signing-in');
});

test('a person’s browser comes back to a loopback port once, with the right state, under PKCE', async (t) => {
  const { organisation, client } = await askedToSignIn(t, true);
  const enrol = organisation.heard.find((said) => said['t'] === 'enrol' && said['kind'] === 'device');
  const { port, challenge } = (enrol ?? {})['loopback'] as { port: number; challenge: string };
  const visit = async (query: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/?${query}`)).status;
  assert.equal(await visit('code=abc&state=forged'), 404);
  assert.equal(await visit('code=abc'), 404);
  assert.equal(await visit('code=abc&state=attempt-1'), 200);
  await client.ready;
  const login = organisation.heard.find(({ t: kind }) => kind === 'login');
  assert.equal(login?.['code'], 'abc');
  assert.equal(createHash('sha256').update(String(login?.['verifier'])).digest('base64url'), challenge);
});

test('the device reports its system when a channel opens', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { client } = await start(t, organisation);
  await client.ready;
  await until(() => organisation.heard.some(({ t: kind }) => kind === 'posture'));
  const facts = organisation.heard.find(({ t: kind }) => kind === 'posture')?.['facts'] as { os: string };
  assert.equal(facts.os, process.platform === 'darwin' ? 'macos' : 'linux');
});

test('a controller that sends nonsense is ignored, and what was known stays (REL-12)', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  await client.ready;
  for (const message of [
    { t: 'snapshot', v: 9, epoch: 1, snapshot: { kind: 'device' }, revoked: [] },
    { t: 'snapshot', v: 9, epoch: 1, snapshot: { kind: 'relay' }, revoked: [] },
    { t: 'patch', from: 99, v: 100, set: { resources: null } },
    { t: 'patch', from: 'x', v: 100, set: 7 },
    { t: 'grants', list: ['not.a.token', '', 'x'.repeat(20_000)] },
    { t: 'tickets', list: 'x' },
    { t: 'unheard-of' },
    { t: 7 },
  ])
    organisation.tellDevices(message);
  await until(() => client.status().state === 'up');
  await organisation.push();
  assert.equal(await greet(client, port), 'hello word');
});

test('two clients on one state directory: the second is refused with a sentence', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { client } = await start(t, organisation);
  await client.ready;
  await assert.rejects(start(t, organisation), { code: 'busy' });
});

test('down ends the client through the socket and says what became of the names', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { client } = await start(t, organisation);
  await client.ready;
  const { path } = organisation.state('laptop');
  assert.deepEqual(await callLocalApi(path, 'POST', '/v1/down'), { dns: 'untouched', captured: false });
  await client.ended;
  await assert.rejects(callLocalApi(path, 'GET', '/v1/status'), { code: 'unreachable' });
});

test('a first start whose controller is not there ends with a sentence, and another key may follow', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const wrong = { ...organisation.key(), url: 'http://127.0.0.1:1' };
  const { client } = await start(t, organisation, { key: wrong });
  await assert.rejects(client.ready, { code: 'unreachable', message: /127\.0\.0\.1:1/ });
  await client.stop();
  const second = await start(t, organisation);
  assert.equal((await second.client.ready).state, 'up');
});

test('a state directory that belongs to another controller is not handed to a key of this one', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const { client } = await start(t, organisation);
  await client.ready;
  await client.stop();
  await assert.rejects(
    start(t, organisation, { key: { ...organisation.key(), root: Buffer.alloc(32, 7) } }),
    {
      code: 'denied',
      message: /another controller/,
    },
  );
});

test('status counts the datagrams of a flow that were not sent, once there are any', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const { client } = await start(t, organisation);
  await client.ready;
  const open = await client.open({ host: 'wiki.acme.internal', port });
  assert.ok(open instanceof MuxStream);
  assert.deepEqual(Object.keys(client.status().flows[0] ?? {}), ['host', 'port', 'resource', 'since']);
  open.sendDatagram(Buffer.alloc(65_001));
  open.sendDatagram(Buffer.alloc(65_001));
  assert.equal(client.status().flows[0]?.dropped, 2);
});

test('with new keys what is open stays open, new flows take a session of the new keys', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const port = await startWiki(organisation);
  const state = organisation.state('laptop');
  const { client, events } = await start(t, organisation);
  await client.ready;
  const before = encodeKey(openIdentity(state).nodeKey.publicKey);
  const open = await client.open({ host: 'wiki.acme.internal', port });
  open.setEncoding('utf8');
  let heard = '';
  open.on('data', (chunk: string) => (heard += chunk));
  await until(() => heard === 'hello ');

  const { nodeKey } = (await callLocalApi(state.path, 'POST', '/v1/rotate')) as { nodeKey: string };
  assert.notEqual(nodeKey, before);
  assert.equal(encodeKey(openIdentity(state).nodeKey.publicKey), nodeKey);
  await until(() => client.status().controller.connected && client.status().networks[0]?.connected === true);
  assert.equal(await greet(client, port), 'hello word');
  open.write('still here');
  await until(() => heard === 'hello still here');
  assert.equal(client.status().flows.length, 1);
  assert.deepEqual(
    events.filter(({ kind }) => kind === 'trouble'),
    [],
  );

  open.end();
  await until(() => client.status().flows.length === 0);
});
