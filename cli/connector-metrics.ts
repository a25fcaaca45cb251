/** What a connector tells Prometheus: its connections and how many flows it carries, without a name of anything. */
import type { ConnectorStatus } from '../connector/connector-status.ts';
import { byLabel, flag, gauge, type Metric } from '../protocol/metrics.ts';

const states = ['ready', 'degraded', 'draining', 'enrolling', 'refused'] as const;

export function connectorMetrics(status: ConnectorStatus): Metric[] {
  const {
    state,
    controller,
    relays,
    sessions,
    streams,
    requests = 0,
    resources,
    direct,
    alarms = [],
  } = status;
  const up = relays.filter(({ connected }) => connected).length;
  return [
    byLabel(
      'gauge',
      'postern_connector_state',
      '1 for the state that it is in',
      'state',
      states.map((each) => [each, each === state ? 1 : 0] as const),
    ),
    flag('postern_controller_connected', 'Whether its control channel is up', controller.connected),
    byLabel('gauge', 'postern_connector_relays', 'Relays that it knows', 'connected', [
      ['yes', up],
      ['no', relays.length - up],
    ]),
    gauge('postern_connector_sessions', 'Sessions with devices', sessions),
    gauge('postern_connector_flows', 'Flows that are open', streams),
    gauge(
      'postern_connector_requests',
      'Requests and WebSockets that are open at public hostnames',
      requests,
    ),
    gauge('postern_connector_resources', 'Resources that it serves', resources),
    gauge('postern_connector_direct_sessions', 'Sessions over its direct port', direct?.sessions ?? 0),
    gauge('postern_alarms', 'What was heard that cannot be right, and left aside', alarms.length),
  ];
}
