/** docs/identity.md is true: its samples, as they are written there, let in whom the web door vouches for and nobody else. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../scripts/programs.ts';
import { freePort } from './support/servers/free-port.ts';
import { eventually } from './support/eventually.ts';
import { Program } from './support/lab/program.ts';
import { portOf, wiki, WebBench } from './web-door/support/web-bench.ts';

const page = readFileSync(new URL('../docs/identity.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'postern-identity-'));
const running: Program[] = [];
const servers: Server[] = [];
const bench = await WebBench.start({ [wiki]: ['http://localhost:9'] });
after(async () => {
  for (const program of running) await program.stop();
  for (const server of servers) server.close();
  await bench.close();
  rmSync(folder, { recursive: true });
});

/** The keys as every hostname of the network shows them, where the samples can fetch them without the door's own authority. */
const { body: keys } = await bench.ask('/.postern/jwks.json');
const jwks = await serve((_request, response) =>
  response.setHeader('content-type', 'application/json').end(keys),
);
const environment = {
  // As the browser has it in its address: the test's door is at a port of its own.
  PUBLIC_HOST: `${wiki}:${bench.port}`,
  AUDIENCE: bench.resourceOf(wiki),
  JWKS: `http://127.0.0.1:${portOf(jwks)}/`,
};

async function serve(handler: Parameters<typeof createServer>[1]): Promise<Server> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function sample(language: string): string {
  const [, text] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page) ?? [];
  return text ?? assert.fail(`the page has no sample for ${language}`);
}

function run(name: string, command: readonly [string, ...string[]], env: NodeJS.ProcessEnv): void {
  running.push(
    new Program(name, command, {
      env: { ...process.env, ...env },
      cwd: folder,
      logFile: join(folder, `${name}.log`),
    }),
  );
}

/** What `port` answers to somebody who goes past Postern; undefined while nothing listens. */
function askPast(port: number, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, headers, agent: false });
    asked.once('error', () => resolve(undefined));
    asked.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.end();
  });
}

/** Somebody who is signed in is greeted by name; whoever forges, or shows what was signed for others, is not. */
async function vouches(port: number, greeting: string): Promise<void> {
  await eventually(`an answer at ${port}`, () => askPast(port));
  bench.publish(wiki, [`http://localhost:${port}`], { headers: { 'X-Copy': '{{jwt}}' } });
  const { cookie } = await bench.signIn(wiki);
  const opened = await bench.ask('/', { cookie, headers: { 'postern-assertion': 'forged' } });
  assert.deepEqual([opened.status, opened.body], [200, greeting]);

  assert.equal(await askPast(port), 401);
  assert.equal(await askPast(port, { 'remote-user': 'alice@acme.example' }), 401);
  const otherPlace = await assertion({ audience: 'another' });
  assert.equal(await askPast(port, { 'postern-assertion': otherPlace }), 401);
  const [head = '', , signature = ''] = otherPlace.split('.');
  const claims = Buffer.from('{"name":"Mallory","groups":[]}').toString('base64url');
  assert.equal(await askPast(port, { 'postern-assertion': `${head}.${claims}.${signature}` }), 401);
}

/** An assertion as an application at the wiki's hostname gets it. */
async function assertion(web: { audience?: string }): Promise<string> {
  let told = '';
  const origin = await serve(({ headers }, response) => {
    told = String(headers['postern-assertion']);
    response.end();
  });
  bench.publish(wiki, [`http://localhost:${portOf(origin)}`], web);
  const { cookie } = await bench.signIn(wiki);
  await bench.ask('/', { cookie });
  return told;
}

test('the sample for Node greets whom the door vouches for, and nginx asks it', async () => {
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'verify.mjs'), sample('js'));
  const port = await freePort();
  run('verify', [process.execPath, 'verify.mjs'], { ...environment, PORT: String(port) });
  await vouches(port, 'Hello Alice, of staff');

  const application = await serve(({ headers }, response) =>
    response.end([headers['x-webauth-user'], headers['postern-assertion'] ?? 'and no assertion'].join(' ')),
  );
  const front = await freePort();
  const site = sample('nginx')
    .replace('listen 127.0.0.1:8080', `listen 127.0.0.1:${front}`)
    .replace('127.0.0.1:9000', `127.0.0.1:${portOf(application)}`)
    .replace('127.0.0.1:8000', `127.0.0.1:${port}`);
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name));
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name.replace('client_', ''))};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {}\nhttp { access_log off; ${places.join(' ')}\n${site} }\n`,
  );
  run('nginx', [findProgram('nginx'), '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], {});
  await vouches(front, 'alice@acme.example and no assertion');
});

test('the sample for Python greets whom the door vouches for', async () => {
  writeFileSync(join(folder, 'verify.py'), sample('python'));
  const port = await freePort();
  run('python', [findProgram('python3'), 'verify.py'], { ...environment, PORT: String(port) });
  await vouches(port, 'Hello Alice, of staff');
});

test('what the page says of the claims is what an application is told', async () => {
  const parts = (await assertion({})).split('.').slice(0, 2);
  const [head, claims] = parts.map(
    (part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>,
  );
  const table = page.slice(page.indexOf('Verify all of these'), page.indexOf('## Node'));
  for (const name of Object.keys({ ...claims, typ: head?.['typ'] }).filter(
    (claim) => claim !== 'jti' && claim !== 'iat',
  ))
    assert.ok(table.includes(`\`${name}\``), `${name} is not on the page`);
  assert.deepEqual(
    [head?.['typ'], head?.['alg'], claims?.['iss'], claims?.['aud']],
    ['postern-assertion+jwt', 'ES256', `https://${environment.PUBLIC_HOST}`, environment.AUDIENCE],
  );
});
