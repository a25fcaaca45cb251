/** Acting on a person who administers: only who could take their role may lock them out or let them back in. */
import type { FastifyRequest } from 'fastify';
import type { Id } from '../../protocol/ids.ts';
import { isLastOwner } from '../administrators/administrators.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { requireAction } from './access.ts';
import { has } from './callers.ts';
import { ProblemError } from './problems.ts';

/** Whether a person calls who is an owner, in this session, now. */
export function byOwner({ caller }: FastifyRequest): boolean {
  return caller.kind === 'person' && caller.role === 'owner';
}

/** The people on whom the caller may not act so, without saying which role keeps them. */
export async function outOfReach(store: ScopedStore, request: FastifyRequest): Promise<Set<Id<'usr'>>> {
  const rows = await store
    .select('people')
    .select(['id', 'role', 'disabled_ms'])
    .where('role', 'is not', null)
    .execute();
  const owners = rows.filter((row) => row.role === 'owner' && row.disabled_ms === null);
  const mayAdministrators = has(request.caller, 'administrators.write');
  const kept = rows.filter(
    ({ id, role }) =>
      !mayAdministrators ||
      (role === 'owner' && (!byOwner(request) || owners.every((owner) => owner.id === id))),
  );
  return new Set(kept.map(({ id }) => id));
}

/** Inside the transaction. Throws `not-allowed` when the person's role is above the caller, `conflict` for the last owner. */
export async function requireOver(tx: ScopedStore, request: FastifyRequest, id: Id<'usr'>): Promise<void> {
  const person = await tx.select('people').select('role').where('id', '=', id).executeTakeFirst();
  if (person === undefined || person.role === null) return;
  requireAction(request, 'administrators.write', 'This person administers; your role does not cover that.');
  if (person.role !== 'owner') return;
  if (!byOwner(request))
    throw new ProblemError('not-allowed', 'Only an owner, signed in with a browser, acts on an owner.');
  if (await isLastOwner(tx, id))
    throw new ProblemError('conflict', 'This is the last owner. Make another one first.');
}
