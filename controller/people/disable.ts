/**
 * People and service accounts that may not come in any more, until they are enabled again: their sessions end with the
 * same commit that says so, so that no sign-in slips between the two.
 */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { closeSessions, openSessionsOf } from '../sessions/end-sessions.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { tellPassesOf } from '../web/passes.ts';

export type AccountId = Id<'usr'> | Id<'svc'>;

/** Whether this person or service account is disabled; false for one that is not there. */
export async function isDisabled(store: ScopedStore, account: AccountId): Promise<boolean> {
  const row = await rowOf(store, account);
  return row !== undefined && row.disabled_ms !== null;
}

/**
 * Disables or enables an account and says whether it exists. Disabling ends every session at once, each open flow with
 * the cause `disabled`; it is the same a second time.
 */
export async function setDisabled(
  context: ControllerContext,
  organisation: OrganisationId,
  account: AccountId,
  disabled: boolean,
  {
    who,
    permit,
  }: {
    readonly who: string;
    /** Throws what refuses it; asked inside the transaction. */
    readonly permit?: (tx: ScopedStore) => Promise<void>;
  },
): Promise<boolean> {
  const nowMs = context.now();
  const { store } = context.organisation(organisation);
  const done = await store.transaction(async (tx) => {
    if ((await rowOf(tx, account)) === undefined) return undefined;
    await permit?.(tx);
    return writeDisabled(tx, account, disabled, { who, nowMs });
  });
  if (done === undefined) return false;
  await tellPassesOf(context, organisation, [account]);
  if (done.length > 0)
    await context.publish(organisation, { kind: 'sessions-ended', sessions: done, reason: 'disabled' });
  return true;
}

/**
 * The same inside the caller's transaction, for an account that is there: returns the sessions that ended, of which the
 * caller publishes `sessions-ended` with the reason `disabled`, and tells of the account's passes.
 */
export async function writeDisabled(
  tx: ScopedStore,
  account: AccountId,
  disabled: boolean,
  { who, nowMs }: { readonly who: string; readonly nowMs: number },
): Promise<Id<'ses'>[]> {
  const before = await rowOf(tx, account);
  if (before === undefined) return [];
  const disabledMs = disabled ? (before.disabled_ms ?? nowMs) : null;
  if (isPerson(account)) {
    const by = disabled ? who : null;
    await tx
      .update('people')
      .set({ disabled_ms: disabledMs, disabled_by: by })
      .where('id', '=', account)
      .execute();
  } else {
    await tx.update('service_accounts').set({ disabled_ms: disabledMs }).where('id', '=', account).execute();
  }
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who,
      what: `${isPerson(account) ? 'person' : 'service'}.${disabled ? 'disable' : 'enable'}`,
      result: 'done',
      detail: {
        account,
        name: before.name,
        before: { disabled: before.disabled_ms !== null },
        after: { disabled },
      },
    },
  ]);
  if (!disabled) return [];
  return closeSessions(tx, await openSessionsOf(tx, account), { reason: 'disabled', who, nowMs });
}

function isPerson(account: AccountId): account is Id<'usr'> {
  return account.startsWith('usr_');
}

async function rowOf(
  store: ScopedStore,
  account: AccountId,
): Promise<{ name: string; disabled_ms: number | null } | undefined> {
  return isPerson(account)
    ? store.select('people').select(['name', 'disabled_ms']).where('id', '=', account).executeTakeFirst()
    : store
        .select('service_accounts')
        .select(['name', 'disabled_ms'])
        .where('id', '=', account)
        .executeTakeFirst();
}
