/** Every method that Node parses, with a body and without, over both protocols: the application is asked what the browser asked. */
import assert from 'node:assert/strict';
import { createServer, METHODS } from 'node:http';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { exchange } from './support/raw-exchange.ts';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

/** CONNECT makes a tunnel, which nobody is given (SEC-A15). */
const methods = METHODS.filter((method) => method !== 'CONNECT');
let bench: WebBench;
let cookie: string;
let asked: string[] = [];
const origin = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    asked.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
    response.end();
  });
});

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  bench = await WebBench.start({ [wiki]: [`http://localhost:${portOf(origin)}`] });
  ({ cookie } = await bench.signIn(wiki));
});
after(async () => {
  await bench.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

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
