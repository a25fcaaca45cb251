/** What a relay tells Prometheus: how many nodes and circuits, and what happened how often. Ids stay where they are. */
import { byLabel, flag, gauge, type Counts, type Metric } from '../protocol/metrics.ts';
import type { Relay } from '../relay/relay.ts';

export function relayMetrics(
  relay: Pick<Relay, 'attached' | 'circuits' | 'isDraining' | 'passedBytes'>,
  events: Counts,
): Metric[] {
  return [
    gauge('postern_relay_attached', 'Nodes that are attached', relay.attached),
    gauge('postern_relay_circuits', 'Circuits that are joined', relay.circuits),
    flag('postern_relay_draining', 'Whether it takes no new circuits any more', relay.isDraining),
    {
      name: 'postern_relay_bytes_total',
      type: 'counter',
      help: 'What it passed, both ways together',
      samples: [{ value: relay.passedBytes }],
    },
    byLabel(
      'counter',
      'postern_relay_events_total',
      'Attachments, circuits, browsers that were passed on, and refusals',
      'event',
      events,
    ),
  ];
}
