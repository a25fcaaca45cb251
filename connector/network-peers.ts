/** The other connectors of a network: who they are, and how certificates are shared with them. */
import { systemClock, systemRandom } from '../protocol/clock.ts';
import type { ConnectorSnapshot } from '../protocol/snapshot.ts';
import { parseId } from '../protocol/ids.ts';
import { encodeKey } from '../protocol/keys.ts';
import type { Attachments } from '../protocol/link/attachments.ts';
import type { KeptAttachment } from '../protocol/link/keep-attached.ts';
import type { Identity } from '../protocol/node/identity.ts';
import { peersThroughRelays, type Peers } from './web/certificates/ask-peers.ts';

export interface NetworkPeers {
  /** Whether a node with this key is another connector of the network. */
  isPeer(this: void, key: Buffer): boolean;
  /** Whether this connector goes before the peer with that key, where both would do the same. */
  goesBefore(this: void, key: Buffer): boolean;
  readonly peers: Peers;
}

/** @param snapshot as far as this connector serves it, always as of now */
export function networkPeers(
  identity: Pick<Identity, 'nodeKey' | 'enrolment'>,
  snapshot: () => ConnectorSnapshot | undefined,
  relays: Pick<Attachments, 'values'>,
): NetworkPeers {
  const attached = (): KeptAttachment[] => relays.values().filter(({ state }) => state.state === 'up');
  const peerWith = (key: Buffer): { readonly id: string } | undefined => {
    const nk = encodeKey(key);
    return Object.values(snapshot()?.peers ?? {}).find((peer) => peer.nk === nk);
  };
  return {
    isPeer: (key) => peerWith(key) !== undefined,
    goesBefore: (key) => (identity.enrolment?.node ?? '') < (peerWith(key)?.id ?? ''),
    peers: peersThroughRelays({
      own: identity.nodeKey,
      network: () => parseId('net', snapshot()?.network.id),
      peers: () => Object.values(snapshot()?.peers ?? {}),
      circuits: (connector) => attached().map((relay) => () => relay.openCircuit(connector)),
      isAttached: () => attached().length > 0,
      clock: systemClock,
      random: systemRandom,
    }),
  };
}
