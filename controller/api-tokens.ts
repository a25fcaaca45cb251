/** API tokens: made beside the data or through the API, stored as hashes. */
import type { Random } from '../protocol/clock.ts';
import { newId, type Id } from '../protocol/ids.ts';
import { encodeApiToken, hashOfSecret } from '../protocol/secrets.ts';
import { appendAudit } from './audit/append-audit.ts';
import type { ApiRole } from './store/schema.ts';
import type { ScopedStore } from './store/scoped-store.ts';

/** Makes a token for a role; `expiresMs` undefined: it lasts until it is deleted. The text is kept nowhere. */
export async function createApiToken(
  store: ScopedStore,
  role: ApiRole,
  options: {
    readonly nowMs: number;
    readonly random: Random;
    readonly who: string;
    readonly expiresMs?: number;
  },
): Promise<{ readonly id: Id<'tok'>; readonly text: string }> {
  const { nowMs, random, who, expiresMs } = options;
  const secret = random(32);
  const id = newId('tok', random(16));
  await store.transaction(async (tx) => {
    await tx
      .insert('api_tokens', {
        id,
        hash: hashOfSecret(secret),
        role,
        expires_ms: expiresMs ?? null,
        created_ms: nowMs,
      })
      .execute();
    await appendAudit(tx, [
      { atMs: nowMs, who, what: 'token.create', result: 'done', detail: { token: id, role, expiresMs } },
    ]);
  });
  return { id, text: encodeApiToken({ kind: 'at', secret }) };
}
