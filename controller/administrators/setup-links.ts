/**
 * One-time links by which somebody who reaches the controller's data becomes an owner, without any provider: the first
 * one, or when all others are locked out. The token is kept as a hash, is good for half an hour and once; a new link takes
 * the place of an older one (SEC-A12).
 */
import type { Random } from '../../protocol/clock.ts';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';
import { setupPath } from '../../protocol/local-sign-in.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

const lifeMs = 30 * 60_000;

/** Makes the link; the token stands in the fragment, which no proxy and no log sees. */
export async function createSetupLink(
  store: ScopedStore,
  publicUrl: URL,
  { nowMs, random, who }: { readonly nowMs: number; readonly random: Random; readonly who: string },
): Promise<string> {
  const secret = random(32);
  await store.transaction(async (tx) => {
    await tx.delete('setup_links').execute();
    await tx
      .insert('setup_links', {
        hash: hashOfSecret(secret),
        created_ms: nowMs,
        expires_ms: nowMs + lifeMs,
      })
      .execute();
    await appendAudit(tx, [{ atMs: nowMs, who, what: 'administrator.setup-link', result: 'done' }]);
  });
  return `${publicUrl.origin}${setupPath}#token=${toBase64Url(secret)}`;
}

/** The hash of the link's token when it is good now; undefined otherwise. It stays good. */
export async function openSetupLink(
  store: ScopedStore,
  token: string,
  nowMs: number,
): Promise<string | undefined> {
  const secret = fromBase64Url(token);
  if (secret === undefined) return undefined;
  const row = await store
    .select('setup_links')
    .select('hash')
    .where('hash', '=', hashOfSecret(secret))
    .where('expires_ms', '>', nowMs)
    .executeTakeFirst();
  return row?.hash;
}

/** Inside the transaction that makes the owner: uses the link up. False when somebody else has, or its time has passed. */
export async function takeSetupLink(tx: ScopedStore, hash: string, nowMs: number): Promise<boolean> {
  const gone = await tx
    .delete('setup_links')
    .where('hash', '=', hash)
    .where('expires_ms', '>', nowMs)
    .returning('hash')
    .executeTakeFirst();
  return gone !== undefined;
}
