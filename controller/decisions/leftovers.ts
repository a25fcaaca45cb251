/**
 * What a crash left between a change and its revocation: tokens whose session is over or whose node is gone, and sessions
 * of people and service accounts that are no more. Looked for at the start, and after a fault of the store; otherwise each change
 * revokes for itself.
 */
import type { Id } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { storeRevocations } from './revocations.ts';

/** Device sessions that are open although whom they belong to is gone. */
export async function orphanedSessions(store: ScopedStore, state: OrganisationState): Promise<Id<'ses'>[]> {
  const open = await store
    .select('sessions')
    .select(['id', 'subject'])
    .where('kind', '=', 'device')
    .where('ended_ms', 'is', null)
    .execute();
  const people = await store.select('people').select(['id', 'issuer']).execute();
  const issuers = new Set((state.document.identityProviders ?? []).map(({ issuer }) => issuer));
  const known = new Set<string>([
    ...state.serviceAccounts.map(({ id }) => id),
    ...people.filter(({ issuer }) => issuers.has(issuer)).map(({ id }) => id),
  ]);
  return open.filter(({ subject }) => !known.has(subject)).map(({ id }) => id);
}

/** Revokes tokens that nothing stands behind any more; inside the caller's transaction. */
export async function revokeOrphanedTokens(tx: ScopedStore, nowMs: number): Promise<Revocation[]> {
  const tokens = await tx.select('issued_tokens').select(['id', 'node', 'session']).execute();
  const nodes = new Set<string>((await tx.select('nodes').select('id').execute()).map(({ id }) => id));
  const sessions = await tx.select('sessions').select('id').where('ended_ms', 'is', null).execute();
  const open = new Set<string>(sessions.map(({ id }) => id));
  const orphaned = tokens.filter(
    ({ node, session }) => !nodes.has(node) || (session !== null && !open.has(session)),
  );
  for (const { id } of orphaned) await tx.delete('issued_tokens').where('id', '=', id).execute();
  const ids = orphaned.flatMap(({ id, node, session }) => [
    id,
    ...(nodes.has(node) ? [] : [node]),
    ...(session === null || open.has(session) ? [] : [session]),
  ]);
  return storeRevocations(tx, [...new Set(ids)], 'removed', nowMs);
}
