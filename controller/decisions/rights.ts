/**
 * Rights as numbers: until when, and for how long without contact, a seat may use each resource of each network. What
 * grants are minted from and what issued grants are compared with.
 */
import type { NetworkId, ResourceId } from '../../protocol/ids.ts';
import { resourceOutageS } from '../organisation/resource-hosts.ts';
import type { Entitlement } from './entitlements.ts';
import { longestLifeMs } from './revocations.ts';

/** Epoch seconds at which the right ends by itself, and seconds it outlives contact. */
export interface Right {
  readonly until: number;
  readonly out: number;
}

export type Rights = ReadonlyMap<ResourceId, Right>;

/** The rights of a seat by network. Networks without any are absent. */
export function rightsByNetwork(
  list: readonly Entitlement[],
  sessionUntilMs: number,
  nowMs: number,
): Map<NetworkId, Map<ResourceId, Right>> {
  const byNetwork = new Map<NetworkId, Map<ResourceId, Right>>();
  for (const { resource, state, untilMs } of list) {
    if (state !== 'granted') continue;
    const untilAtMost = Math.min(untilMs ?? Number.POSITIVE_INFINITY, sessionUntilMs, nowMs + longestLifeMs);
    const rights = byNetwork.get(resource.network.id) ?? new Map<ResourceId, Right>();
    rights.set(resource.id, {
      until: Math.floor(untilAtMost / 1_000),
      out: resourceOutageS(resource.definition),
    });
    byNetwork.set(resource.network.id, rights);
  }
  return byNetwork;
}

/** Whether an issued right promises more than is due now; a second is for rounding. */
export function promisesMore(issued: Right | undefined, due: Right | undefined): boolean {
  if (issued === undefined) return false;
  return due === undefined || issued.until > due.until + 1 || issued.out > due.out;
}

/**
 * Whether an issued right still serves: on the same terms, and at least half of what is due is left. A posture report each
 * minute moves the end each minute; a new token each minute would be waste.
 */
export function serves(issued: Right, due: Right, nowMs: number): boolean {
  const nowS = nowMs / 1_000;
  return issued.out === due.out && issued.until - nowS >= (due.until - nowS) / 2;
}
