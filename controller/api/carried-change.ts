/**
 * What of the API waits where the organisation asks for a second administrator: whatever an administrator changes, unless its
 * route says that it happens at once. What was approved is asked of its route again, as by whoever proposed it and with no more
 * than what both may do.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyRequest } from 'fastify';
import type { Id } from '../../protocol/ids.ts';
import { actions, type Role } from '../../protocol/roles.ts';
import { tokenIn } from '../administrators/behind.ts';
import { subjectOf } from '../administrators/proposed-changes.ts';
import { scopesOf } from '../api-tokens.ts';
import type { ControllerContext } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { ProposedChangesTable } from '../store/tables/organisations.ts';
import type { Access, KnownCaller, PersonCaller } from './callers.ts';
import { ProblemError } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * An administrator's change that waits for nobody: it only takes away, changes nothing that anybody may do, or waits in a
     * way of its own. What deletes something does, and need not say so.
     */
    atOnce?: true;
  }
}

/** A change that a second administrator has approved, while it is carried out. */
export interface Carried {
  readonly change: ProposedChangesTable;
  readonly approver: PersonCaller;
}

const carried = new AsyncLocalStorage<Carried>();
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** The approved change that the request being answered carries out; undefined for what comes from outside. */
export function carriedChange(): Carried | undefined {
  return carried.getStore();
}

/** Runs `ask`, which asks the change of its route. */
export function carryOut<T>(what: Carried, ask: () => Promise<T>): Promise<T> {
  return carried.run(what, ask);
}

/** Whether what this route does waits where a second administrator is asked for. */
export function waits(
  method: string,
  { access, atOnce }: { readonly access?: Access; readonly atOnce?: true },
): boolean {
  if (safeMethods.has(method) || atOnce === true || access === undefined || access === 'public') return false;
  return access.some((each) => each in actions);
}

/** Inside the transaction of a change. Throws `conflict` where it has to wait since its request began. */
export async function refuseUnlessFree(
  context: ControllerContext,
  tx: ScopedStore,
  { method, routeOptions }: FastifyRequest,
): Promise<void> {
  if (carriedChange() !== undefined || !waits(method, routeOptions.config)) return;
  if (await isAsked(context, tx))
    throw new ProblemError('conflict', 'A second administrator is asked for since just now; try again.');
}

/** Inside the transaction that carries it out. Throws `conflict` when what it is about is not as it was. */
export async function requireSame(tx: ScopedStore, { url, before }: ProposedChangesTable): Promise<void> {
  if ((await subjectOf(tx, url)) !== before)
    throw new ProblemError('conflict', 'What it is about is another since. Refuse it, and propose it again.');
}

/**
 * Whoever proposed it, as a caller with no more than both may do now. Throws `not-allowed` when they may do nothing any more,
 * or nothing that both may.
 */
export async function bothOf(
  tx: ScopedStore,
  { change, approver }: Carried,
  nowMs: number,
): Promise<KnownCaller> {
  const token = tokenIn(change.who);
  if (token === undefined) {
    const person = change.who as Id<'usr'>;
    const row = await tx
      .select('people')
      .select('role')
      .where('id', '=', person)
      .where('disabled_ms', 'is', null)
      .executeTakeFirst();
    return { ...approver, person, role: lower(row?.role ?? undefined, approver.role) };
  }
  const row = await tx
    .select('api_tokens')
    .select(['role', 'scopes', 'expires_ms'])
    .where('id', '=', token)
    .executeTakeFirst();
  const isGood = row !== undefined && (row.expires_ms === null || row.expires_ms > nowMs);
  const role = lower(isGood ? row.role : undefined, approver.role);
  if (!isGood || role === 'owner') throw new ProblemError('not-allowed', goneText);
  const { organisation } = approver;
  return { kind: 'token', organisation, id: token, role, scopes: scopesOf(row), expiresMs: row.expires_ms };
}

const goneText = 'Whoever proposed this may not do it any more, or your role does not cover it.';

/** The role that covers what both cover: of two that are not alike, one of them covers the other or there is none. */
function lower(one: Role | undefined, other: Role | undefined): Role {
  if (one !== undefined && other !== undefined) {
    if (one === other || one === 'owner') return other;
    if (other === 'owner' || other === 'admin') return one;
    if (one === 'admin') return other;
  }
  throw new ProblemError('not-allowed', goneText);
}

/** Whether the organisation asks for a second administrator now. */
export async function isAsked(context: ControllerContext, store: ScopedStore): Promise<boolean> {
  const { document } = await context.organisation(store.organisation).reader.current(store);
  return document.changes?.approval === 'required';
}
