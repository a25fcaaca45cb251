import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, request, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { fedServer } from '../../protocol/fed-server.ts';
import { ProxiedPort, prefaceMs } from '../../protocol/proxied-port.ts';
import { longestPreface } from '../../protocol/proxy-preface.ts';
import { createAuthority } from '../support/authority.ts';
import { eventually } from '../support/eventually.ts';
import { binaryPreface, textPreface } from '../support/proxy-prefaces.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const ends = {
  source: { address: '203.0.113.7', port: 51_234 },
  destination: { address: '198.51.100.1', port: 443 },
};
const balancer = '127.0.0.9';
const seen = '203.0.113.7 51234 IPv4 198.51.100.1 443';
const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

interface World {
  readonly port: number;
  readonly clock: VirtualClock;
  readonly ca: string;
}

/** A server, over TLS unless said, that answers with both ends of each connection as it sees them. */
async function open(t: TestContext, { tls = true, mostWaiting = 100 } = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-proxied-'));
  t.after(() => rm(folder, { recursive: true }));
  const authority = createAuthority(folder);
  const files = authority.issue(['localhost']);
  const [cert, key] = [readFileSync(files.certFile, 'utf8'), readFileSync(files.keyFile, 'utf8')];
  const behind: HttpServer | HttpsServer = tls ? createHttpsServer({ cert, key }) : createHttpServer();
  behind.on('request', ({ socket }, response) => {
    const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
    response.end([remoteAddress, remotePort, remoteFamily, localAddress, localPort].join(' '));
  });
  const clock = new VirtualClock();
  const proxied = new ProxiedPort({ trusts: (address) => address === balancer, clock, mostWaiting });
  const outer: Server = fedServer({ behind, proxied, isHost: () => false, certificate: () => cert });
  outer.listen(0, '127.0.0.1');
  await once(outer, 'listening');
  t.after(() => {
    proxied.closeAll();
    behind.closeAllConnections();
    outer.close();
  });
  const { port } = outer.address() as AddressInfo;
  return { port, clock, ca: readFileSync(authority.caFile, 'utf8') };
}

/** A connection from the balancer, or from somebody else. */
function dial({ port }: World, localAddress = balancer): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  return socket;
}

async function answerOverTls(socket: Socket, { ca }: World): Promise<string> {
  const secure = connectTls({ socket, servername: 'localhost', ca });
  secure.write(get);
  return text(secure);
}

for (const [version, preface] of [
  ['1', textPreface(ends)],
  ['2', binaryPreface(ends)],
] as const) {
  test(`what a listed balancer says in version ${version} is what the server behind TLS sees`, async (t) => {
    const world = await open(t);
    const socket = dial(world);
    socket.write(preface);
    assert.ok((await answerOverTls(socket, world)).endsWith(seen));
  });

  test(`the same in version ${version} without TLS, byte by byte and in one piece with the request`, async (t) => {
    const world = await open(t, { tls: false });
    const whole = Buffer.concat([preface, Buffer.from(get)]);
    const slow = dial(world);
    slow.setNoDelay(true);
    for (const byte of whole) {
      slow.write(Buffer.of(byte));
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    assert.ok((await text(slow)).endsWith(seen));
    const atOnce = dial(world);
    atOnce.write(whole);
    assert.ok((await text(atOnce)).endsWith(seen));
  });
}

test('requests that follow on one connection are answered, after the preface and its own pause', async (t) => {
  const world = await open(t, { tls: false });
  const socket = dial(world);
  socket.write(binaryPreface(ends));
  await new Promise<void>((resolve) => void setImmediate(resolve));
  let heard = '';
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  for (let count = 1; count <= 3; count += 1) {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(`answer ${count}`, () => (heard.split(seen).length > count ? true : undefined));
  }
  socket.destroy();
});

test('a listed balancer that says nothing of whom it is for speaks for itself', async (t) => {
  const world = await open(t);
  const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
  for (const preface of [Buffer.alloc(0), local, Buffer.from('PROXY UNKNOWN\r\n')]) {
    const socket = dial(world);
    socket.write(preface);
    assert.match(await answerOverTls(socket, world), /127\.0\.0\.9 \d+ IPv4 127\.0\.0\.1 \d+$/);
  }
});

test('SEC-A18 a preface of anybody else is no TLS and no HTTP', async (t) => {
  const world = await open(t);
  const plain = await open(t, { tls: false });
  for (const preface of [textPreface(ends), binaryPreface(ends)]) {
    const socket = dial(world, '127.0.0.1');
    socket.write(preface);
    assert.doesNotMatch(await answerOverTls(socket, world).catch(String), /HTTP/);
    const other = dial(plain, '127.0.0.1');
    other.end(Buffer.concat([preface, Buffer.from(get)]));
    const answer = await text(other);
    assert.ok(answer.startsWith('HTTP/1.1 400') && !answer.includes('203.0.113.7'), answer);
  }
  assert.match(
    await answerOverTls(dial(world, '127.0.0.1'), world),
    /127\.0\.0\.1 \d+ IPv4 127\.0\.0\.1 \d+$/,
  );
});

test('SEC-A18 of two prefaces the second is the connection’s own bytes', async (t) => {
  const world = await open(t, { tls: false });
  const socket = dial(world);
  const forged = { ...ends, source: { address: '192.0.2.66', port: 1 } };
  socket.end(Buffer.concat([binaryPreface(ends), textPreface(forged), Buffer.from(get)]));
  assert.match(await text(socket), /^HTTP\/1\.1 400/);
});

test('a broken preface of a listed balancer reaches nobody, who might read it as something else', async (t) => {
  const world = await open(t, { tls: false });
  for (const broken of ['PROXY TCP4 nonsense\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n']) {
    const socket = dial(world);
    socket.end(broken + get);
    assert.equal(await text(socket).catch(() => ''), '');
  }
});

test('SEC-D7 a balancer that is slow, ends early, or writes without end is let go, and of too many the oldest', async (t) => {
  const world = await open(t, { mostWaiting: 3 });
  const begun = async (bytes: Buffer): Promise<Socket> => {
    const socket = dial(world);
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  };
  const closed = async (socket: Socket): Promise<void> => {
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  };
  await closed(await begun(Buffer.from('PROXY NONSENSE\r\n')));
  await closed(await begun(Buffer.alloc(longestPreface, 'PROXY ')));
  const early = await begun(Buffer.from('PROXY TCP4 '));
  early.end();
  await closed(early);
  const waiting: Socket[] = [];
  for (let count = 0; count < 4; count += 1) waiting.push(await begun(Buffer.from('PROXY ')));
  await closed(waiting[0] as Socket);
  assert.deepEqual(
    waiting.map((socket) => socket.closed),
    [true, false, false, false],
  );
  world.clock.advance(prefaceMs);
  await Promise.all(waiting.map(closed));
});

test('two visitors on one balancer are two to a server that keeps connections', async (t) => {
  const world = await open(t, { tls: false });
  const answers = await Promise.all(
    [1, 2].map(async (last) => {
      const createConnection = (): Socket => {
        const socket = dial(world);
        socket.write(binaryPreface({ ...ends, source: { address: `203.0.113.${last}`, port: 1_000 } }));
        return socket;
      };
      const asked = request({ createConnection, host: 'a' });
      asked.end();
      const [answer] = await once(asked, 'response');
      return text(answer);
    }),
  );
  assert.deepEqual(
    answers.map((answer) => answer.split(' ')[0]),
    ['203.0.113.1', '203.0.113.2'],
  );
});
