/**
 * What holds for requests at the web door, asked again as an upgrade (SEC-A16): forwarded hosts, content types, paths of return,
 * cookies of the origin, slow heads; and what becomes of a WebSocket whose ends speak no WebSocket at all.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { exchange, type RawAnswer } from '../web-door/support/raw-exchange.ts';
import { inFrontOf, webSocket } from '../web-door/support/in-front-of.ts';
import { wiki, type WebBench } from '../web-door/support/web-bench.ts';

const agreed = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

let bench: WebBench;
let cookie = '';
/** What the origin was sent, connection by connection. */
let heard: string[] = [];
let answer: (socket: Socket) => void;
/** The newest connection to the origin. */
let newest: Socket | undefined;
const origin = createServer((socket) => {
  newest = socket;
  const index = heard.push('') - 1;
  socket.on('data', (chunk: Buffer) => {
    const before = heard[index] ?? '';
    heard[index] = before + chunk.toString('latin1');
    if (!before.includes('\r\n\r\n') && heard[index]?.includes('\r\n\r\n')) answer(socket);
  });
});

before(async () => {
  bench = await inFrontOf(origin);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());
beforeEach(() => {
  heard = [];
  answer = (socket) => void socket.write(`${agreed}\r\n`);
});

const host = (): string => `Host: ${wiki}:${bench.port}\r\n`;
const own = (): string => `https://${wiki}:${bench.port}`;

function upgrade(headers: string, path = '/socket', who = `Cookie: ${cookie}\r\n`): Promise<RawAnswer> {
  const request = `GET ${path} HTTP/1.1\r\n${host()}${who}${headers}${webSocket}\r\n`;
  return exchange(bench.raw(), [request], 2_000, true);
}

/** An upgraded connection, whose head has been read. */
async function upgraded(): Promise<TLSSocket> {
  const socket = bench.raw();
  socket.on('error', () => undefined);
  socket.write(`GET /socket HTTP/1.1\r\n${host()}Cookie: ${cookie}\r\n${webSocket}\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  assert.match(head.toString('latin1'), /^HTTP\/1\.1 101 /);
  return socket;
}

test('SEC-A16, SEC-B4 as an upgrade: forwarded hosts and schemes change neither origin check nor what the application is told', async () => {
  const forged = [
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Port: 1',
    'Forwarded: host=evil.example;proto=http',
    'X-Forwarded-Server: evil.example',
  ].join('\r\n');
  const foreign = await upgrade(`${forged}\r\nOrigin: https://evil.example\r\n`);
  assert.deepEqual(foreign.statuses, [403]);
  assert.deepEqual((await upgrade(`${forged}\r\n`, '/socket', '')).statuses, [401]);
  assert.deepEqual(heard, []);
  assert.deepEqual((await upgrade(`${forged}\r\nOrigin: ${own()}\r\n`)).statuses, [101]);
  const [head = ''] = heard;
  assert.ok(!/evil\.example/.test(head), head);
  assert.match(head, /^x-forwarded-host: wiki\.acme\.example/im);
  assert.match(head, /^x-forwarded-proto: https\r$/im);
});

test('SEC-C4 as an upgrade: whatever content type it claims, an upgrade has no body, and one that has is refused', async () => {
  for (const type of ['application/json\ta', 'application/json;', 'text/plain, application/json', '\u00ff']) {
    assert.deepEqual((await upgrade(`Content-Type: ${type}\r\n`, '/socket', '')).statuses, [401], type);
    heard = [];
    const withBody = await upgrade(`Content-Type: ${type}\r\nContent-Length: 2\r\n`);
    assert.equal(withBody.statuses[0], 400, type);
    assert.deepEqual(heard, [], type);
  }
});

test('SEC-G8 as an upgrade: neither the way back from a sign-in nor a sign-out is an upgrade', async () => {
  for (const path of [
    '/.postern/callback?code=x&n=0000&rd=//evil.example',
    '/.postern/callback?rd=https://evil.example',
    '/.postern/logout?everywhere',
    '/.postern/jwks.json',
  ]) {
    const { statuses, text } = await upgrade('', path);
    assert.deepEqual(statuses, [404], path);
    assert.ok(!/^location:|^set-cookie:/im.test(text), text);
  }
  assert.deepEqual(heard, []);
});

test('SEC-J5, SEC-J6 as an upgrade: an origin that agrees, or refuses, cannot touch the cookies of the door', async () => {
  const extras =
    'Set-Cookie: theme=dark; Domain=acme.example\r\nSet-Cookie: __Host-postern=x; Path=/; Secure\r\nSet-Cookie: =__Host-postern=x\r\nClear-Site-Data: "*"\r\nAlt-Svc: h2="evil.example:443"\r\nService-Worker-Allowed: /\r\n';
  for (const head of [agreed, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n']) {
    answer = (socket) => void socket.write(`${head}${extras}\r\n`);
    const { text } = await upgrade('');
    const cookies = [...text.matchAll(/^set-cookie: ?(.*)\r$/gim)].map(([, value]) => value);
    assert.deepEqual(cookies, ['theme=dark']);
    assert.ok(!/^(clear-site-data|alt-svc|service-worker-allowed):/im.test(text), text);
  }
});

/** No WebSocket frames of RFC 6455 §5.2: reserved bits and opcodes, lengths beyond all bounds, split control frames. */
const badFrames = {
  'reserved bits': Buffer.from([0xf1, 0x00]),
  'a reserved opcode': Buffer.from([0x8b, 0x00]),
  'a length of 2^63': Buffer.from([0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  'a control frame in pieces': Buffer.from([0x09, 0x00, 0x80, 0x00]),
  'a ping that is too long': Buffer.concat([Buffer.from([0x89, 0x7e, 0x01, 0x00]), Buffer.alloc(256)]),
  'a close without sense': Buffer.from([0x88, 0x02, 0x00, 0x01]),
  'text that is no UTF-8': Buffer.from([0x81, 0x02, 0xc3, 0x28]),
  'a masked frame with no key': Buffer.from([0x81, 0xff]),
  'HTTP again': Buffer.from(`GET / HTTP/1.1\r\nHost: ${wiki}\r\n\r\n`),
  'an answer': Buffer.from('HTTP/1.1 200 OK\r\nSet-Cookie: __Host-postern=x\r\nContent-Length: 0\r\n\r\n'),
};

test('SEC-D2, T5: bad frames of a browser reach its own origin as they are and nothing else, and the door lives', async () => {
  for (const [what, bytes] of Object.entries(badFrames)) {
    heard = [];
    const socket = await upgraded();
    const last = once(socket, 'close');
    answer = () => undefined;
    const theirs = newest;
    const ended = new Promise((resolve) => theirs?.once('close', resolve));
    socket.end(bytes);
    socket.resume();
    theirs?.once('end', () => theirs.end());
    await Promise.all([last, ended]);
    const [got = ''] = heard;
    assert.equal(got.slice(got.indexOf('\r\n\r\n') + 4), bytes.toString('latin1'), what);
    assert.equal(heard.length, 1, what);
    answer = (one) => void one.write(`${agreed}\r\n`);
  }
  assert.deepEqual((await upgrade('')).statuses, [101]);
});

test('SEC-D2, T5: bad frames of an origin reach that browser as they are and nobody else, and the door lives', async () => {
  const other = await upgraded();
  const seenByOther: Buffer[] = [];
  other.on('data', (chunk: Buffer) => seenByOther.push(chunk));
  for (const [what, bytes] of Object.entries(badFrames)) {
    answer = (socket) => {
      socket.write(`${agreed}\r\n`, () => socket.end(bytes));
    };
    const socket = bench.raw();
    const chunks: Buffer[] = [];
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(`GET /socket HTTP/1.1\r\n${host()}Cookie: ${cookie}\r\n${webSocket}\r\n`);
    await once(socket, 'end');
    socket.destroy();
    const all = Buffer.concat(chunks).toString('latin1');
    assert.equal(all.slice(all.indexOf('\r\n\r\n') + 4), bytes.toString('latin1'), what);
  }
  assert.deepEqual(seenByOther, []);
  assert.equal(other.destroyed, false);
  other.destroy();
  answer = (socket) => void socket.write(`${agreed}\r\n`);
  assert.deepEqual((await upgrade('')).statuses, [101]);
});

test('SEC-D7 as an upgrade: WebSockets whose browsers read nothing hold little of what the origin sends, and others are answered', async () => {
  let written = 0;
  const block = Buffer.alloc(65_536, 7);
  const mostBytes = 20 * 100_000_000;
  answer = (socket) => {
    socket.write(`${agreed}\r\n`);
    const more = (): void => {
      do written += block.length;
      while (socket.write(block) && written < mostBytes);
      socket.once('drain', more);
    };
    more();
  };
  const stalled = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await upgraded();
      socket.pause();
      return socket;
    }),
  );
  const alice = await bench.signIn(wiki);
  let before = -1;
  while (written !== before) {
    before = written;
    for (let index = 0; index < 20; index += 1)
      assert.equal((await bench.ask('/.postern/jwks.json', { cookie: alice.cookie })).status, 200);
  }
  assert.ok(written < 20 * 16e6, `${written} bytes were taken from the origin for twenty who read nothing`);
  for (const socket of stalled) socket.destroy();
});

test('SEC-D7 as an upgrade: browsers that send without end to an origin that reads nothing are held back', async () => {
  answer = (socket) => {
    socket.write(`${agreed}\r\n`);
    socket.pause();
  };
  const block = Buffer.alloc(65_536, 7);
  const sending = await Promise.all(Array.from({ length: 10 }, () => upgraded()));
  const written = sending.map(() => 0);
  for (const [index, socket] of sending.entries()) {
    socket.resume();
    const more = (): void => {
      do written[index] = (written[index] ?? 0) + block.length;
      while (socket.write(block) && (written[index] ?? 0) < 100_000_000);
      socket.once('drain', more);
    };
    more();
  }
  const total = (): number => written.reduce((sum, each) => sum + each, 0);
  let before = -1;
  while (total() !== before) {
    before = total();
    for (let index = 0; index < 20; index += 1)
      assert.equal((await bench.ask('/.postern/jwks.json', { cookie })).status, 200);
  }
  assert.ok(total() < 10 * 16e6, `${total()} bytes were taken of ten whose origin reads nothing`);
  for (const socket of sending) socket.destroy();
});
