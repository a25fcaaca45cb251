/**
 * Enrolment keys: made for one network, relay or service account, stored as hashes, and redeemed in one statement so
 * that a one-time key works once however many try at the same instant (SECURITY SEC-A11).
 */
import type { Random } from '../../protocol/clock.ts';
import { newId, type Id, type NetworkId } from '../../protocol/ids.ts';
import { encodeEnrolmentKey, hashOfSecret } from '../../protocol/secrets.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { EnrolmentKeysTable, KeyPurpose } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export interface NewKey {
  readonly purpose: KeyPurpose;
  /** The id of the network or service account, or the name of the relay. */
  readonly target: NetworkId | Id<'svc'> | string;
  /** Undefined: any number of times. */
  readonly uses: number | undefined;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresMs: number | undefined;
  /** The controller's root public key and URL, which travel inside the key. */
  readonly root: Buffer;
  readonly url: string;
}

/** Makes and stores a key. The text is returned once and kept nowhere. */
export async function createEnrolmentKey(
  store: ScopedStore,
  key: NewKey,
  { nowMs, random, who }: { readonly nowMs: number; readonly random: Random; readonly who: string },
): Promise<{ readonly id: Id<'tok'>; readonly text: string }> {
  const kind = key.purpose === 'service' ? 'sk' : 'pk';
  const secret = random(32);
  const id = newId('tok', random(16));
  await store.transaction(async (tx) => {
    await tx
      .insert('enrolment_keys', {
        id,
        kind,
        hash: hashOfSecret(secret),
        purpose: key.purpose,
        target: key.target,
        uses_left: key.uses ?? null,
        expires_ms: key.expiresMs ?? null,
        created_ms: nowMs,
        created_by: who,
      })
      .execute();
    const { purpose, target, uses, expiresMs } = key;
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who,
        what: 'key.create',
        result: 'done',
        detail: { key: id, purpose, target, uses, expiresMs },
      },
    ]);
  });
  return { id, text: encodeEnrolmentKey({ kind, root: key.root, secret, url: key.url }) };
}

/** Uses the key once and returns it; undefined when it is unknown, used up or expired. One atomic statement. */
export async function redeemKey(
  tx: ScopedStore,
  hash: string,
  nowMs: number,
): Promise<EnrolmentKeysTable | undefined> {
  return tx
    .update('enrolment_keys')
    .set((eb) => ({ uses_left: eb('uses_left', '-', 1) }))
    .where('hash', '=', hash)
    .where((eb) => eb.or([eb('uses_left', 'is', null), eb('uses_left', '>', 0)]))
    .where((eb) => eb.or([eb('expires_ms', 'is', null), eb('expires_ms', '>', nowMs)]))
    .returningAll()
    .executeTakeFirst();
}
