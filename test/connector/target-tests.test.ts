/** A target is tried as a flow to it would be: by the same guard, step by step, and nothing of it but codes is told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { TargetTests, testTarget } from '../../connector/dial/target-tests.ts';
import { systemClock } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { targetTestMs, type Probed, type Target } from '../../protocol/target-test.ts';
import { settle } from '../support/settle.ts';
import { createAuthority } from '../support/authority.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => new Promise<void>((done) => void server.close(() => done())));
  return (server.address() as AddressInfo).port;
}

const options = { resolve: async () => ['127.0.0.1'], clock: systemClock };
const at = (port: number, speak: Target['speak'] = 'tcp', host = '127.0.0.1'): Target => ({
  host,
  port,
  speak,
});
const outcome = async (target: Target, more: object = {}) =>
  (await testTarget(target, { ...options, ...more })).map(({ step, code, status }) =>
    [step, code ?? 'ok', ...(status === undefined ? [] : [status])].join(' '),
  );

test('a web application answers: name, connection and HTTP, each with its time', async (t) => {
  const asked: string[] = [];
  const port = await listening(
    t,
    createHttpServer(({ method, url, headers }, response) => {
      asked.push(`${String(method)} ${String(url)} ${String(headers.host)}`);
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    }),
  );
  const steps = await testTarget(at(port, 'http', 'localhost'), options);
  assert.deepEqual(
    steps.map(({ step, code, status }) => [step, code, status]),
    [
      ['dns', undefined, undefined],
      ['tcp', undefined, undefined],
      ['http', undefined, 302],
    ],
  );
  assert.ok(steps.every(({ ms }) => Number.isInteger(ms)));
  // One question, and no redirect is followed.
  assert.deepEqual(asked, ['GET / localhost']);
});

test('what fails is named, and nothing is tried after it', async (t) => {
  const silent = await listening(
    t,
    createServer().on('connection', (socket) => socket.resume().end('no such thing\n')),
  );
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: closed } = gone.address() as AddressInfo;
  await new Promise<void>((done) => void gone.close(() => done()));
  assert.deepEqual(await outcome(at(silent, 'http')), ['dns ok', 'tcp ok', 'http no-http']);
  assert.deepEqual(await outcome(at(silent, 'https')), ['dns ok', 'tcp ok', 'tls no-tls']);
  assert.deepEqual(await outcome(at(closed)), ['dns ok', 'tcp refused']);
  const resolve = async (): Promise<string[]> => {
    throw new Fault('no-name');
  };
  assert.deepEqual(await outcome(at(80, 'tcp', 'wiki.acme.internal'), { resolve }), ['dns no-name']);
  const folder = await mkdtemp(join(tmpdir(), 'postern-target-'));
  t.after(() => rm(folder, { recursive: true }));
  const { certFile, keyFile } = createAuthority(folder).issue(['localhost']);
  const files = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const secure = createTlsServer(files).on('tlsClientError', () => undefined);
  const port = await listening(t, secure);
  assert.deepEqual(await outcome(at(port, 'https', 'localhost')), ['dns ok', 'tcp ok', 'tls certificate']);
});

test('SEC-F1 a test reaches nothing that a resource of that address could not', async (t) => {
  let dialled = 0;
  const port = await listening(
    t,
    createServer().on('connection', (socket) => {
      dialled += 1;
      socket.destroy();
    }),
  );
  const refused = ['dns address-forbidden'];
  // A name that leads to loopback, to metadata, and a spelling of loopback that is no literal.
  assert.deepEqual(await outcome(at(port, 'tcp', 'wiki.acme.internal')), refused);
  const metadata = { resolve: async () => ['169.254.169.254'] };
  assert.deepEqual(await outcome(at(80, 'http', 'wiki.acme.internal'), metadata), refused);
  assert.deepEqual(await outcome(at(port, 'tcp', '127.1')), refused);
  const own = { isOwnListener: () => true };
  assert.deepEqual(await outcome(at(port), own), ['dns ok', 'tcp address-forbidden']);
  const below = { ...at(port, 'tcp', 'x.db.acme.internal'), wildcard: '*.db.acme.internal' };
  assert.deepEqual(await outcome({ ...below, within: ['127.0.0.0/8'] }), refused);
  // Not below the wildcard at all.
  const elsewhere = { resolve: async () => ['10.0.0.9'] };
  const beside = { ...below, host: 'x.web.acme.internal', within: ['10.0.0.0/8'] };
  assert.deepEqual(await outcome(beside, elsewhere), refused);
  assert.equal(dialled, 0);
});

test('few run at once, and one that nobody answers ends in time', async () => {
  const clock = new VirtualClock();
  const answers: Probed[] = [];
  const tests = new TargetTests({
    resolve: () => new Promise(() => undefined),
    clock,
    send: (answer) => void answers.push(answer),
  });
  const question = 'A'.repeat(22);
  for (let n = 0; n < 5; n++) tests.take({ t: 'probe', question, target: at(80, 'tcp', 'a.acme.internal') });
  assert.deepEqual(answers, [{ t: 'probed', question, steps: [{ step: 'dns', ms: 0, code: 'busy' }] }]);
  clock.advance(targetTestMs);
  await settle();
  assert.equal(answers.length, 5);
  assert.deepEqual(answers.at(-1)?.steps, [{ step: 'dns', ms: targetTestMs, code: 'timeout' }]);
  assert.equal(clock.pending, 0);
});
