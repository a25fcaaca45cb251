import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

let bench: WebBench;
const origin = createServer((request, response) => response.end(`${request.method} ${request.url}`));

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  bench = await WebBench.start({ [wiki]: [`http://localhost:${portOf(origin)}`] });
});
after(async () => {
  await bench.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

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
