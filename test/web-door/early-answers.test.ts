/** An origin that answers before it has read a body, as one does that finds it too large: what is left of it is not waited for. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { exchange } from './support/raw-exchange.ts';
import { inFrontOf } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
let cookie: string;
/** Answers a head, and takes nothing of what follows. */
const origin = createServer((socket) => {
  socket.on('data', (chunk: Buffer) => {
    const body = chunk.toString('latin1').startsWith('GET ') ? 'well' : 'too large';
    socket.write(
      `HTTP/1.1 ${body === 'well' ? 200 : 413} Said\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    if (body !== 'well') socket.pause();
  });
});

before(async () => {
  bench = await inFrontOf(origin);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());

test('over HTTP/1.1 the answer comes at once, and the connection ends with it', async () => {
  const head = `POST /upload HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\nContent-Length: 100000000\r\n\r\n`;
  const { text, closed } = await exchange(bench.raw(), [head + 'x'.repeat(10_000)]);
  assert.match(text, /^HTTP\/1\.1 413 [^]*too large$/);
  assert.ok(closed);
});

test('over HTTP/2 the answer comes at once, its stream is let go, and the connection goes on', async () => {
  const session = connect(`https://${wiki}:${bench.port}`, { createConnection: () => bench.raw(wiki, 'h2') });
  for (let time = 0; time < 3; time += 1) {
    const stream = session.request({ ':method': 'POST', ':path': '/upload', cookie });
    stream.on('error', () => undefined);
    // More than a window, and never ended.
    stream.write(Buffer.alloc(300_000));
    let body = '';
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 413);
    // By a reset that is no error: what was not sent yet is not wanted.
    if (!stream.aborted) await once(stream, 'aborted');
    if (!stream.readableEnded) await once(stream, 'end');
    assert.equal(body, 'too large');
    assert.equal(stream.rstCode, 0);
    stream.destroy();
  }
  const next = session.request({ ':path': '/', cookie });
  const [headers] = (await once(next, 'response')) as [Record<string, unknown>];
  assert.equal(headers[':status'], 200);
  session.destroy();
});
