/**
 * The web door's promises where other files hold only half of them: fragments in targets, passes and codes, what an origin calls
 * its own hop's, HTTP/2 as a way around the gate; each as a request and as an upgrade (SECURITY.md, by id).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../web-door/support/raw-exchange.ts';
import { givePass } from '../web-door/support/device-pass.ts';
import { inFrontOf, urlOf, webSocket } from '../web-door/support/in-front-of.ts';
import { wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
let cookie = '';
/** Heads that the origin was sent. */
const heard: string[] = [];
/** Further lines of its answers, to requests and upgrades alike. */
let lines = '';
/** Connections to the origin that were upgraded, and are open. */
const upgraded = new Set<Socket>();
const origin = createServer((socket) => {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    heard.push(text.slice(0, end));
    text = '';
    const isUpgrade = /^upgrade: websocket/im.test(heard.at(-1) ?? '');
    if (isUpgrade) upgraded.add(socket.once('close', () => upgraded.delete(socket)));
    const status = isUpgrade
      ? '101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade'
      : '200 OK\r\nContent-Length: 2';
    socket.write(`HTTP/1.1 ${status}\r\n${lines}\r\n${isUpgrade ? '' : 'ok'}`);
  });
});

before(async () => {
  bench = await inFrontOf(origin);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());
beforeEach(() => {
  heard.length = 0;
  lines = '';
  bench.publish(wiki, [urlOf(origin)]);
});

const host = (): string => `Host: ${wiki}:${bench.port}\r\n`;
const signedIn = (): string => `${host()}Cookie: ${cookie}\r\n`;

/** A request written by hand, plain and as an upgrade: statuses, and everything that came back. */
async function both(target: string, headers: string): Promise<{ statuses: unknown[]; texts: string[] }> {
  const answers = [];
  for (const further of ['', webSocket])
    answers.push(
      await exchange(bench.raw(), [`GET ${target} HTTP/1.1\r\n${headers}${further}\r\n`], 2_000, true),
    );
  return { statuses: answers.map(({ statuses }) => statuses[0]), texts: answers.map(({ text }) => text) };
}

test('SEC-A1: a fragment in a target, as it is or encoded, leads past no rule', async () => {
  bench.publish(wiki, [urlOf(origin)], {
    rules: [
      { paths: ['/public/*'], effect: 'public' },
      { paths: ['/admin/*'], effect: 'block' },
      { paths: ['/sre/*'], effect: 'require', groups: ['sre'] },
    ],
  });
  for (const target of ['/a#/public/', '/#/public/a', '/public/#/../../a', '/public/a#', '/admin/x#/public/'])
    assert.deepEqual((await both(target, signedIn())).statuses, [400, 400], target);
  for (const target of ['/a%23/public/', '/admin%23/public/', '/sre%23/../public/', '/public%23/a'])
    assert.deepEqual((await both(target, signedIn())).statuses, [400, 400], target);
  for (const target of ['/a?#/public/', '/a?x=%23/public/'])
    assert.notEqual((await both(target, host())).statuses[0], 200, target);
  for (const rule of ['/admin/x', '/sre/x'])
    for (const behind of ['?x=/public/', '?/public/a', '?#'])
      assert.ok([400, 403].includes(Number((await both(`${rule}${behind}`, signedIn())).statuses[0])));
  assert.deepEqual(heard, []);
});

test('SEC-A5 as an upgrade: one right feeds decision, headers and audit, whoever else it names', async () => {
  const { id, secret, sub } = givePass(bench, { name: 'Bob', email: 'bob@acme.example' });
  const shown = `Postern-Client-Id: ${id}\r\nPostern-Client-Secret: ${secret}\r\n`;
  const carol = `Proxy-Authorization: Basic ${Buffer.from('carol:x').toString('base64')}\r\n`;
  bench.records.length = 0;
  assert.deepEqual((await both('/', `${signedIn()}${shown}${carol}`)).statuses, [200, 101]);
  for (const head of heard) {
    assert.match(head, /^remote-user: bob@acme\.example$/m);
    assert.ok(!/alice|proxy-authorization/i.test(head), head);
  }
  assert.equal(heard.length, 2);
  assert.deepEqual(
    bench.records.map(({ event, subject, web }) => [event, subject, web]),
    [['open', sub, id]],
  );
});

test('SEC-A15: neither HTTP/2 in plain text nor CONNECT over it, as a tunnel or a WebSocket, reaches an origin', async () => {
  const plain = connect({ host: '127.0.0.1', port: bench.port });
  plain.on('error', () => undefined);
  plain.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const [alert] = (await once(plain, 'data')) as [Buffer];
  assert.equal(alert[0], 21, 'a TLS alert');
  plain.destroy();
  const authority = `${wiki}:${bench.port}`;
  for (const headers of [
    { ':method': 'CONNECT', ':authority': authority },
    { ':method': 'CONNECT', ':authority': 'wiki.acme.internal:22' },
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':path': '/',
      ':authority': authority,
    },
  ]) {
    const session = connectHttp2(`https://${authority}`, { createConnection: () => bench.raw(wiki, 'h2') });
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    assert.notEqual(session.remoteSettings.enableConnectProtocol, true);
    const outcome = await new Promise<string>((resolve) => {
      try {
        const stream = session.request({ ...headers, cookie });
        stream.once('response', (answered) => resolve(String(answered[':status'])));
        stream.once('error', () => resolve('refused'));
        stream.once('close', () => resolve('refused'));
      } catch {
        // What the other end has not offered is not even sent.
        resolve('refused');
      }
    });
    assert.ok(outcome === 'refused' || Number(outcome) >= 400, outcome);
    session.destroy();
  }
  assert.deepEqual(heard, []);
});

