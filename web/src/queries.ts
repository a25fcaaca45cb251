/** What the pages read, kept up to date while they are looked at. */
import { queryOptions } from '@tanstack/react-query';
import { ApiProblem } from './api/call.ts';
import { api } from './api/portal.ts';

/** What nobody tells of is asked for every so often: where a page has no stream, or it broke off (`shell/use-own-events.ts`). */
const liveMs = 15_000;
/** Whether this page is told of what changes. */
export const ownStream = { isUp: false };
const refetchInterval = (): number | false => (ownStream.isUp ? false : liveMs);

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: api.me, refetchInterval });

export const signInOptionsQuery = queryOptions({ queryKey: ['sign-in'], queryFn: api.signInOptions });

export function guestOptionsQuery(host: string) {
  return queryOptions({ queryKey: ['guests', host], queryFn: () => api.guestOptions(host) });
}

export const devicesQuery = queryOptions({
  queryKey: ['devices'],
  queryFn: api.devices,
  // When each was last heard of is no news, and shown all the same.
  refetchInterval: () => (ownStream.isUp ? 60_000 : liveMs),
});

export const mySessionsQuery = queryOptions({
  queryKey: ['my-sessions'],
  queryFn: api.sessions,
  refetchInterval,
});

export const passesQuery = queryOptions({
  queryKey: ['passes'],
  queryFn: api.passes,
  refetchInterval,
});

export const requestsQuery = queryOptions({
  queryKey: ['requests'],
  queryFn: api.requests,
  refetchInterval,
});

export const approvalsQuery = queryOptions({
  queryKey: ['approvals'],
  queryFn: api.approvals,
  refetchInterval,
});

export function resourcesQuery(device: string | undefined) {
  return queryOptions({
    queryKey: ['resources', device],
    queryFn: () => api.resources(device),
    refetchInterval,
  });
}

/** Where the browser that has just signed out may sign out of its provider too; only in memory. */
export const providerSignOutKey = ['provider-sign-out'];

/** @param door the client's unless said */
export function resourceQuery(name: string, door?: 'web') {
  return queryOptions({ queryKey: ['resource', name, door], queryFn: () => api.resource(name, door) });
}

/** Trying again helps when the controller was not reached or failed, and never when it refused. */
export function worthRetrying(failures: number, error: Error): boolean {
  const refused = error instanceof ApiProblem && error.status >= 400 && error.status < 500;
  return !refused && failures < 2;
}
