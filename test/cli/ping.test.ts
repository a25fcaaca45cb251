import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitOfPing, reportOf, summary } from '../../cli/ping.ts';
import type { PingReply, PingTarget } from '../../client/status.ts';
import { exits } from '../../protocol/errors.ts';

const relay = { kind: 'relay', relay: 'rly_a', name: 'relay.acme.example' } as const;
const direct = { kind: 'direct', endpoint: '203.0.113.9:7443' } as const;
const resolves: PingTarget = { host: 'db1.db.acme.internal', state: 'resolves' };

function reply(change: Partial<PingReply>): PingReply {
  return { resource: 'databases', network: 'hq', path: direct, ...change };
}

const lost = (code: 'timeout' | 'no-peer' | 'connector-lost'): PingReply =>
  reply({ lost: { code, text: 'No answer came back in time.' } });

test('ping sums up what came back, over which path, and why that is not a direct one', () => {
  const report = reportOf(
    [
      reply({ rtt_ms: 9 }),
      reply({ rtt_ms: 8 }),
      lost('timeout'),
      reply({ rtt_ms: 31.5, path: relay, not_direct: 'broke off' }),
    ],
    resolves,
  );
  assert.deepEqual(
    { ...report, replies: [] },
    {
      schema: 'postern.ping/v1',
      resource: 'databases',
      network: 'hq',
      path: relay,
      not_direct: 'broke off',
      sent: 4,
      answered: 3,
      loss: 0.25,
      rtt_ms: { min: 8, median: 9, max: 31.5 },
      replies: [],
      target: resolves,
    },
  );
  assert.equal(
    summary(report),
    [
      'hq: 4 sent, 3 answered, 25 % lost; 8 / 9 / 31.5 ms (min / median / max)',
      'Not direct: broke off',
      'db1.db.acme.internal: the connector knows the name (with --port it also tries a connection)',
    ].join('\n'),
  );
  assert.equal(reportOf([reply({ rtt_ms: 2 }), reply({ rtt_ms: 3 })], resolves).rtt_ms?.median, 2.5);
});

test('a direct path needs no reason, and what could not be reached is marked', () => {
  const target: PingTarget = {
    ...{ host: 'db1.db.acme.internal', port: 5_432, state: 'fails', code: 'refused' },
    text: 'The application refused the connection.',
  };
  assert.equal(
    summary(reportOf([reply({ rtt_ms: 2 })], target)),
    [
      'hq: 1 sent, 1 answered, 0 % lost; 2 / 2 / 2 ms (min / median / max)',
      '! db1.db.acme.internal:5432: The application refused the connection.',
    ].join('\n'),
  );
  assert.equal(
    summary(
      reportOf([lost('timeout')], { state: 'not-asked', text: 'It is a wildcard; name one host of it.' }),
    ),
    'hq: 1 sent, 0 answered, 100 % lost\nIt is a wildcard; name one host of it.',
  );
});

test('the exit code says what is in the way: the path first, then the application', () => {
  const answered = reply({ rtt_ms: 2 });
  const fails = (code: 'refused' | 'no-name' | 'port-not-listed' | 'timeout'): PingTarget => ({
    state: 'fails',
    code,
  });
  for (const [replies, target, exit] of [
    [[answered], resolves, exits.ok],
    [[lost('timeout'), answered], resolves, exits.ok],
    [[lost('timeout')], fails('timeout'), exits.timeout],
    [[lost('no-peer')], fails('timeout'), exits.relayOrConnectorOffline],
    [[lost('connector-lost')], resolves, exits.relayOrConnectorOffline],
    [[answered], fails('refused'), exits.targetRefused],
    [[answered], fails('no-name'), exits.targetRefused],
    [[answered], fails('port-not-listed'), exits.denied],
  ] as const)
    assert.equal(exitOfPing(reportOf(replies, target)), exit, JSON.stringify([replies, target]));
});
