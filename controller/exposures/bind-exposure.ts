/** Which exposure a connector serves that joins: known by the network that its key was made for. */
import type { ConnectorId, NetworkId } from '../../protocol/ids.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { exposureOf, type Exposure } from './exposure.ts';

/**
 * The process that joined with a key for this network serves what is exposed there; undefined when it is an ordinary
 * network. Inside the transaction that used the key.
 */
export async function bindExposure(
  tx: ScopedStore,
  network: NetworkId,
  connector: ConnectorId,
): Promise<Exposure | undefined> {
  const row = await tx
    .update('exposures')
    .set({ connector })
    .where('network', '=', network)
    .where('ended_ms', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  await tx.nextRequestsSerial();
  return exposureOf(row);
}
