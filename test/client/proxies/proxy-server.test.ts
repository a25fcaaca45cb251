/** SOCKS5 and HTTP CONNECT on loopback: what applications say, what they hear, and what strangers and fools get. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import type { FlowTarget } from '../../../client/flows/open-flow.ts';
import { readConnect } from '../../../client/proxies/http-connect.ts';
import { findOwner } from '../../../client/proxies/peer-owner.ts';
import { serveProxy, type ProxyOptions } from '../../../client/proxies/proxy-server.ts';
import { readGreeting, readRequest } from '../../../client/proxies/socks.ts';
import { Fault, type CodeName } from '../../../protocol/errors.ts';
import type { Name } from '../../../protocol/names.ts';
import { echoFlow, endlessFlow } from '../support/flows.ts';

async function start(
  t: TestContext,
  kind: 'socks' | 'http',
  options: Partial<ProxyOptions> & { refuse?: CodeName } = {},
): Promise<{ port: number; targets: FlowTarget[] }> {
  const targets: FlowTarget[] = [];
  const server = await serveProxy({
    kind,
    address: '127.0.0.1',
    port: 0,
    uids: new Set([process.getuid?.() ?? 0]),
    openFlow: (target) => {
      targets.push(target);
      return options.refuse === undefined
        ? Promise.resolve(echoFlow())
        : Promise.reject(new Fault(options.refuse, 'A sentence for the person.'));
    },
    ...options,
  });
  t.after(() => server.close());
  return { port: server.port, targets };
}

/** Sends `bytes`, ends its side, and resolves with everything that came until the other side ended or reset. */
async function talk(port: number, ...parts: (Buffer | string)[]): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  for (const part of parts) {
    socket.write(part);
    await new Promise(setImmediate);
  }
  socket.end();
  await closed;
  return Buffer.concat(received);
}

const greeting = Buffer.of(5, 1, 0);
const byName = (name: string, port: number): Buffer =>
  Buffer.concat([Buffer.of(5, 1, 0, 3, name.length), Buffer.from(name), Buffer.of(port >> 8, port & 255)]);

test('SOCKS5 opens a flow to a name, with the bytes that came along', async (t) => {
  const { port, targets } = await start(t, 'socks');
  const received = await talk(
    port,
    greeting,
    Buffer.concat([byName('wiki.acme.internal', 8_080), Buffer.from('hello')]),
  );
  assert.deepEqual(
    received,
    Buffer.concat([Buffer.of(5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0), Buffer.from('hello')]),
  );
  assert.deepEqual(targets, [{ host: 'wiki.acme.internal', port: 8_080 }]);
});

test('SOCKS5 takes everything in one write, and byte by byte', async (t) => {
  const { port, targets } = await start(t, 'socks');
  const whole = Buffer.concat([greeting, byName('wiki.acme.internal', 80), Buffer.from('x')]);
  assert.equal((await talk(port, whole)).at(-1), 'x'.charCodeAt(0));
  assert.equal((await talk(port, ...Array.from(whole, (byte) => Buffer.of(byte)))).at(-1), 'x'.charCodeAt(0));
  assert.equal(targets.length, 2);
});

for (const [code, reply] of [
  ['denied', 2],
  ['posture', 2],
  ['port-not-listed', 2],
  ['no-peer', 3],
  ['unreachable', 4],
  ['no-name', 4],
  ['refused', 5],
  ['timeout', 6],
  ['internal', 1],
] as const)
  test(`SOCKS5 says ${reply} for ${code}`, async (t) => {
    const { port } = await start(t, 'socks', { refuse: code });
    const received = await talk(port, greeting, byName('wiki.acme.internal', 80));
    assert.deepEqual(received.subarray(2, 4), Buffer.of(5, reply));
  });

test('SOCKS5 refuses BIND and UDP, IPv6 addresses, and asks for no authentication but none', async (t) => {
  const { port, targets } = await start(t, 'socks');
  const bind = byName('wiki.acme.internal', 80);
  bind[1] = 2;
  assert.equal((await talk(port, greeting, bind))[3], 7);
  const v6 = Buffer.concat([Buffer.of(5, 1, 0, 4), Buffer.alloc(16), Buffer.of(0, 80)]);
  assert.equal((await talk(port, greeting, v6))[3], 8);
  assert.deepEqual(await talk(port, Buffer.of(5, 1, 2)), Buffer.of(5, 255));
  assert.deepEqual(targets, []);
});

