/** Two organisations signed in at once on one device: whose name is whose, what each is told, and how one of them ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Server as HttpServer } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { AccountFolders } from '../../client/accounts/account-folders.ts';
import { startClient, type Client, type ClientEvent, type ClientOptions } from '../../client/client.ts';
import type { ClientStatus } from '../../client/status.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { callLocalApi, connectLocalApi } from '../../protocol/node/local-api.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import { hiddenText } from '../../protocol/reasons.ts';
import { eventually } from '../support/eventually.ts';
import { until } from '../support/until.ts';
import { SmallOrganisation } from './support/small-organisation.ts';

/** An organisation whose wiki says its name, and a person who may use it. */
async function organisationOf(t: TestContext, name: string): Promise<SmallOrganisation> {
  const organisation = await SmallOrganisation.start(t, undefined, `${name}.internal`);
  const wiki = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(`${name} `);
    socket.pipe(socket);
  });
  wiki.listen(0, '127.0.0.1');
  await once(wiki, 'listening');
  t.after(() => wiki.close());
  organisation.wikiPort = (wiki.address() as AddressInfo).port;
  const { session } = organisation.device;
  organisation.device = {
    ...organisation.device,
    organisation: name,
    session: { ...session, kind: 'person', name: 'Alice', email: `alice@${name}.example` },
  };
  await organisation.push();
  return organisation;
}

/** Goes where the prompt says, as the browser would once its person has signed in. */
async function signIn(organisation: SmallOrganisation): Promise<void> {
  const { port } = await eventually('a browser that is waited for', () => {
    const asked = organisation.heard.findLast((message) => message['loopback'] !== undefined);
    return asked?.['loopback'] as { port: number } | undefined;
  });
  await eventually('the browser comes back', async () => {
    const { status } = await fetch(`http://127.0.0.1:${port}/?code=abc&state=attempt-1`);
    return status === 200 || undefined;
  });
}

interface World {
  readonly acme: SmallOrganisation;
  readonly globex: SmallOrganisation;
  readonly state: StateDirectory;
  readonly events: { readonly event: ClientEvent; readonly account: string | undefined }[];
  start(this: void, more?: Partial<ClientOptions>): Promise<Client>;
  statusOf(this: void, account: string): Promise<ClientStatus>;
  call(this: void, method: 'GET' | 'POST', route: string, body?: object): Promise<unknown>;
}

/** A client that is signed in at acme, then at globex, which declares acme's zone beside its own. */
async function signedInTwice(t: TestContext): Promise<World & { client: Client }> {
  const [acme, globex] = [await organisationOf(t, 'acme'), await organisationOf(t, 'globex')];
  globex.device = { ...globex.device, zones: ['globex.internal', 'acme.internal'] };
  const state = acme.state('laptop');
  openIdentity(state).enrol({ schema: 'postern.enrolment/v1', url: acme.url, root: acme.pin });
  const events: World['events'] = [];
  const call: World['call'] = (method, route, body) => callLocalApi(state.path, method, route, body);
  const world: World = {
    acme,
    globex,
    state,
    events,
    call,
    statusOf: async (account) => (await call('GET', `/v1/status?account=${account}`)) as ClientStatus,
    async start(more = {}) {
      const client = await startClient({
        state,
        browser: true,
        name: 'laptop',
        uids: [process.getuid?.() ?? 0],
        socks: { address: '127.0.0.1', port: 0 },
        httpProxy: { address: '127.0.0.1', port: 0 },
        onEvent: (event, { account }) => events.push({ event, account }),
        ...more,
      });
      t.after(() => client.stop());
      return client;
    },
  };
  const client = await world.start();
  await signIn(acme);
  await client.ready;
  const joined = call('POST', '/v1/login', { url: globex.url, root: globex.pin });
  await signIn(globex);
  await joined;
  await until(() =>
    client.status().accounts.some(({ account, state: is }) => account === 'globex' && is === 'up'),
  );
  return { ...world, client };
}

async function greet(client: Client, organisation: SmallOrganisation, host: string): Promise<string> {
  const flow = await client.open({ host, port: organisation.wikiPort });
  flow.end('hello');
  return text(flow);
}

