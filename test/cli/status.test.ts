import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverText } from '../../cli/status.ts';

test('the status of a connector reads field by field, with what is wrong marked', () => {
  const text = serverText({
    schema: 'postern.connector/v1',
    network: 'hq',
    state: 'degraded',
    controller: { connected: false, fault: 'https://access.acme.example cannot be reached (ECONNREFUSED)' },
    relays: [
      { id: 'rly_a', connected: true, rtt_ms: 3.157 },
      { id: 'rly_b', connected: false },
    ],
  });
  assert.equal(
    text,
    [
      'Network     hq',
      'State       degraded',
      'Controller  ! not connected  https://access.acme.example cannot be reached (ECONNREFUSED)',
      'Relays      rly_a  connected  rtt_ms 3.2; rly_b  ! not connected',
    ].join('\n'),
  );
});

test('a connector without a relay says so', () => {
  assert.equal(serverText({ schema: 'postern.connector/v1', relays: [] }), 'Relays      ! none');
});

test('what hostnames are served with stands by name, with what went wrong', () => {
  const text = serverText({
    schema: 'postern.connector/v1',
    certificates: [
      { host: 'wiki.acme.example', from: 'acme', state: 'ready', until: 1_803_050_979 },
      { host: 'git.acme.example', from: 'acme', state: 'failed', problem: 'the CA cannot be reached' },
    ],
  });
  assert.match(text, /^Hostnames {3}wiki\.acme\.example\s+ready\s+acme\s+until 2027-02-19\s*$/m);
  assert.match(text, /^\s+git\.acme\.example\s+! failed\s+acme\s+the CA cannot be reached$/m);
});

test('what a connector does not reach stands by host and port, with why and for how long', () => {
  const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const text = serverText({
    schema: 'postern.connector/v1',
    resources: 3,
    failing: [
      { resource: 'res_a', host: 'wiki.acme.internal', port: 80, code: 'refused', since: minutesAgo(12) },
      { resource: 'res_b', host: '*.db.acme.internal', port: 5432, code: 'timeout', since: minutesAgo(180) },
    ],
  });
  assert.match(text, /^Resources {3}3$/m);
  assert.match(text, /^Failing {5}! wiki\.acme\.internal:80\s+nothing listens there\s+for 12m$/m);
  assert.match(text, /^ {12}! \*\.db\.acme\.internal:5432\s+no answer in time\s+for 3h$/m);
});