test('HTTP CONNECT opens a flow to a name, with the bytes that came along', async (t) => {
  const { port, targets } = await start(t, 'http');
  const received = await talk(
    port,
    'CONNECT wiki.acme.internal:443 HTTP/1.1\r\nHost: wiki.acme.internal:443\r\n\r\nhello',
  );
  assert.equal(received.toString(), 'HTTP/1.1 200 Connection established\r\n\r\nhello');
  assert.deepEqual(targets, [{ host: 'wiki.acme.internal', port: 443 }]);
});

for (const [code, status] of [
  ['denied', 403],
  ['posture', 403],
  ['no-peer', 502],
  ['refused', 502],
  ['timeout', 504],
] as const)
  test(`HTTP CONNECT says ${status} for ${code}, with the sentence`, async (t) => {
    const { port } = await start(t, 'http', { refuse: code });
    const received = (await talk(port, 'CONNECT wiki.acme.internal:443 HTTP/1.1\r\n\r\n')).toString();
    assert.match(received, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(received, /\r\n\r\nA sentence for the person\.\n$/);
  });

for (const [what, head, status] of [
  ['a plain request', 'GET http://wiki.acme.internal/ HTTP/1.1\r\n\r\n', 405],
  ['no port', 'CONNECT wiki.acme.internal HTTP/1.1\r\n\r\n', 400],
  ['port 0', 'CONNECT wiki.acme.internal:0 HTTP/1.1\r\n\r\n', 400],
  ['port 65536', 'CONNECT wiki.acme.internal:65536 HTTP/1.1\r\n\r\n', 400],
  ['a name with a slash', 'CONNECT wiki/x:80 HTTP/1.1\r\n\r\n', 400],
  ['user information', 'CONNECT a@wiki:80 HTTP/1.1\r\n\r\n', 400],
  ['another version', 'CONNECT wiki:80 HTTP/2.0\r\n\r\n', 400],
  ['a folded header', 'CONNECT wiki:80 HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 400],
  ['a header with a space before its colon', 'CONNECT wiki:80 HTTP/1.1\r\nA : b\r\n\r\n', 400],
  ['a bare line feed', 'CONNECT wiki:80 HTTP/1.1\nA: b\r\n\r\n', 400],
  ['too many headers', `CONNECT wiki:80 HTTP/1.1\r\n${'A: bcdefgh\r\n'.repeat(1_000)}\r\n`, 431],
] as const)
  test(`HTTP CONNECT refuses ${what} with ${status} and opens nothing`, async (t) => {
    const { port, targets } = await start(t, 'http');
    assert.match((await talk(port, head)).toString(), new RegExp(`^HTTP/1.1 ${status} `));
    assert.deepEqual(targets, []);
  });

for (const kind of ['socks', 'http'] as const) {
  test(`the ${kind} proxy serves its owner only (T11)`, async (t) => {
    const { port, targets } = await start(t, kind, { uids: new Set([4_242]) });
    assert.equal((await talk(port, greeting, 'CONNECT a:1 HTTP/1.1\r\n\r\n')).length, 0);
    assert.deepEqual(targets, []);
  });

  test(`the ${kind} proxy gives up on whoever does not finish a request`, async (t) => {
    const { port } = await start(t, kind, { requestTimeoutMs: 50 });
    const socket: Socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(kind === 'socks' ? Buffer.of(5) : 'CONN');
    await once(socket, 'close');
  });

  test(`the ${kind} proxy resets the application when the flow fails, and never ends it cleanly (T1)`, async (t) => {
    const flow = echoFlow();
    const { port } = await start(t, kind, { openFlow: () => Promise.resolve(flow) });
    const socket = connect(port, '127.0.0.1');
    socket.write(
      kind === 'socks' ? Buffer.concat([greeting, byName('a.b', 80)]) : 'CONNECT a.b:80 HTTP/1.1\r\n\r\n',
    );
    socket.resume();
    while (socket.bytesRead < 12) await new Promise(setImmediate);
    flow.destroy(new Fault('revoked'));
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });
}

test('REL-10 the system holds little for an application that asked the http proxy and does not read', async (t) => {
  const { flow, held } = endlessFlow(t);
  const { port } = await start(t, 'http', { openFlow: () => Promise.resolve(flow) });
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('CONNECT wiki.acme.internal:443 HTTP/1.1\r\n\r\n');
  const taken = await held();
  assert.ok(taken < 1_500_000, `${taken} bytes`);
});

test('a program that has IPv6 sockets only is known by its user as well', async (t) => {
  const { port, targets } = await start(t, 'http');
  const socket = connect({ port, host: '::ffff:127.0.0.1' });
  t.after(() => socket.destroy());
  socket.end('CONNECT wiki.acme.internal:443 HTTP/1.1\r\n\r\nhello');
  assert.match(await text(socket), /^HTTP\/1\.1 200 .*hello$/s);
  assert.equal(targets.length, 1);
});

const pac = () => ({
  zones: ['acme.internal' as Name],
  hostnames: ['wiki.acme.example' as Name],
  suffixes: ['apps.acme.example' as Name],
  socks: undefined as string | undefined,
});

/** The file as a browser gets it, and what it says of a name. */
async function fetchPac(port: number): Promise<(host: string, scheme?: string) => unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/proxy.pac`, {
    headers: { 'sec-fetch-site': 'none' },
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/x-ns-proxy-autoconfig');
  const context = createContext({});
  runInContext(await response.text(), context);
  return (host, scheme = 'https') =>
    runInContext(`FindProxyForURL('${scheme}://${host}/', '${host}')`, context);
}

test('the http proxy serves a browser the file that sends our names here, and no others', async (t) => {
  const { port } = await start(t, 'http', { pac });
  const find = await fetchPac(port);
  for (const host of ['acme.internal', 'wiki.acme.internal', 'A.B.ACME.internal.', 'wiki.acme.example'])
    assert.equal(find(host), `PROXY 127.0.0.1:${port}`, host);
  for (const host of ['www.example.com', 'notacme.internal', 'acme.internal.example', 'x.wiki.acme.example'])
    assert.equal(find(host), 'DIRECT', host);
  // Whether such a name is ours turns out here; without us the browser finds its own way.
  for (const host of ['plans.apps.acme.example', 'A.B.APPS.acme.example.']) {
    assert.equal(find(host), `PROXY 127.0.0.1:${port}; DIRECT`, host);
    assert.equal(find(host, 'wss'), `PROXY 127.0.0.1:${port}; DIRECT`, host);
    assert.equal(find(host, 'http'), 'DIRECT', host);
  }
  for (const host of ['apps.acme.example', 'xapps.acme.example']) assert.equal(find(host), 'DIRECT', host);
  const both = await start(t, 'http', { pac: () => ({ ...pac(), socks: '127.0.0.1:1080' }) });
  const findBoth = await fetchPac(both.port);
  assert.equal(findBoth('wiki.acme.internal'), `PROXY 127.0.0.1:${both.port}`);
  assert.equal(findBoth('wiki.acme.internal', 'http'), 'SOCKS5 127.0.0.1:1080');
  assert.equal(findBoth('www.example.com', 'http'), 'DIRECT');
});

test('no web page reads the file: as a script, by a name of its own, or across origins', async (t) => {
  const { port } = await start(t, 'http', { pac });
  const own = `Host: 127.0.0.1:${port}`;
  for (const headers of [
    `${own}\r\nSec-Fetch-Site: cross-site`,
    `${own}\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: same-origin`,
    `${own}\r\nOrigin: https://evil.example`,
    `${own}\r\nReferer: https://evil.example/`,
    `Host: rebound.evil.example:${port}`,
    `${own}\r\nHost: rebound.evil.example`,
    'Accept: */*',
  ]) {
    const reply = (await talk(port, `GET /proxy.pac HTTP/1.1\r\n${headers}\r\n\r\n`)).toString();
    assert.match(reply, /^HTTP\/1\.1 403 /, headers);
    assert.ok(!reply.includes('acme'));
  }
});

