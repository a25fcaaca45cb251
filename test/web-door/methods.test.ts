/**
 * Every method that Node parses, with a body of any type and without, over both protocols: the application is asked what the
 * browser asked, and the body goes on as it comes.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, METHODS } from 'node:http';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { exchange } from './support/raw-exchange.ts';
import { inFrontOf } from './support/in-front-of.ts';
import { wiki, type WebBench } from './support/web-bench.ts';

/** CONNECT makes a tunnel, which nobody is given (SEC-A15). */
const methods = METHODS.filter((method) => method !== 'CONNECT');
let bench: WebBench;
let cookie: string;
let asked: string[] = [];
/** What has come of bodies so far. */
let came = '';
const origin = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    came += chunk.toString();
  });
  request.on('end', () => {
    asked.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
    response.end();
  });
});

before(async () => {
  bench = await inFrontOf(origin);
  ({ cookie } = await bench.signIn(wiki));
});
after(() => bench.close());

test('over HTTP/1.1 every method reaches the application as it was asked', async () => {
  assert.ok(methods.includes('PROPFIND') && methods.includes('QUERY') && methods.length > 30);
  for (const body of ['', 'a=1']) {
    asked = [];
    for (const method of methods) {
      const length = body === '' ? '' : `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n`;
      const head = `${method} /a?b=c HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n${length}\r\n`;
      const { statuses } = await exchange(bench.raw(), [`${head}${body}`], 2_000, true);
      assert.deepEqual(statuses, [200], `${method} ${body}`);
    }
    assert.deepEqual(
      asked,
      methods.map((method) => `${method} /a?b=c ${body}`),
    );
  }
});

test('over HTTP/2 as well', async () => {
  const session = connect(`https://${wiki}:${bench.port}`, { createConnection: () => bench.raw(wiki, 'h2') });
  for (const body of ['', 'a=1']) {
    asked = [];
    for (const method of methods) {
      const stream = session.request(
        {
          ':method': method,
          ':path': '/a?b=c',
          cookie,
          ...(body === '' ? {} : { 'content-type': 'text/plain' }),
        },
        { endStream: body === '' },
      );
      const answered = new Promise<number>((resolve, reject) => {
        stream.once('response', (headers) => resolve(Number(headers[':status'])));
        stream.once('error', reject);
      });
      if (body !== '') stream.end(body);
      stream.resume();
      assert.equal(await answered, 200, `${method} ${body}`);
    }
    assert.deepEqual(
      asked,
      methods.map((method) => `${method} /a?b=c ${body}`),
    );
  }
  session.close();
});

test('a body of any type goes on as it comes: none is read whole before the application hears of it', async () => {
  const types = [
    undefined,
    'text/plain',
    'text/plain;charset=UTF-8',
    'TEXT/PLAIN',
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'text/html',
    'application/vnd.acme+json',
  ];
  for (const type of types) {
    const line = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    came = '';
    asked = [];
    const socket = bench.raw();
    socket.write(
      `POST /upload HTTP/1.1\r\nHost: ${wiki}:${bench.port}\r\nCookie: ${cookie}\r\n${line}Content-Length: 6\r\n\r\nfir`,
    );
    await eventually(`the first half of ${type}`, () => (came === 'fir' ? true : undefined), { everyMs: 5 });
    socket.write('st!');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 /, type);
    assert.deepEqual(asked, ['POST /upload first!'], type);
    socket.destroy();
  }
});
