/** REL-7 at the web door: a connector that is about to end lets its browsers go to another one, and leaves open work time to end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { beforeEach, afterEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { settle } from '../support/settle.ts';
import { inFrontOf, webSocket } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
let origin: ReturnType<typeof createServer>;
let cookie: string;
/** Answers that `/later` waits for. */
let waiting: ServerResponse[];
let asked: PromiseWithResolvers<void>;

beforeEach(async () => {
  waiting = [];
  asked = Promise.withResolvers<void>();
  origin = createServer((request, response) => {
    if (request.url === '/later') {
      waiting.push(response);
      asked.resolve();
      return;
    }
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      asked.resolve();
    });
    request.once('end', () => response.end(`${bytes}`));
  });
  origin.on('upgrade', (_request, socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  bench = await inFrontOf(origin);
  bench.peers = { con_x: { id: newId('con', systemRandom(16)), nk: '' } };
  ({ cookie } = await bench.signIn(wiki));
});
afterEach(() => bench.close());

/** A connection of a browser on which `lines` were written, and all that came back over it. */
function browser(lines: string): {
  socket: TLSSocket;
  heard: () => string;
  until: (part: string) => Promise<void>;
} {
  const socket = bench.raw();
  let heard = '';
  const waits = new Set<() => void>();
  const look = (): void => waits.forEach((wake) => wake());
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    look();
  });
  socket.once('close', look);
  socket.write(`${lines}Host: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`);
  const until = (part: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const wake = (): void => {
        if (heard.includes(part)) resolve();
        else if (socket.destroyed) reject(new Error(`it ended without ${part}: ${heard}`));
      };
      waits.add(wake);
      wake();
    });
  return { socket, heard: () => heard, until };
}

test('REL-7 what is under way goes on to its end, and no connection is kept beyond it', async () => {
  const idle = browser('GET / HTTP/1.1\r\n');
  await idle.until('\r\n\r\n0');
  const later = browser('GET /later HTTP/1.1\r\n');
  await asked.promise;
  asked = Promise.withResolvers();
  const upload = browser('PUT /upload HTTP/1.1\r\nContent-Length: 10\r\n');
  upload.socket.write('first');
  await asked.promise;
  const socket = browser(`GET /socket HTTP/1.1\r\n${webSocket}`);
  await socket.until('101 Switching');
  assert.equal(bench.door.openExchanges, 3);
  const idleEnds = once(idle.socket, 'close');
  bench.door.drain();
  await idleEnds;
  const refused = bench.raw();
  await new Promise((resolve) => refused.once('close', resolve));
  assert.equal(refused.getProtocol(), null, 'no handshake: it would have gone to the other connector');
  socket.socket.write('still here');
  await socket.until('still here');
  const closed = [upload, later].map((each) => once(each.socket, 'close'));
  upload.socket.write('-last');
  waiting[0]?.end('whole');
  await Promise.all(closed);
  for (const each of [upload, later]) {
    assert.match(each.heard(), /^HTTP\/1\.1 200 [^]*connection: close\r\n/i);
  }
  assert.match(upload.heard(), /\r\n\r\n(?:2\r\n)?10/);
  assert.match(later.heard(), /whole/);
  // The door hears of an end by its own side of the connection, some turns after the browser.
  await settle();
  assert.equal(bench.door.openExchanges, 1);
  bench.records.length = 0;
  const ended = once(socket.socket, 'close');
  assert.equal(await bench.door.close('draining'), 1);
  await ended;
  assert.deepEqual(
    bench.records.map(({ event, code, host }) => [event, code, host]),
    [['close', 'draining', wiki]],
  );
});

test('REL-7 HTTP/2 is told by GOAWAY: what was asked before is answered whole, what comes after goes elsewhere', async () => {
  const session = connect(`https://${wiki}:${bench.port}`, { createConnection: () => bench.raw(wiki, 'h2') });
  const stream = session.request({ ':path': '/later', cookie });
  await asked.promise;
  const told = once(session, 'goaway') as Promise<[code: number]>;
  bench.door.drain();
  const [code] = await told;
  assert.equal(code, 0);
  assert.equal(session.closed, true, 'it opens no stream any more');
  const closed = once(session, 'close');
  waiting[0]?.end('whole');
  assert.equal(await text(stream), 'whole');
  await closed;
  assert.equal(bench.door.openExchanges, 0);
});

test('REL-7 a connector that is the only one of its network goes on taking browsers until it ends', async () => {
  bench.peers = {};
  const kept = browser('GET / HTTP/1.1\r\n');
  await kept.until('\r\n\r\n0');
  bench.door.drain();
  const { status, headers } = await bench.ask('/', { cookie, headers: { connection: 'keep-alive' } });
  assert.deepEqual([status, headers.connection], [200, 'keep-alive']);
  kept.socket.write(`GET / HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n\r\n`);
  await kept.until('0HTTP/1.1 200');
});

test('REL-7 drained by an administrator it takes no browser, also where there is no other connector, and all of them once it is taken back', async () => {
  bench.peers = {};
  bench.door.setDrained(true);
  const refused = browser('GET / HTTP/1.1\r\n');
  const [error] = (await once(refused.socket, 'error')) as [Error];
  assert.match(error.message, /unrecognized name/);
  bench.door.setDrained(false);
  const taken = browser('GET / HTTP/1.1\r\n');
  await taken.until('HTTP/1.1 200');
  taken.socket.destroy();
});
