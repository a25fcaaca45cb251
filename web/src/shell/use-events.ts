/** Hears from the controller what has changed, and asks anew for what is in sight of it. */
import { useEffect } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { LiveKind } from '../../../protocol/live-events.ts';

/** What each kind of event makes old: the second part of the queries' keys. */
const touched: Readonly<Record<LiveKind, readonly string[]>> = {
  document: [
    'document',
    'history',
    'resources',
    'hostnames',
    'names',
    'service-accounts',
    'posture-sources',
    'standings',
    'overview',
    'access',
    'keys',
    'proposals',
    'passes',
  ],
  people: ['people', 'service-accounts', 'overview', 'access'],
  devices: ['devices', 'standings', 'overview', 'access'],
  sessions: ['sessions', 'people', 'devices', 'overview', 'access'],
  servers: ['diagnostics', 'health', 'connectors', 'relays', 'keys', 'hostnames', 'names', 'overview'],
  requests: ['requests', 'access', 'overview'],
  exposures: ['exposures'],
  passes: ['passes'],
  settings: [
    'administrators',
    'invitations',
    'tokens',
    'directories',
    'webhooks',
    'mail',
    'usage',
    'overview',
  ],
  log: ['log', 'flows'],
};

/** As long as the page is there, and only for those who may hear of it. A browser dials again by itself. */
export function useEvents(active: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!active) return undefined;
    const source = new EventSource('/api/v1/events');
    for (const [kind, keys] of Object.entries(touched)) {
      source.addEventListener(kind, () => {
        void queries.invalidateQueries({
          predicate: ({ queryKey }) => queryKey[0] === 'admin' && keys.includes(String(queryKey[1])),
        });
      });
    }
    return () => source.close();
  }, [active, queries]);
}
