/** What a controller tells Prometheus of itself, of its records and of the others that share them. */
import { byLabel, flag, gauge, type Metric } from '../protocol/metrics.ts';
import type { NodeId } from '../protocol/ids.ts';
import { answersOf } from './api/request-counts.ts';
import type { ControllerContext } from './context.ts';

const kinds = { dev: 'device', con: 'connector', rly: 'relay' } as const;

export async function controllerMetrics(context: ControllerContext): Promise<Metric[]> {
  const { live, presence, store, isLeaving, shares } = context;
  const { flows, relayed } = shares.usedHere();
  const { answers, seconds } = answersOf(context);
  return [
    flag('postern_controller_ready', 'Whether it takes requests: 0 while it is shutting down', !isLeaving),
    byLabel(
      'gauge',
      'postern_controller_nodes',
      'Nodes whose control channel is at this controller',
      'kind',
      byKind(presence.here),
    ),
    byLabel(
      'gauge',
      'postern_controller_nodes_elsewhere',
      'Nodes whose control channel is at another controller of these records, as far as it has heard',
      'kind',
      byKind(presence.elsewhere),
    ),
    gauge('postern_controller_flows', 'Flows open at connectors whose control channel is here', flows),
    gauge(
      'postern_controller_relayed_bytes',
      'Bytes a second through relays whose control channel is here',
      relayed,
    ),
    flag('postern_cluster_whole', 'Whether news reach all controllers now; alone, always', live.isWhole),
    byLabel('counter', 'postern_http_answers_total', 'Answers of API and pages', 'status', answers),
    {
      name: 'postern_http_answer_seconds_total',
      type: 'counter',
      help: 'Time that those answers took',
      samples: [{ value: seconds }],
    },
    ...(await records(store)),
  ];
}

/** What takes a look into the store; without an answer only that. */
async function records(store: ControllerContext['store']): Promise<Metric[]> {
  const began = performance.now();
  const counts = await store.metrics().catch(() => undefined);
  const isUp = flag('postern_store_up', 'Whether the records answer', counts !== undefined);
  if (counts === undefined) return [isUp];
  return [
    isUp,
    gauge(
      'postern_store_lag_seconds',
      'How long the records took to answer these questions',
      (performance.now() - began) / 1_000,
    ),
    gauge('postern_organisations', 'Organisations', counts.organisations),
    byLabel(
      'gauge',
      'postern_notifications_waiting',
      'What is still to be told to webhooks and by mail',
      'channel',
      [
        ['webhook', counts.webhook],
        ['mail', counts.mail],
      ],
    ),
    gauge(
      'postern_notifications_oldest_seconds',
      'For how long the oldest of them waits',
      counts.oldestMs === undefined ? 0 : Math.max(0, Date.now() - counts.oldestMs) / 1_000,
    ),
    gauge(
      'postern_cluster_controllers',
      'Controllers that are on the list of these records',
      counts.controllers,
    ),
    {
      name: 'postern_audit_entries_total',
      type: 'counter',
      help: 'The number of the newest entry of the audit log',
      samples: [{ value: counts.audit }],
    },
  ];
}

function byKind(nodes: readonly NodeId[]): [string, number][] {
  return Object.entries(kinds).map(([prefix, kind]) => [
    kind,
    nodes.filter((node) => node.startsWith(`${prefix}_`)).length,
  ]);
}
