import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, judgeAnswer } from '../../cli/doctor-findings.ts';
import type { ClientStatus } from '../../client/status.ts';

const well: ClientStatus = {
  schema: 'postern.status/v1',
  version: '0.1.0',
  account: 'acme',
  accounts: [],
  state: 'up',
  controller: { url: 'https://access.acme.example', connected: true },
  session: { kind: 'person', name: 'Alice', email: 'alice@acme.example', until: '2026-11-21T20:00:00Z' },
  device: { name: 'laptop', approved: true },
  dns: {
    routing: 'resolved',
    resolver: '100.96.0.53',
    zones: ['acme.internal'],
    hostnames: [],
    refused_zones: [],
    in_place: true,
    fails_closed: true,
  },
  proxies: {},
  networks: [
    {
      name: 'hq',
      connectors: 2,
      connected: true,
      rtt_ms: 8,
      path: { kind: 'direct', endpoint: '203.0.113.9:8555' },
    },
  ],
  relays: [{ id: 'rly_1', connected: true }],
  peers: { strict: false, known: 1, reports: [] },
  resources: { granted: 3, refused: 1 },
  flows: [],
  recent: [],
};

const levels = (changes: Partial<ClientStatus>): string[] =>
  judge({ ...well, ...changes })
    .filter(({ level }) => level !== 'ok')
    .map(({ level, text, fix }) => `${level}: ${text} → ${fix ?? ''}`);

test('where all is well nothing is amiss', () => {
  assert.deepEqual(levels({}), []);
  assert.deepEqual(
    judge(well).map(({ text }) => text),
    [
      'controller https://access.acme.example',
      'signed in as alice@acme.example',
      '1 of 1 relay connected',
      'network hq, direct 203.0.113.9:8555, 8 ms',
    ],
  );
});

test('each thing that is amiss is named with its remedy', () => {
  const { dns, session } = well;
  assert.ok(dns !== undefined && session !== undefined);
  const relays = [...well.relays, { id: 'rly_2', connected: false }];
  const peer = { connector: 'con_1', network: 'hq', named_key: 'key' };
  const facts = { clientVersion: '0.1.0', os: 'linux' } as const;
  const check = { check: 'firewall', value: 'off', needed_by: ['wiki'], needed_by_count: 1 } as const;
  for (const [changes, expected] of [
    [{ state: 'crashed' }, /^problem: the client crashed.* → postern up$/],
    [
      { controller: { ...well.controller, connected: false, fault: 'refused' } },
      /^problem: no contact .*: refused →/,
    ],
    [
      { session: { ...session, ended: 'expired' } },
      /^problem: the session has ended \(expired\) → postern login$/,
    ],
    [
      { session: { ...session, ends_soon: true } },
      /^warning: the session ends within minutes → postern login$/,
    ],
    [{ device: { name: 'laptop', approved: false } }, /^warning: the device laptop is not approved →/],
    [{ relays }, /^warning: 1 of 2 relays connected → look whether a firewall/],
    [{ relays: relays.slice(1) }, /^problem: 0 of 1 relay connected →/],
    [
      { networks: [{ name: 'lab', connectors: 0, connected: false }] },
      /^problem: the network lab has no connector →/,
    ],
    [
      { peers: { strict: false, known: 1, reports: [{ ...peer, what: 'changed', refused: false }] } },
      /^warning: the connector con_1 has another key than it had → compare keys/,
    ],
    [
      { peers: { strict: true, known: 1, reports: [{ ...peer, what: 'unknown', refused: true }] } },
      /^problem: the connector con_1 is new to this device, so nothing is opened there →/,
    ],
    [{ dns: { ...dns, in_place: false } }, /^problem: another program has replaced resolv\.conf/],
    [{ dns: { ...dns, fails_closed: false } }, /^warning: names would go to the public DNS/],
    [
      { dns: { ...dns, refused_zones: [{ zone: 'corp.internal', why: 'held', by: 'globex' }] } },
      /^warning: The zone corp\.internal is held by your account globex/,
    ],
    [
      { posture: { at: '2026-11-21T12:00:00Z', checks: [{ ...check, refuses: ['wiki'] }], facts } },
      /^problem: Firewall: off, which refuses wiki → postern why wiki$/,
    ],
  ] as [Partial<ClientStatus>, RegExp][]) {
    const found = levels(changes);
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', expected);
  }
  const { dns: _, ...uncaptured } = well;
  const [named] = judge({ ...uncaptured, proxies: { socks: '127.0.0.1:1080' } }).filter(
    ({ level }) => level === 'warning',
  );
  assert.match(named?.text ?? '', /not captured; programs go by the proxy 127\.0\.0\.1:1080/);
});

test('an answer of the system counts when all of it lies in the range of the client', () => {
  const judged = (...addresses: string[]): string =>
    judgeAnswer({ host: 'wiki.acme.internal', addresses, ms: 1 }, '100.96.0.0/12').level;
  assert.equal(judged('100.96.0.1'), 'ok');
  assert.equal(judged('100.111.255.254', '100.96.0.2'), 'ok');
  for (const addresses of [[], ['100.112.0.1'], ['100.95.255.255'], ['100.96.0.1', '10.0.0.5'], ['::1']])
    assert.equal(judged(...addresses), 'problem', addresses.join());
});
