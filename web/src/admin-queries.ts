/** What administrators read, kept up to date by the controller's events and, should those be missing, by asking again. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { admin, type LogQuery } from './api/admin.ts';

/** Between two askings while the page is looked at. */
const liveMs = 20_000;

function live<T>(key: string, queryFn: () => Promise<T>) {
  return queryOptions({ queryKey: ['admin', key], queryFn, refetchInterval: liveMs });
}

export const overviewQuery = live('overview', admin.overview);
export const peopleQuery = live('people', admin.people);
export const serviceAccountsQuery = live('service-accounts', admin.serviceAccounts);
export const allDevicesQuery = live('devices', admin.devices);
export const standingsQuery = live('standings', admin.standings);
export const sessionsQuery = live('sessions', admin.sessions);
export const connectorsQuery = live('connectors', admin.connectors);
export const relaysQuery = live('relays', admin.relays);
export const allResourcesQuery = live('resources', admin.resources);
export const healthQuery = live('health', admin.health);
export const administratorsQuery = live('administrators', admin.administrators);
export const invitationsQuery = live('invitations', admin.invitations);
export const allPassesQuery = live('passes', admin.passes);
export const tokensQuery = live('tokens', admin.tokens);
export const directoriesQuery = live('directories', admin.directories);
export const webhooksQuery = live('webhooks', admin.webhooks);
export const exposuresQuery = live('exposures', admin.exposures);
export const policyHitsQuery = queryOptions({
  queryKey: ['admin', 'policy-hits'],
  queryFn: admin.policyHits,
});
/** Measured when it is asked for: that is what it is for. */
export const diagnosticsQuery = live('diagnostics', admin.diagnostics);
export const usageQuery = live('usage', admin.usage);
export const hostnamesQuery = live('hostnames', admin.hostnames);
export const namesQuery = live('names', admin.names);
export const keysQuery = live('keys', admin.keys);
export const mailQuery = live('mail', admin.mail);
export const documentQuery = live('document', admin.document);
export const postureSourcesQuery = live('posture-sources', admin.postureSources);

/** All that wait or last, and those that are over page by page. */
export const allRequestsQuery = infiniteQueryOptions({
  queryKey: ['admin', 'requests'],
  queryFn: ({ pageParam }) => admin.requests(pageParam),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next }) => next,
  // What came to its end between two pages is on both.
  select: ({ pages }) => [
    ...new Map(pages.flatMap(({ requests }) => requests).map((each) => [each.id, each])).values(),
  ],
  refetchInterval: liveMs,
});

export function logQuery(query: LogQuery) {
  return queryOptions({ queryKey: ['admin', 'log', query], queryFn: () => admin.log(query) });
}

export function revisionQuery(revision: number) {
  return queryOptions({
    queryKey: ['admin', 'revision', revision],
    queryFn: () => admin.revision(revision),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Apart from what is asked for again with every change: a resource that was just removed would be asked for once more. */
export function oneHealthQuery(name: string) {
  return queryOptions({
    queryKey: ['resource-health', name],
    queryFn: () => admin.healthOf(name),
    refetchInterval: liveMs,
  });
}

/** Who may use a resource, or what somebody may use, everywhere or on one device. */
export function accessQuery(of: { resource?: string; subject?: string; device?: string }) {
  return queryOptions({
    queryKey: ['admin', 'access', of],
    queryFn: () => admin.access(of),
    refetchInterval: liveMs,
  });
}

/** What is open now, as the connectors say: asked anew as long as it is looked at. */
export const flowsQuery = queryOptions({
  queryKey: ['admin', 'flows'],
  queryFn: admin.flows,
  refetchInterval: 2_000,
});
