/** API tokens: made beside the data or through the API, stored as hashes, given another role, deleted. */
import type { Random } from '../protocol/clock.ts';
import { newId, type Id } from '../protocol/ids.ts';
import { scopes as everyScope, type Scope } from '../protocol/roles.ts';
import { encodeApiToken, hashOfSecret } from '../protocol/secrets.ts';
import { appendAudit, type AuditEntry } from './audit/append-audit.ts';
import type { ApiRole, ApiTokensTable } from './store/tables/people.ts';
import type { ScopedStore } from './store/scoped-store.ts';

/** What became of a change to a token; `last`: it is the only administrator's token, and nothing was changed. */
export type TokenChange = 'done' | 'unknown' | 'last';

export interface TokenChangeOptions {
  readonly nowMs: number;
  readonly who: string;
  /** Also when no administrator's token is left afterwards. */
  readonly force: boolean;
}

/** What a token may be used for, within its role. */
export function scopesOf({ scopes }: Pick<ApiTokensTable, 'scopes'>): readonly Scope[] {
  return JSON.parse(scopes) as Scope[];
}

/** How exactly the last use of a token is known. */
const useGrainMs = 60_000;

/**
 * Makes a token for a role; `expiresMs` undefined: it lasts until it is deleted. The text is kept nowhere; `name` is for
 * people and need not be unique.
 */
export async function createApiToken(
  store: ScopedStore,
  role: ApiRole,
  options: {
    readonly nowMs: number;
    readonly random: Random;
    readonly who: string;
    readonly name?: string;
    readonly expiresMs?: number;
    /** All unless said; the role bounds it either way. */
    readonly scopes?: readonly Scope[];
  },
): Promise<{ readonly id: Id<'tok'>; readonly text: string }> {
  const { nowMs, random, who, name = '', expiresMs, scopes = everyScope } = options;
  const secret = random(32);
  const id = newId('tok', random(16));
  await store.transaction(async (tx) => {
    await tx
      .insert('api_tokens', {
        id,
        hash: hashOfSecret(secret),
        role,
        scopes: JSON.stringify(scopes),
        name,
        expires_ms: expiresMs ?? null,
        created_ms: nowMs,
        created_by: who,
        used_ms: null,
      })
      .execute();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who,
        what: 'token.create',
        result: 'done',
        detail: { token: id, role, scopes, ...(name === '' ? {} : { name }), expiresMs },
      },
    ]);
  });
  return { id, text: encodeApiToken({ kind: 'at', secret }) };
}

/** Deletes a token: what bears it is refused from now on. */
export async function deleteApiToken(
  store: ScopedStore,
  id: Id<'tok'>,
  options: TokenChangeOptions,
): Promise<TokenChange> {
  return change(store, id, options, async (tx, { role, name }) => {
    if (role === 'admin' && !options.force && (await isLastAdmin(tx, id, options.nowMs))) return undefined;
    await tx.delete('api_tokens').where('id', '=', id).execute();
    return { what: 'token.delete', detail: { token: id, role, name } };
  });
}

/** Gives a token another role, which counts from its next request on. */
export async function setApiTokenRole(
  store: ScopedStore,
  id: Id<'tok'>,
  role: ApiRole,
  options: TokenChangeOptions,
): Promise<TokenChange> {
  return change(store, id, options, async (tx, before) => {
    const loses = before.role === 'admin' && role !== 'admin';
    if (loses && !options.force && (await isLastAdmin(tx, id, options.nowMs))) return undefined;
    await tx.update('api_tokens').set({ role }).where('id', '=', id).execute();
    return { what: 'token.role', detail: { token: id, name: before.name, before: before.role, after: role } };
  });
}

/** Remembers that a token was used, unless that was written within the last minute. */
export async function noteTokenUse(
  store: ScopedStore,
  { id, used_ms }: Pick<ApiTokensTable, 'id' | 'used_ms'>,
  nowMs: number,
): Promise<void> {
  if (used_ms !== null && nowMs - used_ms < useGrainMs) return;
  await store.update('api_tokens').set({ used_ms: nowMs }).where('id', '=', id).execute();
}

async function change(
  store: ScopedStore,
  id: Id<'tok'>,
  { nowMs, who }: TokenChangeOptions,
  make: (tx: ScopedStore, before: ApiTokensTable) => Promise<Pick<AuditEntry, 'what' | 'detail'> | undefined>,
): Promise<TokenChange> {
  return store.transaction(async (tx) => {
    const before = await tx.select('api_tokens').selectAll().where('id', '=', id).executeTakeFirst();
    if (before === undefined) return 'unknown';
    const entry = await make(tx, before);
    if (entry === undefined) return 'last';
    await appendAudit(tx, [{ atMs: nowMs, who, result: 'done', ...entry }]);
    return 'done';
  });
}

/** Whether no other administrator's token is good now. */
async function isLastAdmin(tx: ScopedStore, id: Id<'tok'>, nowMs: number): Promise<boolean> {
  const other = await tx
    .select('api_tokens')
    .select('id')
    .where('role', '=', 'admin')
    .where('id', '!=', id)
    .where((eb) => eb.or([eb('expires_ms', 'is', null), eb('expires_ms', '>', nowMs)]))
    .executeTakeFirst();
  return other === undefined;
}
