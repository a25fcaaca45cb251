/** `postern expose`: what is typed, what it refuses to serve whatever its controller says, and what the terminal shows. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exposedOnly, freshState, removeState } from '../../cli/exposed-connector.ts';
import { requestLine, requestObject } from '../../cli/exposed-requests.ts';
import { parseWho, whoText } from '../../cli/who-option.ts';
import { servedPart } from '../../connector/served.ts';
import type { ConnectorResource, ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { openStateDirectory } from '../../protocol/node/state-directory.ts';
import { runPostern } from './support/program.ts';

const mine = { id: 'res_00000000000000000000000000', hostname: 'ana-3000.apps.acme.example', port: 3000 };
const web: NonNullable<ConnectorResource['web']> = {
  hostnames: [mine.hostname],
  origins: ['http://localhost:3000'],
  host: 'hostname',
  headers: {},
  audience: mine.id,
  rules: [],
  allowOrigins: [],
  bySource: false,
};
const resource: ConnectorResource = {
  id: mine.id,
  hosts: [],
  address: '127.0.0.1',
  ports: ['tcp/3000'],
  within: [],
  outage: 0,
  web,
};

test('it serves that port of localhost at that hostname, and nothing else that a controller may say', () => {
  const serves = exposedOnly(mine);
  assert.ok(serves(resource));
  const { web: _, ...withoutDoor } = resource;
  for (const other of [
    { ...resource, id: 'res_00000000000000000000000001' },
    { ...resource, hosts: ['localhost'] },
    withoutDoor,
    { ...resource, web: { ...web, hostnames: [] } },
    { ...resource, web: { ...web, hostnames: ['bob-3000.apps.acme.example'] } },
    { ...resource, web: { ...web, hostnames: [mine.hostname, 'wiki.acme.example'] } },
    { ...resource, web: { ...web, origins: [] } },
    { ...resource, web: { ...web, origins: ['http://localhost:22'] } },
    { ...resource, web: { ...web, origins: ['http://127.0.0.1:3000'] } },
    { ...resource, web: { ...web, origins: ['https://localhost:3000'] } },
    { ...resource, web: { ...web, origins: ['http://localhost:3000', 'http://10.0.0.1:80'] } },
    { ...resource, web: { ...web, origins: ['http://localhost:3000@10.0.0.1'] } },
  ])
    assert.ok(!serves(other), JSON.stringify(other));
});

test('what is not served, and connectors to share keys with, are as if the controller had not said them', () => {
  const snapshot: ConnectorSnapshot = {
    kind: 'connector',
    network: { id: 'net_00000000000000000000000000', name: 'exposed' },
    relays: {},
    peers: { con_a: { id: 'con_a', nk: 'A'.repeat(43) } },
    resources: { [mine.id]: resource, res_other: { ...resource, id: 'res_other' } },
  };
  const part = servedPart(exposedOnly(mine));
  assert.deepEqual(Object.keys(part(snapshot)?.resources ?? {}), [mine.id]);
  assert.deepEqual(part(snapshot)?.peers, {});
  assert.equal(part(snapshot), part(snapshot), 'the same object, by which others remember');
  assert.equal(part(undefined), undefined);
  assert.equal(servedPart(undefined)(snapshot), snapshot, 'an ordinary connector serves it all');
});

test('who may open it, as it is typed and shown', () => {
  assert.equal(parseWho([]), undefined);
  assert.equal(parseWho(['group:eng', 'everyone']), 'everyone');
  const who = parseWho([
    'group:eng',
    'group:ops',
    'bob@acme.example',
    'guest:*@customer.example',
    'service:ci',
  ]);
  assert.deepEqual(who, {
    people: ['bob@acme.example'],
    groups: ['eng', 'ops'],
    serviceAccounts: ['ci'],
    guests: ['*@customer.example'],
  });
  assert.equal(
    whoText(who),
    'group eng, group ops, bob@acme.example, guest *@customer.example, service ci, you',
  );
  assert.equal(whoText(undefined), 'you alone');
  for (const text of ['eng', 'group:', '', '*@acme.example', 'team:eng', 'a@b@c'])
    assert.throws(() => parseWho([text]), /names nobody/, text);
});

test('what strangers send reaches the terminal as printable text, and no query does', () => {
  const request = {
    atMs: Date.parse('2026-11-21T14:02:11Z'),
    method: 'GET',
    path: `/\u001b[2J\u009b31m\u202e\n${'x'.repeat(500)}`,
    status: 200,
    tookMs: 12.4,
    who: 'bob@acme.example\u0007',
  };
  const line = requestLine(request);
  assert.match(
    line,
    /^\d\d:\d\d:\d\d {2}GET {4}\/\?\[2J\?31m\?\?x+… {2}200 {2}12 ms {2}bob@acme\.example\?$/,
  );
  assert.ok(line.length < 200);
  assert.match(requestLine({ ...request, status: undefined, who: undefined }), / {2}--- {2}12 ms {2}nobody$/);
  assert.deepEqual(Object.keys(requestObject({ ...request, status: undefined, who: undefined })), [
    'time',
    'method',
    'path',
    'tookMs',
  ]);
});

test('its folder keeps certificates of a CA and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-expose-'));
  const state = openStateDirectory(join(folder, 'ana-3000'));
  for (const name of ['machine.key', 'enrolment.json', 'acme-certificates.json'])
    writeFileSync(join(state.path, name), 'x');
  freshState(state);
  assert.deepEqual(readdirSync(state.path), ['acme-certificates.json']);
  removeState(state);
  assert.ok(existsSync(state.path));
  rmSync(join(state.path, 'acme-certificates.json'));
  removeState(state);
  assert.ok(!existsSync(state.path));
  rmSync(folder, { recursive: true });
});

test('what cannot be is refused before anybody is asked, with what to write instead', async () => {
  for (const [args, problem] of [
    [['70000'], /"70000" is no port/],
    [['3000', '--name', 'UP'], /"UP" is no name/],
    [['3000', '--ttl', 'long'], /--ttl "long" is no duration/],
    [['3000', '--allow', 'eng'], /--allow "eng" names nobody; write group:NAME/],
    [['3000', '--state', '/nonexistent/postern'], /postern up/],
  ] as const) {
    const { exit, stderr } = await runPostern(['expose', ...args]);
    assert.notEqual(exit, 0);
    assert.match(stderr, problem, args.join(' '));
  }
});
