import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Fault } from '../../protocol/errors.ts';
import { openIdentity } from '../../protocol/node/identity.ts';
import { callLocalApi, localSocket, serveLocalApi } from '../../protocol/node/local-api.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';

const nobody = 65_534;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'local-api-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

/** How curl, run as this user, ends on the socket: 0 for an answer, 7 when it may not connect. */
function curlAs(uid: number, socket: string): Promise<number> {
  const ask = ['curl', '-sS', '-o', '/dev/null', '--unix-socket', socket, 'http://local/v1/status'];
  return new Promise((resolve) => {
    execFile('setpriv', ['--reuid', String(uid), '--clear-groups', ...ask], (error) =>
      resolve(error === null ? 0 : Number(error.code)),
    );
  });
}

test('SEC-E4 the local socket is for its owner alone, whatever the mode of the folder around it', async (t) => {
  const path = folder(t);
  const api = await serveLocalApi(path, { 'GET /v1/status': () => ({ ok: true }) });
  t.after(() => api.close());
  assert.equal(mode(localSocket(path)), 0o600);
  assert.deepEqual(await callLocalApi(path, 'GET', '/v1/status'), { ok: true });
  // As if somebody had opened the folder to everyone: the socket's own mode still holds.
  chmodSync(path, 0o755);
  assert.equal(await curlAs(0, localSocket(path)), 0);
  assert.equal(await curlAs(nobody, localSocket(path)), 7);
});

test('a second process on one state directory is refused, and a socket left by a crash is not in the way', async (t) => {
  const path = folder(t);
  writeFileSync(localSocket(path), '');
  const api = await serveLocalApi(path, {});
  t.after(() => api.close());
  await assert.rejects(serveLocalApi(path, {}), (error) => error instanceof Fault && error.code === 'busy');
});

test('the local API answers its own routes alone, with the Fault of a route that refuses', async (t) => {
  const path = folder(t);
  const api = await serveLocalApi(path, {
    'POST /v1/refuse': () => {
      throw new Fault('denied', 'not this');
    },
  });
  t.after(() => api.close());
  const code = (method: 'GET' | 'POST', route: string, body?: unknown): Promise<string> =>
    callLocalApi(path, method, route, body).then(
      () => 'answered',
      (error: unknown) => (error instanceof Fault ? error.code : 'other'),
    );
  assert.equal(await code('POST', '/v1/refuse', {}), 'denied');
  assert.equal(await code('GET', '/v1/refuse'), 'no-name');
  assert.equal(await code('GET', '/__proto__'), 'no-name');
  assert.equal(await code('POST', '/v1/refuse', 'x'.repeat(100_000)), 'limit');
});

test('T11 keys and memory lie in files of their owner alone, in a folder of their owner alone', (t) => {
  const path = join(folder(t), 'state');
  const identity = openIdentity(openStateDirectory(path));
  assert.equal(mode(path), 0o700);
  for (const file of ['machine.key', 'node.key']) assert.equal(mode(join(path, file)), 0o600, file);
  const again = openIdentity(openStateDirectory(path));
  assert.deepEqual(again.nodeKey.publicKey, identity.nodeKey.publicKey);
  writeFileSync(join(path, 'machine.key'), 'short');
  assert.throws(() => openIdentity(openStateDirectory(path)), /machine\.key is damaged/);
});
