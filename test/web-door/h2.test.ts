import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { inFrontOf } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

let bench: WebBench;
const origin = createServer((request, response) => {
  if (request.url !== '/broken') {
    response.end(`${request.method} ${request.url}`);
    return;
  }
  response.writeHead(200, { 'content-length': 100 });
  response.write('a part of it');
  setImmediate(() => request.socket.destroy());
});

before(async () => {
  bench = await inFrontOf(origin);
});
after(() => bench.close());

test('over HTTP/2 many requests share a connection', async () => {
  const alice = await bench.signIn(wiki);
  const session = connect(`https://${wiki}:${bench.port}`, {
    createConnection: () => bench.raw(wiki, 'h2'),
  });
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const stream = session.request({ ':path': `/${index}`, cookie: alice.cookie });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    }),
  );
  assert.deepEqual(
    answers,
    Array.from({ length: 20 }, (_, index) => `GET /${index}`),
  );
  session.close();
});

test('a body that is refused costs the connection nothing', async () => {
  const session = connect(`https://${wiki}:${bench.port}`, {
    createConnection: () => bench.raw(wiki, 'h2'),
  });
  const ask = async (headers: Record<string, string>, body?: Buffer): Promise<string> => {
    const stream = session.request(headers);
    let status = 0;
    stream.on('response', (answered) => {
      status = Number(answered[':status']);
    });
    stream.end(body);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined);
    stream.resume();
    await closed;
    return `${status} ${stream.rstCode}`;
  };
  assert.equal(await ask({ ':path': '/upload', ':method': 'POST' }, Buffer.alloc(300_000)), '401 0');
  assert.equal(
    await ask(
      {
        ':path': '/x',
        ':method': 'POST',
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
      },
      Buffer.alloc(0),
    ),
    '401 0',
  );
  assert.equal(await ask({ ':path': '/', accept: 'text/html' }), '303 0');
  session.close();
});

test('an answer that its origin breaks off is not taken for whole, over either protocol', async () => {
  const { cookie } = await bench.signIn(wiki);
  await assert.rejects(bench.ask('/broken', { cookie }), /aborted|hang up/);
  const session = connect(`https://${wiki}:${bench.port}`, {
    createConnection: () => bench.raw(wiki, 'h2'),
  });
  const stream = session.request({ ':path': '/broken', cookie });
  stream.on('error', () => undefined);
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
  assert.notEqual(stream.rstCode, 0);
  session.close();
});
