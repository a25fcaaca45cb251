/** The bounds under which the controller asks a provider anything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { test, type TestContext } from 'node:test';
import { providerFetch } from '../../controller/login/provider-fetch.ts';

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://provider.localhost:${address.port}/`;
}

const get = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;

test('SEC-G5 a redirect is handed on and never followed', async (t) => {
  let asked = 0;
  const url = await serve(t, (_request, response) => {
    asked += 1;
    response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
  });
  const answer = await providerFetch(undefined)(url, get);
  assert.equal(answer.status, 302);
  assert.equal(asked, 1);
});

test('SEC-G5 an answer of a megabyte passes and one byte more does not, whatever its length says', async (t) => {
  let bytes = 1_048_576;
  const url = await serve(t, (_request, response) => {
    response.write(Buffer.alloc(bytes - 1));
    response.end(Buffer.alloc(1));
  });
  assert.equal((await (await providerFetch(undefined)(url, get)).arrayBuffer()).byteLength, bytes);
  bytes += 1;
  await assert.rejects(providerFetch(undefined)(url, get), /more than 1048576 bytes/);
});

test('REL-9 a provider that answers nothing, or one byte at a time, is given up when its time is over', async (t) => {
  const silent = await serve(t, () => undefined);
  await assert.rejects(providerFetch(undefined, 50)(silent, get), { name: 'TimeoutError' });
  const dripping = await serve(t, (_request, response) => {
    const timer = setInterval(() => response.write('.'), 10);
    response.on('close', () => clearInterval(timer));
  });
  await assert.rejects(providerFetch(undefined, 80)(dripping, get), { name: 'TimeoutError' });
});
