/** What `postern doctor --bundle` writes: everything that helps, and nothing that a person would not want to share. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { bundle } from '../../cli/bundle.ts';
import { redacted } from '../../cli/bundle-redaction.ts';
import { judge } from '../../cli/doctor-findings.ts';
import { parseLinks, resolverSetup } from '../../cli/resolver-setup.ts';
import type { ClientStatus } from '../../client/status.ts';
import { startLaptop } from '../client/support/laptop.ts';
import { SmallOrganisation } from '../client/support/small-organisation.ts';
import { runPostern } from './support/program.ts';

const connector = 'con_0123456789abcdefghjkmnpqrs';
const key = 'Kx3vZ0m9Qe2sT7uY1wB4nC6dF8gH5jLrPaMtVyXkWoI';
const at = '2026-11-21T20:00:00Z';

/** A status in which every field of names, addresses and sentences has something of each kind. */
const status: ClientStatus = {
  schema: 'postern.status/v1',
  version: '0.1.0',
  account: 'Zebra Works',
  accounts: [],
  state: 'up',
  controller: {
    url: 'https://access.zebra.example:8443',
    connected: false,
    fault:
      'https://carol:hunter2@access.zebra.example:8443/oidc?code=onetime cannot be reached (198.51.100.7)',
  },
  session: { kind: 'person', name: 'Carol Quagga', email: 'carol@zebra.example', until: at },
  news: [
    {
      device: 'dev_0123456789abcdefghjkmnpqrs',
      name: 'carols-phone',
      what: 'new',
      at,
      address: '2001:db8::77',
    },
  ],
  device: { name: 'carols-laptop', approved: true },
  posture: {
    at,
    facts: { os: 'linux', clientVersion: '0.1.0', serial: 'SERIAL-4711' } as never,
    checks: [
      {
        check: 'firewall',
        value: 'off',
        needed_by: ['okapi-wiki'],
        needed_by_count: 1,
        refuses: ['okapi-wiki'],
      },
    ],
  },
  dns: {
    routing: 'resolved',
    resolver: '100.96.0.53',
    zones: ['zebra.internal', 'barn'],
    hostnames: ['wiki.zebra.example', '*.apps.zebra.example'],
    refused_zones: [{ zone: 'stable.internal', why: 'held', by: 'Giraffe Ltd' }],
    in_place: true,
    fails_closed: true,
  },
  capture: { range: '100.96.0.0/12', uids: [0] },
  proxies: { socks: '127.0.0.1:1080' },
  networks: [
    {
      name: 'savannah',
      connectors: 1,
      connected: true,
      path: { kind: 'direct', endpoint: '203.0.113.9:8555' },
      not_direct: 'hq.zebra.example:7443 does not answer',
    },
  ],
  relays: [{ id: 'rly_0123456789abcdefghjkmnpqrs', connected: true }],
  peers: {
    strict: true,
    known: 1,
    reports: [
      { what: 'changed', connector, network: 'savannah', known_key: key, named_key: key, refused: true },
    ],
  },
  alarms: [{ name: 'not-kept', text: 'What it must remember cannot be written.', count: 2, last: at }],
  resources: { granted: 3, refused: 1 },
  flows: [{ host: '10-20-0-9.printers.zebra.internal', port: 9100, resource: 'lab-printer', since: at }],
  recent: [
    {
      at,
      event: 'refused',
      host: '10.20.0.9',
      port: 443,
      resource: 'okapi-wiki',
      code: 'denied',
      text: 'Policy "Herds of Carol" wants Authorization: Bearer abcdef012345 and password=elephant',
    },
  ],
};
const secrets = ['hunter2', 'onetime', 'abcdef012345', 'elephant', key, 'SERIAL-4711'];
const addresses = ['198.51.100.7', '2001:db8::77', '203.0.113.9', '10.20.0.9', '10-20-0-9', '100.96.0.53'];
const names = [
  ...['zebra', 'quagga', 'carol', 'okapi', 'barn', 'stable.internal', 'giraffe', 'savannah', 'lab-printer'],
  ...['0123456789abcdefghjkmnpqrs', 'herds', hostname()],
];

async function textOf(isAnonymous: boolean): Promise<string> {
  const given = { findings: judge(status), statuses: [status], resource: 'okapi-wiki' };
  return JSON.stringify(await bundle(given, isAnonymous)).toLowerCase();
}

test('SEC-G10 a bundle holds no secret and no address, and names as they are', async () => {
  const text = await textOf(false);
  for (const marker of [...secrets, ...addresses]) assert.ok(!text.includes(marker.toLowerCase()), marker);
  for (const name of ['access.zebra.example', 'carol@zebra.example', 'okapi-wiki', 'savannah', connector])
    assert.ok(text.includes(name), name);
});

