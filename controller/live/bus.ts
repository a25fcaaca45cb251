/**
 * What is live between those who change something and those who hold channels: revocations, refreshes, answered logins.
 * Nothing on it is the only copy: the store is. In memory here; `redis-live.ts` carries it on to other controllers.
 */
import type { CodeName } from '../../protocol/errors.ts';
import type { DeviceId, NetworkId, NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { AskFlows, FlowsAnswer } from '../../protocol/live-flows.ts';
import type { Revocation } from '../../protocol/lease.ts';
import type { AskHealth, HealthAnswer } from '../../protocol/resource-health.ts';
import type { Name } from '../../protocol/names.ts';
import type { Probe, Probed } from '../../protocol/target-test.ts';

export type LiveMessage =
  /** Stored already; verifiers hear of it before anything that follows. */
  | { readonly kind: 'revoked'; readonly revocation: Revocation }
  /** What these devices may use or know may be different now. */
  | { readonly kind: 'devices'; readonly devices: readonly DeviceId[] }
  /**
   * Connectors, relays or what they serve may be different now, and with that what every node is told; `network`: its connectors
   * alone may be, which are nothing to those of other networks.
   */
  | { readonly kind: 'servers'; readonly network?: NetworkId }
  /** What connectors serve may be different now, and nothing else. */
  | { readonly kind: 'connectors' }
  /** Web sessions that connectors of this network shall hold as well. */
  | { readonly kind: 'web'; readonly network: NetworkId; readonly list: readonly string[] }
  /** An ACME validation that every connector of this network shall be able to answer. */
  | { readonly kind: 'acme'; readonly network: NetworkId; readonly host: Name; readonly digest: string }
  /** The organisation was deleted: the channels of its nodes end. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'login'; readonly attempt: string }
  /** The node has begun a newer control channel, of this number, at some controller: an older one ends. */
  | { readonly kind: 'channel'; readonly node: NodeId; readonly channel: number; readonly boot: string }
  /** This connector is asked something; whoever asked waits for an `answer` with the same question. */
  | { readonly kind: 'ask'; readonly node: NodeId; readonly message: Probe | AskFlows | AskHealth }
  | { readonly kind: 'answer'; readonly node: NodeId; readonly message: Probed | FlowsAnswer | HealthAnswer }
  /** The node's channel ends with this fault. */
  | { readonly kind: 'close'; readonly node: NodeId; readonly code: CodeName; readonly message: string };

export type LiveHandler = (organisation: OrganisationId, message: LiveMessage) => void;

export interface Bus {
  publish: LiveHandler;
  /** Returns how to stop hearing. */
  subscribe(handler: LiveHandler): () => void;
}

/** A bus inside one process: handlers run at once, in the order of their subscription. */
export function memoryBus(): Bus {
  const handlers = new Set<LiveHandler>();
  return {
    publish(organisation, message) {
      for (const handler of handlers) handler(organisation, message);
    },
    subscribe(handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
  };
}
