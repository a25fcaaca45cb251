/** Lines without end, and versions of TLS, at the web door: what a connection costs is bounded, whatever it goes on to write. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { after, before, test } from 'node:test';
import { inFrontOf } from '../web-door/support/in-front-of.ts';
import { git, wiki, type WebBench } from '../web-door/support/web-bench.ts';

let bench: WebBench;
const origin = createServer((request, response) => {
  request.on('error', () => undefined);
  request.resume();
  request.once('end', () => response.end('from the origin'));
});

before(async () => {
  bench = await inFrontOf(origin, [wiki, git]);
});
after(() => bench.close());

/** Writes `piece` again and again after `begin`; how many bytes of it were written until the door let go. */
async function writtenUntilClosed(begin: string, piece: string, mostBytes: number): Promise<number> {
  const socket = bench.raw();
  const over = new AbortController();
  socket.once('close', () => over.abort());
  socket.resume();
  await once(socket, 'secureConnect');
  socket.write(begin);
  let written = 0;
  while (!over.signal.aborted && written < mostBytes) {
    written += piece.length;
    if (socket.write(piece)) await new Promise((resolve) => setImmediate(resolve));
    else await once(socket, 'drain', { signal: over.signal }).catch(() => undefined);
  }
  socket.destroy();
  return written;
}

test('SEC-D1: header lines, chunk extensions and trailers without end close a connection at the web door', async () => {
  const { cookie } = await bench.signIn(wiki);
  const host = `Host: ${wiki}:${bench.port}\r\n`;
  const post = `POST /upload HTTP/1.1\r\n${host}Cookie: ${cookie}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const endless: Readonly<Record<string, readonly [begin: string, piece: string]>> = {
    'a header line': [`GET / HTTP/1.1\r\n${host}X: `, 'a'.repeat(4_096)],
    'header lines': [`GET / HTTP/1.1\r\n${host}`, 'X: a\r\n'.repeat(512)],
    'header lines of an upgrade': [
      `GET / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n`,
      'X: a\r\n'.repeat(512),
    ],
    'a request line': ['GET /', 'a'.repeat(4_096)],
    'a chunk extension': [`${post}1;`, 'a'.repeat(4_096)],
    trailers: [`${post}1\r\nx\r\n0\r\n`, 'X: a\r\n'.repeat(512)],
  };
  const most = 2 * 1_024 * 1_024;
  for (const [what, [begin, piece]] of Object.entries(endless)) {
    const written = await writtenUntilClosed(begin, piece, most);
    assert.ok(written < most, `${what}: ${written} bytes were taken`);
  }
  assert.equal((await bench.ask('/', { cookie })).status, 200);
});

test('over a connection for one hostname another is misdirected, over HTTP/2 as well, and no second name is believed', async () => {
  const { cookie } = await bench.signIn(wiki);
  const session = connectHttp2(`https://${wiki}:${bench.port}`, {
    createConnection: () => bench.raw(wiki, 'h2'),
  });
  const status = async (headers: Record<string, string>): Promise<number> => {
    const stream = session.request({ ':path': '/', cookie, ...headers });
    stream.on('error', () => undefined);
    stream.resume();
    stream.end();
    const [answered] = (await once(stream, 'response')) as [Record<string, unknown>];
    return Number(answered[':status']);
  };
  const own = `${wiki}:${bench.port}`;
  assert.equal(await status({ ':authority': own }), 200);
  assert.equal(await status({ ':authority': `${git}:${bench.port}` }), 421);
  assert.equal(await status({ ':authority': own, host: `${git}:${bench.port}` }), 400);
  session.close();
  const { status: overHttp1 } = await bench.ask('/', { cookie, headers: { host: `${git}:${bench.port}` } });
  assert.equal(overHttp1, 421);
});

test('browsers of TLS 1.2 and 1.3 are served, older ones are not', async () => {
  const version = (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
    new Promise((resolve) => {
      const socket: TLSSocket = connectTls({
        host: '127.0.0.1',
        port: bench.port,
        servername: wiki,
        ca: bench.ca,
        minVersion: 'TLSv1.1',
        maxVersion,
        // Else the library of this side would not offer what it holds for unsafe.
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.on('error', () => undefined);
      socket.once('close', () => resolve('refused'));
      socket.once('secureConnect', () => {
        resolve(socket.getProtocol() ?? '');
        socket.destroy();
      });
    });
  assert.deepEqual(
    [await version('TLSv1.1'), await version('TLSv1.2'), await version('TLSv1.3')],
    ['refused', 'TLSv1.2', 'TLSv1.3'],
  );
});
