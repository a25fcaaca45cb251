/**
 * Changes beside the document that wait for a second administrator, kept as they were asked of the API, with what they are
 * about as it was then. Knows no route: what one is about is found by the kind and id in its path.
 */
import { newId, type Id } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { ProposedChangesTable } from '../store/tables/organisations.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { behind } from './behind.ts';

/** Of each kind of thing that a path names, the table and what of its rows a change is made upon. */
const subjects = {
  administrators: ['people', 'id', ['name', 'email', 'role', 'disabled_ms']],
  people: ['people', 'id', ['name', 'email', 'role', 'disabled_ms']],
  devices: ['nodes', 'id', ['name', 'owner', 'approval', 'state', 'mk', 'nk']],
  tokens: ['api_tokens', 'id', ['name', 'role', 'scopes', 'expires_ms', 'created_by']],
  directories: ['directories', 'name', ['name', 'halted_ms', 'allowed_until_ms']],
} as const;

export interface AskedChange {
  readonly method: string;
  /** As it was declared, e.g. `/api/v1/administrators/:id`. */
  readonly route: string;
  readonly url: string;
  readonly body: unknown;
  /** As in the audit log. */
  readonly who: string;
}

/** What the change in `url` is about, as it is now; null where it names nothing that is there. */
export async function subjectOf(tx: ScopedStore, url: string): Promise<string> {
  const [, , , kind = '', name] = new URL(url, 'http://localhost').pathname.split('/');
  if (name === undefined || !(kind in subjects)) return 'null';
  const [table, key, columns] = subjects[kind as keyof typeof subjects];
  const row = await tx
    .select(table as 'nodes')
    .select(columns as unknown as readonly ['name'])
    .where(key as 'name', '=', decodeURIComponent(name))
    .executeTakeFirst();
  return JSON.stringify(row ?? null);
}

/** Keeps what was asked for a second administrator. */
export async function proposeChange(
  { now, random }: ControllerContext,
  store: ScopedStore,
  { method, route, url, body, who }: AskedChange,
): Promise<Id<'chg'>> {
  const id = newId('chg', random(16));
  await store.transaction(async (tx) => {
    const before = await subjectOf(tx, url);
    await tx
      .insert('proposed_changes', {
        ...{ id, method, route, url, who, before },
        body: JSON.stringify(body ?? null),
        behind: JSON.stringify(await behind(tx, who)),
        created_ms: now(),
        state: 'open',
        decided_ms: null,
        decided_by: null,
        answer: null,
      })
      .execute();
    const detail = { proposal: id, method, path: url, before: read(before), after: body ?? null };
    await appendAudit(tx, [{ atMs: now(), who, what: 'change.propose', result: 'done', detail }]);
  });
  return id;
}

/** Those that are open, and those whose answer waits for whoever proposed them; the oldest first. */
export async function waitingChanges(store: ScopedStore): Promise<ProposedChangesTable[]> {
  return store
    .select('proposed_changes')
    .selectAll()
    .where((eb) => eb.or([eb('state', '=', 'open'), eb('answer', 'is not', null)]))
    .orderBy('created_ms')
    .execute();
}

/** Closes an open one; false when it is open no more. */
export async function decideChange(
  tx: ScopedStore,
  { id, method, url, who: proposedBy }: ProposedChangesTable,
  state: 'approved' | 'refused',
  { who, nowMs }: { readonly who: string; readonly nowMs: number },
): Promise<boolean> {
  const closed = await tx
    .update('proposed_changes')
    .set({ state, decided_ms: nowMs, decided_by: who })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .returning('id')
    .executeTakeFirst();
  if (closed === undefined) return false;
  const what = state === 'approved' ? 'change.approve' : 'change.refuse';
  const detail = { proposal: id, proposedBy, method, path: url };
  await appendAudit(tx, [{ atMs: nowMs, who, what, result: 'done', detail }]);
  return true;
}

/** Keeps the answer of one that was carried out, sealed, until whoever proposed it takes it. */
export async function keepAnswer(
  { secretKey }: ControllerContext,
  store: ScopedStore,
  id: Id<'chg'>,
  answer: string,
): Promise<void> {
  const sealed = secretKey.seal(purposeOf(id), Buffer.from(answer));
  await store.update('proposed_changes').set({ answer: sealed }).where('id', '=', id).execute();
}

/** Takes the answer out, once; undefined when it is not this caller's or gone. */
export async function takeAnswer(
  { secretKey }: ControllerContext,
  store: ScopedStore,
  id: string,
  who: string,
): Promise<unknown> {
  return store.transaction(async (tx) => {
    const row = await tx
      .select('proposed_changes')
      .select(['id', 'answer'])
      .where('id', '=', id as Id<'chg'>)
      .where('who', '=', who)
      .executeTakeFirst();
    if (row === undefined || row.answer === null) return undefined;
    await tx.update('proposed_changes').set({ answer: null }).where('id', '=', row.id).execute();
    const text = secretKey.unseal(purposeOf(row.id), row.answer);
    if (text === undefined) throw new Error(`the answer of ${row.id} was sealed with another secret key`);
    return read(text.toString('utf8'));
  });
}

function purposeOf(id: string): string {
  return `answer ${id}`;
}

function read(text: string): unknown {
  return JSON.parse(text);
}
