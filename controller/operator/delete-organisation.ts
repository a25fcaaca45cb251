/**
 * Deletes an organisation for good: every record goes, its id stays nobody else's, and of its audit log the hashes stay. It
 * is suspended before, so that nothing of it is open any more.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Store } from '../store/store.ts';
import { chainNext, chainStart } from './audit-chain.ts';

/** So long after its suspension every controller has acted on it, and connectors have heard. */
export const settledMs = 5_000;

/** The last of the hashes that stay. The organisation is suspended since `settledMs` at least. */
export function deleteOrganisation(store: Store, id: OrganisationId, nowMs: number): Promise<string> {
  return store.deleteOrganisation(id, nowMs, { start: chainStart(id), next: chainNext });
}