test('an anonymous bundle names nobody and nothing, and still says what is the matter', async () => {
  const text = await textOf(true);
  for (const marker of [...secrets, ...addresses, ...names])
    assert.ok(!text.includes(marker.toLowerCase()), `${marker}: ${text}`);
  const { statuses, findings } = JSON.parse(text) as {
    statuses: [ClientStatus];
    findings: { level: string; text: string }[];
  };
  const [told] = statuses;
  assert.match(told.controller.url, /^https:\/\/\[host-\d+\]:8443$/);
  assert.deepEqual([told.state, told.dns?.routing, told.recent[0]?.code], ['up', 'resolved', 'denied']);
  // The same thing is called the same, also inside of sentences.
  const resource = told.recent[0]?.resource ?? '';
  assert.match(resource, /^\[name-\d+\]$/);
  assert.deepEqual(told.posture?.checks[0]?.refuses, [resource]);
  assert.ok(findings.some((finding) => finding.text.endsWith(`which refuses ${resource}`)));
  assert.ok(
    findings.some(({ level, text: finding }) => level === 'problem' && finding.includes('has another key')),
  );
});

test('placeholders are stable in one bundle, keep ports and prefixes, and leave loopback and versions alone', () => {
  const value = {
    text: 'From 192.0.2.1:80 to [2001:db8::1]:443, again 192.0.2.1, ::ffff:192.0.2.9 and 127.0.0.1; v1.2.3 at 12:30:45.',
    resolver: ['192.0.2.1', '192.0.2.0/24', 'fe80::1%eth0'],
    token: `sk_${'A'.repeat(60)} eyJhbGciOiJFZERTQSJ9.e30.c2ln`,
  };
  assert.deepEqual(redacted(value, false), {
    text: 'From [ip-3]:80 to [[ip-1]]:443, again [ip-3], [ip-2] and 127.0.0.1; v1.2.3 at 12:30:45.',
    resolver: ['[ip-3]', '[ip-4]/24', '[ip-5]'],
    token: '[secret] [secret]',
  });
});

test('the resolvers of a system as its files and resolved have them', async (t) => {
  const root = folder(t);
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(root, 'etc'));
  const resolvConf = '# of alice\nnameserver 192.0.2.1 ; first\nsearch corp acme.internal\noptions ndots:2\n';
  writeFileSync(join(root, 'etc/resolv.conf'), resolvConf);
  writeFileSync(
    join(root, 'etc/nsswitch.conf'),
    'passwd: files\nhosts: files resolve [!UNAVAIL=return] dns\n',
  );
  const { resolved: _, ...files } = await resolverSetup(root);
  assert.deepEqual(files, {
    servers: ['192.0.2.1'],
    search: ['corp', 'acme.internal'],
    options: ['ndots:2'],
    sources: ['files', 'resolve', '[!UNAVAIL=return]', 'dns'],
  });
  assert.deepEqual(parseLinks('Global:\nLink 2 (eth0): 192.0.2.1 2001:db8::1\nLink 9 (postern0): ~corp\n'), [
    { link: 'eth0', values: ['192.0.2.1', '2001:db8::1'] },
    { link: 'postern0', values: ['~corp'] },
  ]);
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-bundle-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('postern doctor --bundle writes one new file for its owner alone, with a client that runs and without', async (t) => {
  const organisation = await SmallOrganisation.start(t);
  const state = organisation.state('laptop');
  const client = await startLaptop(organisation, { state });
  const path = folder(t);
  const file = join(path, 'bundle.json');
  const doctor = (...args: string[]): ReturnType<typeof runPostern> =>
    runPostern(['doctor', '--state', state.path, ...args], { env: { POSTERN_TOKEN: 'at_elephant' } });
  const { stderr } = await doctor('--bundle', file, '-A');
  assert.match(stderr, /Written to .*bundle\.json\. Look into it before you share it\./);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, 'utf8');
  const written = JSON.parse(text) as {
    schema: string;
    anonymous: boolean;
    statuses: ClientStatus[];
    variables: string[];
  };
  assert.deepEqual([written.schema, written.anonymous], ['postern.bundle/v1', true]);
  assert.deepEqual(written.variables, ['POSTERN_TOKEN']);
  assert.equal(written.statuses[0]?.networks[0]?.connectors, 1);
  for (const marker of ['elephant', 'acme.internal', state.path, hostname()])
    assert.ok(!text.includes(marker), marker);

  const again = await doctor('--bundle', file);
  assert.deepEqual([again.exit, again.stderr.includes('is there already')], [2, true]);
  assert.equal((await doctor('-A')).exit, 2);
  await client.stop();
  const without = join(path, 'without.json');
  await doctor('--bundle', without);
  assert.deepEqual((JSON.parse(readFileSync(without, 'utf8')) as { statuses: unknown[] }).statuses, []);
});
