/** The bounds under which the controller asks a provider anything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { test, type TestContext } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { mayReachBy, parseEgress, type EgressRule } from '../../controller/egress.ts';
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

const anywhere = mayReachBy(parseEgress('any') as EgressRule, () => 1);

const get = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;

test('SEC-G5 a redirect is handed on and never followed', async (t) => {
  let asked = 0;
  const url = await serve(t, (_request, response) => {
    asked += 1;
    response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
  });
  const answer = await providerFetch(anywhere, undefined)(url, get);
  assert.equal(answer.status, 302);
  assert.equal(asked, 1);
});

test('SEC-G5, SEC-D5 an answer of 64 kB passes and one byte more does not, whatever its length says', async (t) => {
  let bytes = 65_536;
  const url = await serve(t, (_request, response) => {
    response.write(Buffer.alloc(bytes - 1));
    response.end(Buffer.alloc(1));
  });
  assert.equal((await (await providerFetch(anywhere, undefined)(url, get)).arrayBuffer()).byteLength, bytes);
  bytes += 1;
  await assert.rejects(providerFetch(anywhere, undefined)(url, get), /more than 65536 bytes/);
});

test('REL-9 a provider that answers nothing, or one byte at a time, is given up when its time is over', async (t) => {
  const silent = await serve(t, () => undefined);
  await assert.rejects(providerFetch(anywhere, undefined, 50)(silent, get), { name: 'TimeoutError' });
  const dripping = await serve(t, (_request, response) => {
    const timer = setInterval(() => response.write('.'), 10);
    response.on('close', () => clearInterval(timer));
  });
  await assert.rejects(providerFetch(anywhere, undefined, 80)(dripping, get), { name: 'TimeoutError' });
});

for (const [encoding, pack] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['gzip, gzip', (text: string) => gzipSync(gzipSync(text))],
  ['zstd', zstdCompressSync],
] as const) {
  test(`SEC-D5 an answer in ${encoding} is not asked for and not unpacked`, async (t) => {
    const accepted: unknown[] = [];
    const url = await serve(t, (request, response) => {
      accepted.push(request.headers['accept-encoding']);
      response.setHeader('content-encoding', encoding);
      response.end(pack('{"issuer":"https://idp.acme.example"}'));
    });
    await assert.rejects(providerFetch(anywhere, undefined)(url, get), /compressed, which nobody asked for/);
    assert.deepEqual(accepted, ['identity']);
  });
}

test('a form is sent as one, and the answer keeps its headers', async (t) => {
  const seen: unknown[] = [];
  const url = await serve(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push(request.method, request.headers['content-type'], Buffer.concat(chunks).toString());
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    });
  });
  const body = new URLSearchParams({ code: 'a b', state: 'ü' });
  const answer = await providerFetch(anywhere, undefined)(url, { ...get, method: 'POST', body });
  assert.deepEqual(seen, [
    'POST',
    'application/x-www-form-urlencoded;charset=UTF-8',
    'code=a+b&state=%C3%BC',
  ]);
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.deepEqual(await answer.json(), { error: 'invalid_grant' });
});
