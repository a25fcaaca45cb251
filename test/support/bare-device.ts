/** A device without its client: its keys, and what its controller gave it, used by hand. */
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import type { ConnectorId, NetworkId, RelayId } from '../../protocol/ids.ts';
import { decodeKey } from '../../protocol/keys.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { dialSession } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import { dialOptions } from '../../protocol/node/dial-options.ts';
import type { Identity } from '../../protocol/node/identity.ts';

/** Rejects with the Fault of a relay that does not take it with this ticket. */
export function attachDevice(
  { machineKey }: Identity,
  relay: { readonly id: string; readonly url: string },
  ticket: string,
  authorities: readonly string[],
): Promise<Attachment> {
  return attachToRelay({
    url: relay.url,
    relayId: relay.id as RelayId,
    ticket,
    machineKey,
    connect: dialOptions([...authorities]),
    clock: systemClock,
  });
}

/** Rejects with a Fault where the relay or the connector takes it not. */
export function dialConnector(
  attachment: Attachment,
  { nodeKey }: Identity,
  connector: { readonly id: string; readonly nk: string; readonly network: string },
  grants: readonly string[],
): Promise<Session> {
  return dialSession({
    carrier: attachment.openCircuit(connector.id as ConnectorId),
    own: nodeKey,
    peer: decodeKey(connector.nk) ?? Buffer.alloc(32),
    networkId: connector.network as NetworkId,
    clock: systemClock,
    random: systemRandom,
    grants,
    handle: () => ({}),
  });
}
