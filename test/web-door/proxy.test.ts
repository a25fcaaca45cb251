import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

let bench: WebBench;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const origin = createServer((request, response) => answer(request, response));

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  bench = await WebBench.start({ [wiki]: [`http://localhost:${portOf(origin)}`] });
});
after(async () => {
  await bench.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

test('who is signed in reaches the application, which is told who it is', async () => {
  const alice = await bench.signIn(wiki);
  answer = (request, response) =>
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  const { status, body } = await bench.ask('/a%20b?c=%2F', { cookie: alice.cookie });
  assert.equal(status, 200, body);
  const { url, headers } = JSON.parse(body) as { url: string; headers: Record<string, string> };
  assert.equal(url, '/a%20b?c=%2F');
  assert.equal(headers['remote-user'], 'alice@acme.example');
  assert.equal(headers['cookie'], undefined);
});