test('two organisations at once: each has its names, its keys and its own news, and hears nothing of the other', async (t) => {
  const { client, acme, globex, events, call, statusOf, state } = await signedInTwice(t);
  assert.equal(await greet(client, acme, 'wiki.acme.internal'), 'acme hello');
  assert.equal(await greet(client, globex, 'wiki.globex.internal'), 'globex hello');
  const both = client.status();
  assert.deepEqual(
    both.accounts.map(({ account, state: is, session }) => [account, is, session?.email]),
    [
      ['acme', 'up', 'alice@acme.example'],
      ['globex', 'up', 'alice@globex.example'],
    ],
  );
  assert.equal(both.account, 'acme');
  assert.equal((await statusOf('alice@globex.example')).controller.url, globex.url);
  assert.deepEqual(
    events.filter(({ event }) => event.kind === 'also-ready').map(({ account }) => account),
    ['globex'],
  );

  // What is open and what was refused is its account's alone; what is nobody's is refused in the same words.
  await assert.rejects(client.open({ host: 'locked.globex.internal', port: 80 }), { code: 'denied' });
  await assert.rejects(client.open({ host: 'www.example.com', port: 80 }), { message: hiddenText });
  assert.deepEqual(
    (await statusOf('globex')).recent.map(({ host }) => host),
    ['locked.globex.internal'],
  );
  assert.deepEqual(
    (await statusOf('acme')).recent.map(({ host }) => host),
    ['www.example.com'],
  );

  // Where several may be meant, none is guessed.
  const several = { code: 'protocol', message: /say which with --account: acme, globex$/ };
  for (const route of ['/v1/resources', '/v1/why?resource=wiki'])
    await assert.rejects(call('GET', route), several);
  await assert.rejects(call('POST', '/v1/logout'), several);
  await assert.rejects(call('GET', '/v1/status?account=initech'), /choose one of: acme, globex$/);
  const why = (await call('GET', '/v1/why?resource=wiki&account=globex')) as { decision: string };
  assert.equal(why.decision, 'granted');
  const flow = await connectLocalApi(state.path, `globex@wiki.globex.internal:${globex.wikiPort}`);
  flow.end('there');
  assert.equal(await text(flow), 'globex there');

  // No key, id or name of one organisation ever reached the other.
  const { node: device } = openIdentity(state).enrolment ?? {};
  const told = JSON.stringify(globex.heard);
  const acmes = [acme.node('device').nk, acme.node('device').mk, acme.org, String(device), 'acme.internal'];
  for (const word of acmes) assert.ok(!told.includes(word), `globex was told ${word}`);
});