test('a proxy listens on loopback only', async (t) => {
  await assert.rejects(start(t, 'socks', { address: '0.0.0.0' }), /loopback/);
});

test('any bytes are parsed without a throw, and never into a target that has no name or port (SEC-D2)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      readGreeting(Buffer.from(bytes));
      for (const request of [readRequest(Buffer.from(bytes)), readConnect(Buffer.from(bytes))]) {
        if (typeof request === 'string' || !('target' in request)) continue;
        assert.ok(request.target.host.length > 0 && request.target.port > 0 && request.target.port < 65_536);
        assert.ok(request.length <= bytes.length);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a request is the same however it is cut: every prefix asks for more', () => {
  const socks = byName('wiki.acme.internal', 443);
  for (let length = 0; length < socks.length; length += 1)
    assert.equal(readRequest(socks.subarray(0, length)), 'more');
  const http = Buffer.from('CONNECT wiki.acme.internal:443 HTTP/1.1\r\nHost: x\r\n\r\n');
  for (let length = 0; length < http.length; length += 1)
    assert.equal(readConnect(http.subarray(0, length)), 'more');
});

test('the owner of a peer is the row with exactly its ends', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1',
  ].join('\n');
  assert.equal(findOwner(table, '0100007F:C001', '0100007F:1F90'), 1_000);
  assert.equal(findOwner(table, '0100007F:C001', '0100007F:1F91'), undefined);
  assert.equal(findOwner(table, '0100007F:1F90', '0100007F:C001'), undefined);
});
