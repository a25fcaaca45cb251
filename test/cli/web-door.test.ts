/** The web door from the command line: doors in the file, hostnames, service tokens, and what would be decided for a browser. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { StartedController } from '../controller/support/started-controller.ts';
import { createAuthority } from '../support/authority.ts';
import { runPostern, type Ended } from './support/program.ts';

const folder = await mkdtemp(join(tmpdir(), 'postern-web-'));
after(() => rm(folder, { recursive: true }));
const controller = await StartedController.start({ after }, { tls: false });
const env = {
  POSTERN_CONTROLLER: `http://127.0.0.1:${controller.url.port}`,
  POSTERN_TOKEN: controller.admin,
  CORP_SECRET: 'a secret of the provider',
};
const path = join(folder, 'postern.yaml');

async function apply(web: string, more = ''): Promise<Ended> {
  await writeFile(
    path,
    `organisation: acme
zones: [acme.internal]
groups: [staff]
identityProviders:
  - { name: corp, issuer: "https://idp.acme.example", clientId: postern, clientSecret: { env: CORP_SECRET } }
networks: [{ name: hq }]
serviceAccounts: [{ name: ci }]
resources:
  - { name: db, network: hq, address: db.acme.internal, ports: [tcp/5432] }
  - name: wiki
    network: hq
    address: wiki.acme.internal
    ports: [tcp/80]
    web:
${web.replaceAll(/^/gm, '      ')}
policies:
  - { name: staff-wiki, allow: { groups: [staff] }, to: { resources: [wiki] } }
  - { name: ci-wiki, allow: { serviceAccounts: [ci] }, to: { resources: [wiki] }, doors: [web] }
${more}`,
  );
  return runPostern(['apply', '-f', path], { env });
}

const postern = (...args: string[]): Promise<Ended> => runPostern(args, { env });

test('what is wrong with a web door is said with its line and column', async () => {
  const cases: readonly (readonly [web: string, line: RegExp])[] = [
    [
      'hostname: wiki acme\norigin: http://wiki.acme.internal:80',
      /^postern\.yaml:15:17 "wiki acme" is no hostname/,
    ],
    ['hostname: w.acme.example\norigin: http://wiki/path', /:16:15 "http:\/\/wiki\/path" is no origin/],
    [
      'hostname: db.acme.internal\norigin: http://x',
      /:15:17 "db.acme.internal" is already the address of the resource "db"/,
    ],
    [
      'hostname: w.acme.example\norigin: http://*.x.internal',
      /:16:15 .* has a wildcard, and not every hostname is one/,
    ],
    ['hostname: w.acme.example\norigin: https://x\noriginCa: none.pem', /:17:17 .*none\.pem/],
    [
      'hostname: w.acme.example\norigin: http://x\nheaders: { X-Forwarded-User: "{{email}}" }',
      /:17:36 "X-Forwarded-User" is set by Postern itself/,
    ],
    [
      'hostname: w.acme.example\norigin: http://x\nrules: [{ paths: ["/a*b"], effect: block }]',
      /:17:25 "\/a\*b" is no path/,
    ],
    [
      'hostname: w.acme.example\norigin: http://x\nrules: [{ paths: [/a], effect: require }]',
      /:17:15 a rule that requires names/,
    ],
  ];
  for (const [web, line] of cases) {
    const { exit, stderr } = await apply(web);
    assert.equal(exit, 2, `${web}: ${stderr}`);
    assert.match(stderr, new RegExp(line.source, 'm'), stderr);
  }
});

test('a door is applied, listed and checked; a service token is made, listed and revoked', async () => {
  const { caFile } = createAuthority(folder);
  const web = `hostname: wiki.acme.example\norigin: https://wiki.acme.internal\noriginCa: ${caFile}`;
  const applied = await apply(web);
  assert.equal(applied.exit, 0, applied.stderr);
  const exported = await postern('export');
  assert.match(exported.stdout, /hostname: wiki\.acme\.example/);
  assert.match(exported.stdout, /BEGIN CERTIFICATE/);
  const list = await postern('hostname', 'list');
  assert.match(list.stdout, /^wiki\.acme\.example +wiki +hq +no connector has reported one$/m);
  const unknown = await postern('hostname', 'check', 'other.acme.example');
  assert.notEqual(unknown.exit, 0);
  const made = await postern('pass', 'create', '--service', 'ci', '--resource', 'wiki', '--expires', '7d');
  assert.equal(made.exit, 0, made.stderr);
  assert.match(made.stdout, /^Postern-Client-Id: tok_\w+\nPostern-Client-Secret: ws_[\w-]+$/m);
  const id = /tok_\w+/.exec(made.stdout)?.[0] ?? '';
  assert.match((await postern('pass', 'list')).stdout, new RegExp(`ci +service token +ci +wiki .*${id}`));
  const wrong = await postern('pass', 'create', '--service', 'ci', '--resource', 'db');
  assert.match(wrong.stderr, /The resource "db" has no web door/);
  assert.equal((await postern('pass', 'revoke', id)).exit, 0);
  assert.equal((await postern('pass', 'revoke', id)).exit === 0, false);
  const json = JSON.parse((await postern('pass', 'list', '--json')).stdout) as { schema: string; passes: [] };
  assert.deepEqual(json, { schema: 'postern.passes/v1', passes: [] });
});

test('why says what would be decided for a browser, by the hostname too', async () => {
  await controller.cookie();
  const allowed = await postern('why', 'wiki.acme.example', '--user', 'alice@acme.example', '--door', 'web');
  assert.equal(allowed.exit, 0, allowed.stderr);
  assert.match(allowed.stdout, /^ALLOWED +wiki .* web door/);
  const device =
    '  - { name: healthy, require: everyone, to: { resources: [wiki] }, when: { deviceApproved: true } }';
  const web = 'hostname: wiki.acme.example\norigin: http://wiki.acme.internal:80';
  assert.equal((await apply(web, device)).exit, 0);
  const refused = await postern('why', 'wiki', '--user', 'alice@acme.example', '--door', 'web');
  assert.match(refused.stdout, /device-needed/);
});