/** What comes back of `opening` and a word, over a proxy of the client. */
async function byProxy(proxy: string | undefined, opening: Buffer | string): Promise<string> {
  const socket = connect({ port: Number(proxy?.split(':')[1]), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write(opening);
  socket.end('hello');
  return text(socket);
}

test('both proxies serve the names of both organisations, and a zone that both declare for its holder alone', async (t) => {
  const { client, acme, globex, call } = await signedInTwice(t);
  const { socks, http } = client.status().proxies;
  const socksTo = (name: string, port: number): Promise<string> =>
    byProxy(
      socks,
      Buffer.concat([
        Buffer.of(5, 1, 0, 5, 1, 0, 3, name.length),
        Buffer.from(name),
        Buffer.of(port >> 8, port & 255),
      ]),
    );
  const httpTo = (name: string, port: number): Promise<string> =>
    byProxy(http, `CONNECT ${name}:${port} HTTP/1.1\r\nHost: ${name}:${port}\r\n\r\n`);
  for (const [organisation, name] of [
    [acme, 'acme'],
    [globex, 'globex'],
  ] as const) {
    const host = `wiki.${name}.internal`;
    for (const answer of [
      await socksTo(host, organisation.wikiPort),
      await httpTo(host, organisation.wikiPort),
    ])
      assert.ok(answer.endsWith(`${name} hello`), JSON.stringify(answer));
  }
  // globex says that this name is its own too; the zone is acme's, and the port only globex's wiki has.
  const [wiki] = Object.values(globex.device.resources);
  assert.ok(wiki !== undefined);
  const hosts = ['wiki.globex.internal', 'trap.acme.internal'];
  globex.device = {
    ...globex.device,
    resources: { ...globex.device.resources, [wiki.id]: { ...wiki, hosts } },
  };
  await globex.push();
  await eventually('the claim arrives', async () => {
    const list = JSON.stringify(await call('GET', '/v1/resources?account=globex'));
    return list.includes('trap.acme.internal') || undefined;
  });
  assert.match(await httpTo('trap.acme.internal', globex.wikiPort), /^HTTP\/1\.1 403 /);
  // "Not allowed by the rules" (RFC 1928 section 6).
  assert.equal((await socksTo('trap.acme.internal', globex.wikiPort)).charCodeAt(3), 2);
});

test('a zone that two organisations declare stays with whoever held it, by name, until its account is signed out', async (t) => {
  const { client, acme, globex, statusOf, call } = await signedInTwice(t);
  // globex also claims a name of acme's, as its own application.
  const [wiki] = Object.values(globex.device.resources);
  assert.ok(wiki !== undefined);
  const { resources } = globex.device;
  globex.device = {
    ...globex.device,
    resources: {
      ...resources,
      [wiki.id]: { ...wiki, hosts: ['wiki.globex.internal', 'wiki.acme.internal'] },
    },
  };
  await globex.push();
  await eventually('the claim arrives', async () => {
    const list = (await call('GET', '/v1/resources?account=globex')) as { resources: { hosts: string[] }[] };
    return list.resources.some(({ hosts }) => hosts.includes('wiki.acme.internal')) || undefined;
  });
  assert.equal(await greet(client, acme, 'wiki.acme.internal'), 'acme hello');

  const kept = await client.open({ host: 'wiki.globex.internal', port: globex.wikiPort });
  const cut = await client.open({ host: 'wiki.acme.internal', port: acme.wikiPort });
  const gone = new Promise<void>((resolve) => cut.once('close', resolve));
  cut.on('error', () => undefined);
  cut.resume();
  assert.deepEqual(await call('POST', '/v1/logout?account=acme'), {
    dns: 'untouched',
    captured: false,
    others: true,
  });
  await gone;
  assert.deepEqual(
    client.status().accounts.map(({ account }) => account),
    ['globex'],
  );
  // The other's flow goes on, and the zone is free for it.
  kept.end('still');
  assert.equal(await text(kept), 'globex still');
  await assert.rejects(client.open({ host: 'absent.acme.internal', port: 80 }), { message: hiddenText });
  assert.equal((await statusOf('globex')).state, 'up');
});

test('a restart finds both accounts, and a controller that is away is away for its own account only', async (t) => {
  const { client, acme, globex, state, start, statusOf } = await signedInTwice(t);
  await client.stop();
  await globex.stopController();
  const again = await start();
  assert.equal((await again.ready).account, 'acme');
  assert.equal(await greet(again, acme, 'wiki.acme.internal'), 'acme hello');
  const away = await statusOf('globex');
  assert.equal(away.controller.connected, false);
  // What it remembers still counts, as with one account.
  assert.equal(await greet(again, globex, 'wiki.globex.internal'), 'globex hello');
  assert.equal(again.status('acme').controller.connected, true);

  // Preferred, the other goes first, and the zone that both declare is its own.
  await again.stop();
  const folders = new AccountFolders(state);
  const [, other] = folders.list();
  folders.prefer(other?.id ?? '');
  const preferring = await start();
  await preferring.ready;
  assert.deepEqual(
    preferring.status().accounts.map(({ account }) => account),
    ['globex', 'acme'],
  );
  await assert.rejects(greet(preferring, acme, 'wiki.acme.internal'), { message: hiddenText });
  assert.equal(await greet(preferring, globex, 'wiki.globex.internal'), 'globex hello');
});

/** Until it is called, nobody can listen for a browser to come back. */
function failListening(t: TestContext): () => void {
  const listen = Reflect.get(HttpServer.prototype, 'listen') as (
    this: HttpServer,
    ...args: unknown[]
  ) => HttpServer;
  const mock = t.mock.method(HttpServer.prototype, 'listen', function (
    this: HttpServer,
    ...args: unknown[]
  ): HttpServer {
    if (args[1] !== '127.0.0.1') return listen.apply(this, args);
    const error = Object.assign(new Error('listen EMFILE: too many open files'), { code: 'EMFILE' });
    process.nextTick(() => this.emit('error', error));
    return this;
  } as typeof HttpServer.prototype.listen);
  return () => mock.mock.restore();
}

test('an account that cannot start, since nothing can listen for its browser, stops no other, says why, and is signed in to later', async (t) => {
  const { client, acme, state, start, call, events } = await signedInTwice(t);
  await call('POST', '/v1/logout?account=globex');
  await client.stop();
  const folders = new AccountFolders(state);
  // As `postern up --controller` of an organisation that this device is new to.
  const initech = await organisationOf(t, 'initech');
  const folder = folders.at(initech.url);
  openIdentity(folder.state).enrol({ schema: 'postern.enrolment/v1', url: initech.url, root: initech.pin });
  events.length = 0;
  const heal = failListening(t);
  const again = await start({ account: folder.id });
  assert.equal((await again.ready).account, 'acme');
  heal();
  assert.equal(await greet(again, acme, 'wiki.acme.internal'), 'acme hello');
  assert.deepEqual(
    events.flatMap(({ event, account }) =>
      event.kind === 'not-started' ? [[event.fault.message, account]] : [],
    ),
    [['listen EMFILE: too many open files', new URL(initech.url).host]],
  );
  assert.deepEqual(
    again.status().accounts.map(({ account }) => account),
    ['acme'],
  );

  const joined = call('POST', '/v1/login', { url: initech.url, root: initech.pin });
  await signIn(initech);
  await joined;
  await until(() =>
    again.status().accounts.some(({ account, state: is }) => account === 'initech' && is === 'up'),
  );
  assert.equal(await greet(again, initech, 'wiki.initech.internal'), 'initech hello');
});

test('a client whose only account cannot start does not start, and says why', async (t) => {
  const acme = await organisationOf(t, 'acme');
  const state = acme.state('laptop');
  openIdentity(state).enrol({ schema: 'postern.enrolment/v1', url: acme.url, root: acme.pin });
  failListening(t);
  const options = { state, browser: true, uids: [], onEvent: () => undefined };
  await assert.rejects(startClient(options), /EMFILE/);
});
