/** Metrics of a controller: on a port of their own, in a form that Prometheus reads, and naming nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerMetrics } from '../../controller/metrics.ts';
import { serveMetrics } from '../../cli/metrics-server.ts';
import { relayMetrics } from '../../cli/relay-metrics.ts';
import { connectorMetrics } from '../../cli/connector-metrics.ts';
import { Counts, metricsText } from '../../protocol/metrics.ts';
import { newId } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { requestBench } from '../controller/requests/request-bench.ts';
import { freePort } from '../support/servers/free-port.ts';

/** Each line of the text format, as Prometheus takes it. */
const line =
  /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\} | )-?[0-9.e+-]+)$/;

test('metrics name nobody and nothing, count what there is, and are not on the public port', async (t) => {
  const bench = await requestBench(t);
  const { context, portal } = bench;
  const alice = await bench.person('alice', ['staff']);
  await alice.ask({ reason: 'Restore the backup' });
  const leave = context.presence.enter(newId('con', systemRandom(16)));
  context.presence.hear('another', [newId('dev', systemRandom(16))], true);
  const port = await freePort();
  const close = await serveMetrics({ metrics: { address: '127.0.0.1', port } }, async () => [
    ...(await controllerMetrics(context)),
    ...relayMetrics({ attached: 3, circuits: 2, isDraining: false, passedBytes: 4_096 }, new Counts()),
  ]);
  t.after(close);
  const read = async (path: string, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
  };
  const { text, type, status } = await read('/metrics');
  assert.equal(status, 200);
  assert.match(type ?? '', /^text\/plain; version=0\.0\.4/);
  for (const each of text.trimEnd().split('\n')) assert.match(each, line);
  const has = (wanted: string) => assert.ok(text.includes(`\n${wanted}\n`), `${wanted}\n${text}`);
  has('postern_controller_nodes{kind="connector"} 1');
  has('postern_controller_nodes_elsewhere{kind="device"} 1');
  has('postern_cluster_whole 1');
  has('postern_store_up 1');
  has('postern_notifications_waiting{channel="mail"} 0');
  has('postern_relay_circuits 2');
  has('postern_relay_bytes_total 4096');
  has('postern_controller_flows 0');
  assert.match(text, /^postern_http_answers_total\{status="2xx"\} [1-9]/m);
  assert.match(text, /^postern_audit_entries_total [1-9]/m);
  for (const name of ['alice', 'acme', 'databases', 'wiki', 'staff', context.firstOrganisation, alice.id])
    assert.ok(!text.toLowerCase().includes(name), name);
  assert.equal((await read('/')).status, 404);
  assert.equal((await read('/metrics', 'POST')).status, 405);
  for (const app of [bench.app, portal]) assert.equal((await app.inject('/metrics')).statusCode, 404);
  leave();
  const unanswering = { ...context, store: { metrics: () => Promise.reject(new Error('away')) } } as never;
  assert.match(metricsText(await controllerMetrics(unanswering)), /^postern_store_up 0$/m);
});

test('a connector tells its state, and neither its name nor its network', () => {
  const text = metricsText(
    connectorMetrics({
      schema: 'postern.connector/v1',
      id: 'con_secret',
      key: 'key',
      network: 'hq',
      state: 'degraded',
      controller: { connected: false, fault: 'access.acme.example' },
      relays: [
        { id: 'rly_one', connected: true },
        { id: 'rly_two', connected: false },
      ],
      sessions: 4,
      streams: 9,
      requests: 7,
      resources: 2,
      version: '0',
    }),
  );
  assert.match(text, /^postern_connector_state\{state="degraded"\} 1$/m);
  assert.match(text, /^postern_connector_state\{state="ready"\} 0$/m);
  assert.match(text, /^postern_connector_relays\{connected="no"\} 1$/m);
  assert.match(text, /^postern_connector_flows 9$/m);
  assert.match(text, /^postern_connector_requests 7$/m);
  assert.doesNotMatch(text, /con_|rly_|hq|acme/);
});

test('what stands in a label or a help text ends neither', () => {
  const text = metricsText([
    { name: 'x', type: 'gauge', help: 'a\nb\\', samples: [{ value: 1, labels: { l: 'a"\n\\' } }] },
  ]);
  assert.equal(text, '# HELP x a\\nb\\\\\n# TYPE x gauge\nx{l="a\\"\\n\\\\"} 1\n');
});
