import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { decodeApiToken, decodeEnrolmentKey } from '../../protocol/secrets.ts';
import { acmeDocument } from './support/document.ts';
import { DeviceFlow, echoApplication } from './support/open-flow.ts';

const launcher = join(import.meta.dirname, '../../bin/postern');

let directory = '';
let data = '';
let url = '';
let controller: ChildProcess | undefined;
let printed = '';
let token = '';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function postern(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A command of an administrator with everything it needs. */
function admin(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return postern(args, {
    POSTERN_CONTROLLER: url,
    POSTERN_TOKEN: token,
    POSTERN_CA: join(data, 'ca.pem'),
    ...env,
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The controller, once it serves. */
async function start(): Promise<ChildProcess> {
  const { port } = new URL(url);
  const program = spawn(
    process.execPath,
    [launcher, 'controller', '--listen', `127.0.0.1:${port}`, '--public-url', url, '--data', data],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  await new Promise<void>((resolve, reject) => {
    program.stderr.on('data', (chunk) => {
      said += String(chunk);
      printed += String(chunk);
      if (said.includes('Next:')) resolve();
    });
    program.once('exit', () => reject(new Error(said)));
  });
  return program;
}

/** The status of `/readyz`. */
async function readiness(): Promise<number | undefined> {
  const asked = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postern-program-'));
  data = join(directory, 'data');
  const port = await freePort();
  url = `https://localhost:${port}`;
  controller = await start();
  token = (await postern(['token', 'create', '--data', data, '--role', 'admin'])).stdout.trim();
});

after(async () => {
  await flow?.close();
  controller?.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

const file = (name: string): string => join(directory, name);
const provider = {
  OIDC_SECRET: 'a secret of the provider',
};

function yamlOf(change: (document: Record<string, unknown>) => void = () => undefined): string {
  const document = acmeDocument() as unknown as Record<string, unknown>;
  const [first] = document['identityProviders'] as Record<string, unknown>[];
  if (first !== undefined) first['clientSecret'] = { env: 'OIDC_SECRET' };
  change(document);
  return stringify(document, { lineWidth: 200 });
}

test('the controller says what it serves and what to do next', () => {
  assert.match(printed, new RegExp(`The controller and a relay serve ${url}\\.`));
  assert.match(printed, /Root key, for --pin: [A-Za-z0-9_-]{43}\n/);
  assert.match(printed, /postern token create --data .*\n +postern apply -f postern\.yaml/);
});

test('token create beside the data prints an API token and nothing else', async () => {
  const { code, stdout, stderr } = await postern(['token', 'create', '--data', data, '--role', 'admin']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(decodeApiToken(stdout.trim()) !== undefined);
  assert.equal(stdout.split('\n').length, 2);
  const missing = await postern(['token', 'create', '--data', file('nowhere'), '--role', 'admin']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /nowhere holds no controller's data; start it there once: postern controller/);
  assert.equal((await postern(['token', 'create', '--data', data, '--role', 'king'])).code, 2);
});

test('an API token is made, listed, demoted and revoked by name, and the last administrator’s only by force', async () => {
  const made = await admin(['token', 'create', '--role', 'admin', '--name', 'ops', '--expires', '7d']);
  assert.deepEqual([made.code, made.stderr], [0, '']);
  const ops = made.stdout.trim();
  assert.ok(decodeApiToken(ops) !== undefined);

  const listed = await admin(['token', 'list', '--json']);
  const { schema, tokens } = JSON.parse(listed.stdout) as {
    schema: string;
    tokens: { id: string; name: string; role: string; current: boolean }[];
  };
  assert.equal(schema, 'postern.tokens/v1');
  const entry = tokens.find(({ name }) => name === 'ops');
  assert.ok(entry?.role === 'admin' && !entry.current);
  assert.equal(tokens.filter(({ current }) => current).length, 1);
  const text = await admin(['token', 'list']);
  assert.match(text.stdout, /^ops +admin +never used +until \d{4}-.* tok_[0-9a-z]{26}$/m);
  assert.match(text.stdout, /\(this one\)$/m);
  assert.equal(text.stdout.includes(ops), false);

  const demoted = await admin(['token', 'set-role', 'ops', 'auditor']);
  assert.deepEqual([demoted.code, demoted.stdout], [0, '']);
  assert.match(demoted.stderr, /ops \(tok_.*\) has the role auditor from its next request on\.\n$/);
  const asOps = (args: string[]) =>
    postern([...args, '--controller', url, '--token', ops, '--ca', join(data, 'ca.pem')]);
  assert.equal((await asOps(['device', 'list'])).code, 0);
  assert.equal((await asOps(['token', 'list'])).code, 4);
  const revoked = await admin(['token', 'revoke', 'ops']);
  assert.match(revoked.stderr, /is revoked: whoever bears it is refused from now on\.\n$/);
  assert.equal((await asOps(['device', 'list'])).code, 3);

  // Made beside the data by the tests above: all but the one that asks.
  for (const { id, current, role } of tokens)
    if (!current && role === 'admin' && id !== entry.id)
      assert.equal((await admin(['token', 'revoke', id])).code, 0);
  const own = tokens.find(({ current }) => current)?.id ?? '';
  const last = await admin(['token', 'set-role', own, 'auditor']);
  assert.equal(last.code, 2);
  assert.match(last.stderr, /nobody could administer any more\. Make another first, or say force/);
  const beside = await postern(['token', 'create', '--data', data, '--role', 'admin', '--name', 'second']);
  assert.equal(beside.code, 0);
  assert.equal((await admin(['token', 'revoke', 'second'])).code, 0);
});

test('apply puts a file into force, once, and prints what changed', async () => {
  await writeFile(file('postern.yaml'), yamlOf());
  const first = await admin(['apply', '--json'], provider);
  assert.equal(first.code, 0, first.stderr);
  const result = JSON.parse(first.stdout) as { schema: string; changes: unknown[] };
  assert.equal(result.schema, 'postern.apply/v1');
  assert.equal(result.changes.length, 15);
  const second = await admin(['apply', '-f', 'postern.yaml'], provider);
  assert.deepEqual([second.code, second.stdout, second.stderr], [0, '', 'Nothing changed.\n']);
});

test('apply names every mistake by line and column and changes nothing', async () => {
  const text = yamlOf((document) => {
    document['zoness'] = [];
    (document['networks'] as object[]).push({ name: 'hq' });
    (document['resources'] as Record<string, unknown>[])[0]!['ports'] = ['tcp/99999'];
  });
  await writeFile(file('bad.yaml'), text);
  const { code, stdout, stderr } = await admin(['apply', '-f', 'bad.yaml'], provider);
  assert.deepEqual([code, stdout], [2, '']);
  const lines = text.split('\n');
  const said = stderr.trimEnd().split('\n');
  assert.equal(said.pop(), 'Nothing was changed.');
  const at = said.map((line) => /^bad\.yaml:(\d+):(\d+) (.*)$/.exec(line));
  const places = at.map((match) => lines[Number(match?.[1]) - 1]?.slice(Number(match?.[2]) - 1));
  assert.deepEqual(places, ['hq', 'tcp/99999', 'zoness: []']);
  assert.match(at[2]?.[3] ?? '', /unknown key "zoness"; did you mean "zones"\?/);
  const again = await admin(['apply', '-f', 'postern.yaml'], provider);
  assert.equal(again.stderr, 'Nothing changed.\n');
});

test('a secret that cannot be found, a file that cannot be read or parsed: one line with the place', async () => {
  const unset = await admin(['apply', '-f', 'postern.yaml']);
  assert.equal(unset.code, 2);
  assert.match(
    unset.stderr,
    /^postern\.yaml:\d+:\d+ the variable OIDC_SECRET is not set; set it where apply runs\n/,
  );
  const none = await admin(['apply', '-f', 'none.yaml']);
  assert.deepEqual(
    [none.code, none.stderr],
    [2, 'postern: none.yaml cannot be read (ENOENT); give -f FILE\n'],
  );
  await writeFile(file('syntax.yaml'), 'organisation: acme\nnetworks: [\n');
  const syntax = await admin(['apply', '-f', 'syntax.yaml']);
  assert.equal(syntax.code, 2);
  assert.match(syntax.stderr, /^syntax\.yaml:\d:\d /);
  await writeFile(file('twice.yaml'), 'organisation: acme\norganisation: other\n');
  assert.match((await admin(['apply', '-f', 'twice.yaml'])).stderr, /^twice\.yaml:2:1 /);
});

test('an enrolment key is printed alone, and a wrong request says what there is', async () => {
  const key = await admin(['token', 'create', '--connector', 'hq']);
  assert.deepEqual([key.code, key.stderr], [0, '']);
  assert.equal(decodeEnrolmentKey('pk', key.stdout)?.url, url);
  const service = await admin(['token', 'create', '--service', 'ci', '--expires', '7d']);
  assert.ok(decodeEnrolmentKey('sk', service.stdout) !== undefined);
  const unknown = await admin(['token', 'create', '--connector', 'nowhere']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /There is no network "nowhere"\. Declared: hq, lab\./);
  for (const args of [
    [],
    ['--connector', 'hq', '--relay', 'x'],
    ['--connector', 'hq', '--uses', '0'],
    ['--connector', 'hq', '--expires', 'soon'],
  ]) {
    assert.equal((await admin(['token', 'create', ...args])).code, 2, args.join(' '));
  }
});

test('no controller there is 6, a wrong token 3, an untrusted certificate says which file to give', async () => {
  const away = await admin(['device', 'list'], { POSTERN_CONTROLLER: 'https://localhost:1' });
  assert.equal(away.code, 6);
  assert.match(away.stderr, /cannot be reached \(ECONNREFUSED\)/);
  const stranger = await admin(['device', 'list'], { POSTERN_TOKEN: 'at_wrong' });
  assert.equal(stranger.code, 3);
  assert.match(stranger.stderr, /make one: postern token create --data DIR --role admin/);
  const untrusted = await postern(['device', 'list'], { POSTERN_CONTROLLER: url, POSTERN_TOKEN: token });
  assert.equal(untrusted.code, 6);
  assert.match(untrusted.stderr, /is not trusted; give --ca with the ca\.pem/);
  const nothing = await postern(['device', 'list']);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /give --controller URL/);
  const auditor = await postern(['token', 'create', '--data', data, '--role', 'auditor']);
  const refused = await admin(['token', 'create', '--connector', 'hq'], {
    POSTERN_TOKEN: auditor.stdout.trim(),
  });
  assert.equal(refused.code, 4);
});

test('the audit log reads as a table and as one JSON object', async () => {
  const text = await admin(['audit', '--what', 'document']);
  assert.match(text.stdout, /^20\d\d-.*Z {2}document\.apply {2}done {2}token tok_/);
  const json = await admin(['audit', '--json']);
  const { schema, entries } = JSON.parse(json.stdout) as { schema: string; entries: { what: string }[] };
  assert.equal(schema, 'postern.audit/v1');
  assert.ok(entries.some(({ what }) => what === 'token.create'));
  assert.ok(entries.some(({ what }) => what === 'key.create'));
  assert.equal((await admin(['audit', '--what', 'No Such'])).code, 2);
});

test('SEC-G10: no secret that was issued is in what the controller printed', async () => {
  const key = (await admin(['token', 'create', '--connector', 'hq'])).stdout.trim();
  const sealed = await readFile(join(data, 'secret.key'), 'utf8');
  for (const secret of [token, key, provider.OIDC_SECRET, sealed.trim()]) {
    assert.equal(printed.includes(secret), false);
  }
});

test('a port in use, a wrong address or half a certificate: one sentence and exit code 2', async () => {
  const { port } = new URL(url);
  const start = (...args: string[]): Promise<Ran> =>
    postern(['controller', '--data', file('other'), ...args]);
  const used = await start('--listen', `127.0.0.1:${port}`, '--public-url', url);
  assert.equal(used.code, 2);
  assert.match(used.stderr, /is in use; stop what listens there/);
  for (const args of [
    ['--listen', 'everywhere', '--public-url', url],
    ['--listen', '127.0.0.1:0', '--public-url', 'access.acme.example'],
    ['--listen', '0.0.0.0:0', '--public-url', 'http://access.acme.example'],
    ['--listen', '127.0.0.1:0', '--public-url', url, '--tls-cert', 'x'],
    ['--listen', '127.0.0.1:0', '--public-url', url, '--roles', 'relay'],
    ['--public-url', url],
  ]) {
    const { code, stderr } = await start(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /^postern: /m);
  }
});

/** One flow, open over two ends of the controller. */
let flow: DeviceFlow | undefined;

test('REL-7 the only relay is the controller’s: it says that it ends, and what was open goes on when it is back', async (t) => {
  const application = await echoApplication();
  t.after(() => application.close());
  const address = { name: 'echo', network: 'hq', address: '127.0.0.1', alias: 'echo.acme.internal' };
  const resource = { ...address, ports: [`tcp/${application.port}`] };
  const policy = { name: 'ci-echo', allow: { serviceAccounts: ['ci'] }, to: { resources: ['echo'] } };
  const text = yamlOf((document) => {
    (document['resources'] as object[]).push(resource);
    (document['policies'] as object[]).push(policy);
  });
  await writeFile(file('echo.yaml'), text);
  assert.equal((await admin(['apply', '-f', 'echo.yaml'], provider)).code, 0);
  const [connector, service] = await Promise.all([
    admin(['token', 'create', '--connector', 'hq']),
    admin(['token', 'create', '--service', 'ci']),
  ]);
  const keys = { connector: connector.stdout, service: service.stdout };
  flow = await DeviceFlow.open(directory, keys, { host: 'echo.acme.internal', port: application.port });
  assert.equal(await flow.echo('before'), 'before');
  assert.ok(controller !== undefined);
  const exited = once(controller, 'exit');
  controller.kill('SIGTERM');
  while ((await readiness()) !== 503);
  assert.deepEqual(await exited, [0, null]);
  const answer = flow.echo('meanwhile');
  controller = await start();
  assert.equal(await answer, 'meanwhile');
});

test('SIGTERM ends the controller in order, whoever holds a connection open', async () => {
  assert.ok(controller !== undefined);
  const held = connect({ port: Number(new URL(url).port), rejectUnauthorized: false });
  held.on('error', () => undefined);
  await once(held, 'secureConnect');
  held.write(
    `GET /control HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n` +
      `Sec-WebSocket-Protocol: postern.control.v1\r\n\r\n`,
  );
  assert.match(String((await once(held, 'data'))[0]), /^HTTP\/1\.1 101 /);
  // What is open at its relay moves to another before.
  await flow?.addRelay((await admin(['token', 'create', '--relay', 'relay-2'])).stdout);
  const began = performance.now();
  const exited = once(controller, 'exit');
  controller.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  assert.ok(performance.now() - began < 5_000);
  assert.equal(await flow?.echo('after'), 'after');
});
