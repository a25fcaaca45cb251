/**
 * What records must not do again after they were put back to an earlier state: nothing that was ended, used up or taken away
 * since may count once more. Verifiers know a newer epoch, and tokens that these records do not: both are left behind here.
 */
import { appendAudit } from '../audit/append-audit.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Store } from '../store/store.ts';

export interface Settling {
  /** Of the backup, epoch milliseconds. */
  readonly madeMs: number;
  readonly nowMs: number;
  /** Whether sessions go on; one that was ended since would do so too. */
  readonly keepsSessions: boolean;
}

/** What is in force again as it was in the backup, although it may have been ended since. */
export interface InForce {
  readonly sessions: number;
  readonly apiTokens: number;
  readonly serviceKeys: number;
  readonly passes: number;
}

/** Used once, or handed to somebody for a moment. */
const oneTime = [
  'guest_codes',
  'login_attempts',
  'web_codes',
  'request_links',
  'setup_links',
  'invitations',
  'passkey_challenges',
] as const;

/** Settles every organisation, each in one transaction; answers what an administrator should look at. */
export async function settleRestored(store: Store, settling: Settling): Promise<InForce> {
  const all: InForce[] = [];
  for (const id of await store.organisations())
    all.push(await store.forOrganisation(id).transaction((tx) => settle(tx, settling)));
  const sum = (of: (each: InForce) => number): number => all.reduce((total, each) => total + of(each), 0);
  return {
    sessions: sum(({ sessions }) => sessions),
    apiTokens: sum(({ apiTokens }) => apiTokens),
    serviceKeys: sum(({ serviceKeys }) => serviceKeys),
    passes: sum(({ passes }) => passes),
  };
}

async function settle(tx: ScopedStore, { madeMs, nowMs, keepsSessions }: Settling): Promise<InForce> {
  // Epochs count revocations: there was not one for each millisecond since 1970.
  const epoch = await tx.raiseEpoch(nowMs);
  // Signed by a key that is not put back; whoever has a right is given new ones.
  await tx.delete('issued_tokens').execute();
  await tx.delete('web_sessions').execute();
  for (const table of oneTime) await tx.delete(table).execute();
  await tx.delete('enrolment_keys').where('uses_left', 'is not', null).execute();
  await tx.update('exposures').set({ ended_ms: nowMs }).where('ended_ms', 'is', null).execute();
  if (!keepsSessions)
    await tx
      .update('sessions')
      .set({ ended_ms: nowMs, ended_reason: 'restored', id_token: null })
      .where('ended_ms', 'is', null)
      .execute();
  await appendAudit(tx, [
    {
      atMs: nowMs,
      who: 'controller',
      what: 'store.restore',
      result: 'done',
      detail: { backup: new Date(madeMs).toISOString(), epoch, sessions: keepsSessions ? 'kept' : 'ended' },
    },
  ]);
  return inForce(tx, nowMs);
}

async function inForce(tx: ScopedStore, nowMs: number): Promise<InForce> {
  const sessions = await tx
    .select('sessions')
    .select('id')
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .execute();
  const tokens = await tx.select('api_tokens').select('id').execute();
  const keys = await tx.select('enrolment_keys').select('id').where('purpose', '=', 'service').execute();
  const passes = await tx.select('web_passes').select('id').execute();
  return {
    sessions: sessions.length,
    apiTokens: tokens.length,
    serviceKeys: keys.length,
    passes: passes.length,
  };
}