test('SEC-B1: what an origin calls its own hop’s reaches no browser', async () => {
  lines =
    'Connection: X-Internal, close\r\nX-Internal: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: Basic\r\nTE: trailers\r\nTrailer: X-Late\r\nX-Kept: 1\r\n';
  const { statuses, texts } = await both('/', signedIn());
  assert.deepEqual(statuses, [200, 101]);
  for (const text of texts) {
    assert.match(text, /^x-kept: 1\r$/im);
    for (const name of ['x-internal', 'keep-alive: timeout=9', 'proxy-authenticate', 'te', 'trailer'])
      assert.ok(!new RegExp(`^${name}`, 'im').test(text.slice(text.indexOf('\r\n'))), `${name}: ${text}`);
  }
});

test('SEC-B5: passes and codes reach neither an origin that is well, one that is not, a page, a redirect nor a record', async () => {
  const { id, secret } = givePass(bench, { name: 'Bob', email: 'bob@acme.example' });
  const code = systemRandom(32).toString('base64url');
  const pair = `Postern-Client-Id: ${id}\r\nPostern-Client-Secret: ${secret}\r\n`;
  const basic = `Authorization: Basic ${Buffer.from(`bob@acme.example:${secret}`).toString('base64')}\r\n`;
  const secrets = [secret, code, cookie.slice(cookie.indexOf('=') + 1)].flatMap((each) => [
    each,
    Buffer.from(`bob@acme.example:${each}`).toString('base64'),
  ]);
  const texts: string[] = [];
  for (const shown of [pair, basic]) {
    const answered = await both('/', `${signedIn()}${shown}`);
    assert.deepEqual(answered.statuses, [200, 101]);
    texts.push(...answered.texts);
  }
  assert.equal(heard.length, 4);
  for (const head of heard) assert.ok(!/^(authorization|postern-client)/im.test(head), head);
  const back = `/.postern/callback?code=${code}&n=0000&rd=/`;
  const begun = await both(back, `${signedIn()}Accept: text/html\r\n`);
  assert.deepEqual(begun.statuses, [303, 404]);
  assert.match(begun.texts[0] ?? '', /^referrer-policy: no-referrer\r$/m);
  bench.publish(wiki, ['http://gone.acme.internal'], { health: { path: '/health', every: 60 } });
  bench.door.follow();
  const failed = await both('/', `${signedIn()}${pair}Accept: text/html\r\n`);
  assert.deepEqual(failed.statuses, [502, 502]);
  const everything = [...heard, ...texts, ...begun.texts, ...failed.texts, JSON.stringify(bench.records)];
  for (const each of secrets)
    for (const text of everything) assert.ok(!text.includes(each), `${each} stands in ${text}`);
});

test('SEC-C3 as an upgrade: no path has a handler that is not behind the gate', async () => {
  for (const path of ['/', '/a', '/a/b/c', '/favicon.ico', '/*', '/socket?a=b'])
    assert.deepEqual((await both(path, host())).statuses, [401, 401], path);
  assert.deepEqual(heard, []);
});

test('SEC-D3 as an upgrade: WebSockets that are opened and cut without end leave nothing behind, and others are answered', async () => {
  const alice = await bench.signIn(wiki);
  for (let round = 0; round < 10; round += 1) {
    const sockets = Array.from({ length: 20 }, () => bench.raw());
    await Promise.all(
      sockets.map(async (socket, index) => {
        socket.write(`GET /socket HTTP/1.1\r\n${signedIn()}${webSocket}\r\n`);
        // Some before they were agreed, some after.
        await once(socket, index % 2 === 0 ? 'data' : 'secureConnect');
        socket.destroy();
      }),
    );
    assert.equal((await bench.ask('/', { cookie: alice.cookie })).status, 200);
  }
  await eventually('nothing is open', () => (bench.door.openExchanges === 0 ? true : undefined));
  await eventually('the origin was let go', () => (upgraded.size === 0 ? true : undefined));
});
