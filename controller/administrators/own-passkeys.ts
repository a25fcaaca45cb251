/** A local owner's passkeys: one more, one less. Nobody takes away their own last way in. */
import type { Id } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { PasskeysTable } from '../store/tables/people.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export const mostPasskeys = 10;

/** `known`: the passkey is there already. */
export type PasskeyAdded = 'added' | 'too-many' | 'known' | 'no-account';

export async function addPasskey(
  store: ScopedStore,
  person: Id<'usr'>,
  { name, ...passkey }: Pick<PasskeysTable, 'id' | 'public_key' | 'counter'> & { readonly name: string },
  nowMs: number,
): Promise<PasskeyAdded> {
  return store.transaction(async (tx) => {
    const account = await accountOf(tx, person);
    if (account === undefined) return 'no-account';
    const own = await tx.select('passkeys').select('id').where('person', '=', person).execute();
    if (own.length >= mostPasskeys) return 'too-many';
    const added = await tx
      .insert('passkeys', { ...passkey, name, person, created_ms: nowMs, used_ms: null })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    if (added.numInsertedOrUpdatedRows === 0n) return 'known';
    const detail = { passkey: passkey.id, name };
    await appendAudit(tx, [
      { atMs: nowMs, who: person, what: 'administrator.passkey-add', result: 'done', detail },
    ]);
    return 'added';
  });
}

/** `last`: nothing but recovery codes would be left, which run out. */
export type PasskeyRemoved = 'removed' | 'unknown' | 'last';

export async function removePasskey(
  store: ScopedStore,
  person: Id<'usr'>,
  id: string,
  nowMs: number,
): Promise<PasskeyRemoved> {
  return store.transaction(async (tx) => {
    const own = await tx.select('passkeys').select(['id', 'name']).where('person', '=', person).execute();
    const passkey = own.find((each) => each.id === id);
    if (passkey === undefined) return 'unknown';
    const account = await accountOf(tx, person);
    if (own.length === 1 && (account === undefined || account.password === null)) return 'last';
    await tx.delete('passkeys').where('id', '=', id).where('person', '=', person).execute();
    const detail = { passkey: id, name: passkey.name };
    await appendAudit(tx, [
      { atMs: nowMs, who: person, what: 'administrator.passkey-remove', result: 'done', detail },
    ]);
    return 'removed';
  });
}

function accountOf(tx: ScopedStore, person: Id<'usr'>) {
  return tx.select('local_accounts').select('password').where('person', '=', person).executeTakeFirst();
}
