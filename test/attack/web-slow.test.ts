/** SEC-D7 at the web door: whoever shakes hands, sends or reads slowly keeps nothing for long and takes nothing from others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createSecureContext, connect as connectTls } from 'node:tls';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceFlow } from '../../connector/flows/device-flow.ts';
import { HttpsEndpoint, type Source } from '../../connector/web/https-endpoint.ts';
import { RequestBody } from '../../connector/web/request-body.ts';
import { newId, type DeviceId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import { createAuthority } from '../support/authority.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { inFrontOf } from '../web-door/support/in-front-of.ts';
import { portOf, wiki, type WebBench } from '../web-door/support/web-bench.ts';

const caller = { sni: wiki as Name, addr: '192.0.2.7', address: '192.0.2.7', port: 1 } as const;
const folder = mkdtempSync(join(tmpdir(), 'postern-web-slow-'));
const { certFile, keyFile } = createAuthority(folder).issue([wiki]);
const context = createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
const bytes = 100_000_000;
let written = 0;
let bench: WebBench;
const origin = createServer((asked, response) => {
  if (asked.url !== '/large') {
    response.end('small');
    return;
  }
  response.writeHead(200, { 'content-length': bytes });
  const block = Buffer.alloc(65_536);
  const more = (): void => {
    do written += block.length;
    while (response.write(block) && written < 20 * bytes);
    response.once('drain', more);
  };
  more();
});

before(async () => {
  bench = await inFrontOf(origin);
});
after(async () => {
  await bench.close();
  rmSync(folder, { recursive: true });
});

test('SEC-D7: a TLS handshake that stalls is over after ten seconds, and its place is free again', async () => {
  const clock = new VirtualClock();
  const endpoint = new HttpsEndpoint({
    clock,
    contextFor: () => Promise.resolve(context),
    upgrade: () => undefined,
  });
  const taken = Array.from({ length: 512 }, () => stalled(endpoint, caller));
  clock.advance(9_999);
  await settle();
  assert.ok(!taken.some(({ destroyed }) => destroyed));
  clock.advance(1);
  await until(() => taken.every(({ destroyed }) => destroyed));
  endpoint.close();
});

test('SEC-D7: whoever stalls more handshakes than there is room for loses the oldest of his own, and nobody else’s', async () => {
  const endpoint = new HttpsEndpoint({
    clock: new VirtualClock(),
    contextFor: () => Promise.resolve(context),
    upgrade: () => undefined,
  });
  const server = endpoint.serve((_request, response) => response.end('whole'));
  const others = ['192.0.2.8', '192.0.2.9', '2001:db8::1'].map((addr) =>
    stalled(endpoint, { ...caller, addr }),
  );
  const device = stalled(endpoint, { device: deviceFlow(newId('dev', Buffer.alloc(16, 1))) });
  const flood = Array.from({ length: 1_000 }, () => stalled(endpoint, caller));
  const devices = Array.from({ length: 1_000 }, () =>
    stalled(endpoint, { device: deviceFlow(newId('dev', Buffer.alloc(16, 2))) }),
  );
  await until(() => flood.filter(({ destroyed }) => destroyed).length === 1_000 - 512 + others.length);
  await until(() => devices.filter(({ destroyed }) => destroyed).length === 1_000 - 512 + 1);
  assert.equal(flood.at(-1)?.destroyed, false);
  assert.equal(flood[0]?.destroyed, true);
  for (const other of [...others, device]) assert.equal(other.destroyed, false);
  // And a browser from elsewhere is answered.
  const [ours, theirs] = duplexPair();
  assert.equal(endpoint.take(ours, { address: '198.51.100.1' }), true);
  const socket = connectTls({ socket: theirs, servername: wiki, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(`GET / HTTP/1.1\r\nHost: ${wiki}\r\nConnection: close\r\n\r\n`);
  assert.match(await text(socket), /whole/);
  endpoint.close();
  server.close();
});

/** A connection that begins a hello and never ends it. */
function stalled(endpoint: HttpsEndpoint, source: { addr: string } | Source): Duplex {
  const [ours, theirs] = duplexPair();
  theirs.write(Buffer.from([22, 3, 1, 2, 0, 1]));
  assert.equal(endpoint.take(ours, 'addr' in source ? { address: source.addr } : source), true);
  return ours;
}

function deviceFlow(device: DeviceId): DeviceFlow {
  return { host: wiki as Name, resource: newId('res', Buffer.alloc(16)), device, right: () => 'denied' };
}

for (const [what, begin] of [
  ['a head', ''],
  ['the head of an upgrade', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
] as const)
  test(`SEC-D7: ${what} that comes byte by byte is not waited for`, async () => {
    const endpoint = new HttpsEndpoint({
      clock: new VirtualClock(),
      contextFor: () => Promise.resolve(context),
      upgrade: () => undefined,
      head: { withinMs: 150, everyMs: 25 },
    });
    const server = endpoint.serve((_request, response) => response.end('whole'));
    const [ours, theirs] = duplexPair();
    endpoint.take(ours, caller);
    const socket = connectTls({ socket: theirs, servername: wiki, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write(`GET / HTTP/1.1\r\n${begin}X-Slow: `);
    const dripping = setInterval(() => socket.write('x'), 20);
    const answered = await text(socket).finally(() => clearInterval(dripping));
    assert.match(answered, /^HTTP\/1\.1 408 /);
    endpoint.close();
    server.close();
  });

test('SEC-D7: a body that stops coming ends its request, one that its reader does not take does not', async () => {
  const bodies: RequestBody[] = [];
  const server = createServer((asked: IncomingMessage, response) => {
    const body = new RequestBody(asked, () => undefined, 100);
    bodies.push(body);
    body.on('error', ({ message }) => response.end(message));
    if (asked.url === '/read') body.resume();
    else body.read(0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const post = (path: string, first: Buffer): ReturnType<typeof connect> => {
    const socket = connect(portOf(server), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\nConnection: close\r\n\r\n`);
    socket.write(first);
    return socket;
  };
  // Far more than waits in the body before its reader takes some: it is the reader who is slow.
  const patient = post('/wait', Buffer.alloc(400_000));
  const slow = post('/read', Buffer.alloc(10));
  assert.match(await text(slow), /the body stopped coming/);
  assert.deepEqual(
    bodies.map(({ destroyed }) => destroyed),
    [false, true],
  );
  patient.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('SEC-D7: browsers that read nothing hold little of their answers, and others are answered', async () => {
  const mallory = await bench.signIn(wiki);
  const alice = await bench.signIn(wiki);
  const stalled = Array.from({ length: 20 }, () => {
    const asked = request({
      ...{ host: '127.0.0.1', port: bench.port, servername: wiki, ca: bench.ca, agent: false },
      path: '/large',
      headers: { host: `${wiki}:${bench.port}`, cookie: mallory.cookie },
    });
    asked.on('error', () => undefined);
    asked.on('response', (response) => response.pause());
    return asked.end();
  });
  await Promise.all(stalled.map((asked) => once(asked, 'response')));
  // So long as more is taken from the origin, the browsers' buffers on the way are not full yet.
  let before = -1;
  while (written !== before) {
    before = written;
    for (let index = 0; index < 20; index += 1)
      assert.equal((await bench.ask('/', { cookie: alice.cookie })).body, 'small');
  }
  assert.ok(written < 20 * 16e6, `${written} bytes were taken from the origin for twenty who read nothing`);
  for (const asked of stalled) asked.destroy();
});
