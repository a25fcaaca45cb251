/** Origins over HTTPS: whom the door believes, which name it asks for, and what people read where it does not. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { ConnectorWeb } from '../../protocol/web-resource.ts';
import { createAuthority } from '../support/authority.ts';
import { portOf, wiki, WebBench } from './support/web-bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-https-origins-'));
const authority = createAuthority(folder);
const ca = readFileSync(authority.caFile, 'utf8');
const { certFile, keyFile } = authority.issue(['localhost', 'inside.acme.internal']);
let reached = 0;
const origin = createServer(
  { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  (request, response) => {
    reached++;
    response.end(String((request.socket as TLSSocket & { servername?: unknown }).servername));
  },
);
const plain = createPlainServer((_request, response) => response.end('plain'));
let bench: WebBench;
let cookie = '';

before(async () => {
  for (const server of [origin, plain])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench = await WebBench.start({ [wiki]: [`https://localhost:${portOf(origin)}`] });
  ({ cookie } = await bench.signIn(wiki));
});
after(async () => {
  await bench.close();
  for (const server of [origin, plain]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

async function ask(
  changes: Partial<ConnectorWeb>,
  port = portOf(origin),
): Promise<{ status: number; body: string; reached: number }> {
  bench.publish(wiki, [`https://localhost:${port}`], changes);
  reached = 0;
  const { status, body } = await bench.ask('/', { cookie, headers: { accept: 'text/html' } });
  return { status, body, reached };
}

test('an authority that the resource names is believed, and the origin is asked by its own name', async () => {
  assert.deepEqual(await ask({ originCa: ca }), { status: 200, body: 'localhost', reached: 1 });
});

test('another name is asked for and checked where the resource says so', async () => {
  assert.deepEqual(await ask({ originCa: ca, originName: 'inside.acme.internal' }), {
    status: 200,
    body: 'inside.acme.internal',
    reached: 1,
  });
});

test('whatever the certificate, an origin is believed only where somebody wrote that it is not checked', async () => {
  assert.equal((await ask({ originInsecure: true })).status, 200);
});

test('a certificate that does not hold costs the origin every byte, and the page says which hop and what to mend', async () => {
  const wrong: readonly Partial<ConnectorWeb>[] = [
    {},
    { originCa: ca, originName: 'other.acme.internal' },
    { originCa: bench.ca },
  ];
  for (const changes of wrong) {
    const { status, body, reached: seen } = await ask(changes);
    assert.equal(status, 502);
    assert.match(body, /certificate/);
    assert.match(body, /application/);
    assert.equal(seen, 0);
  }
});

test('an origin that speaks no TLS is told apart from one whose certificate is wrong', async () => {
  const { status, body } = await ask({ originCa: ca }, portOf(plain));
  assert.equal(status, 502);
  assert.match(body, /TLS/);
});

test('a change of whom to believe holds for the next request, also where a connection was kept', async () => {
  assert.equal((await ask({ originCa: ca })).status, 200);
  assert.equal((await ask({})).status, 502);
});
