/** What the pages read, kept up to date while they are looked at. */
import { queryOptions } from '@tanstack/react-query';
import { ApiProblem } from './api/call.ts';
import { api } from './api/portal.ts';

const liveMs = 15_000;

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: api.me, refetchInterval: liveMs });

export const signInOptionsQuery = queryOptions({ queryKey: ['sign-in'], queryFn: api.signInOptions });

export function guestOptionsQuery(host: string) {
  return queryOptions({ queryKey: ['guests', host], queryFn: () => api.guestOptions(host) });
}

export const devicesQuery = queryOptions({
  queryKey: ['devices'],
  queryFn: api.devices,
  refetchInterval: liveMs,
});

export const mySessionsQuery = queryOptions({
  queryKey: ['my-sessions'],
  queryFn: api.sessions,
  refetchInterval: liveMs,
});

export const passesQuery = queryOptions({
  queryKey: ['passes'],
  queryFn: api.passes,
  refetchInterval: liveMs,
});

export const requestsQuery = queryOptions({
  queryKey: ['requests'],
  queryFn: api.requests,
  refetchInterval: liveMs,
});

export const approvalsQuery = queryOptions({
  queryKey: ['approvals'],
  queryFn: api.approvals,
  refetchInterval: liveMs,
});

export function resourcesQuery(device: string | undefined) {
  return queryOptions({
    queryKey: ['resources', device],
    queryFn: () => api.resources(device),
    refetchInterval: liveMs,
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
