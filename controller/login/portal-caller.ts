/** The signed-in person behind a request to the portal: their record and their browser's session. */
import type { FastifyRequest } from 'fastify';
import type { PersonCaller } from '../api/callers.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { PeopleTable, SessionsTable } from '../store/tables/people.ts';

export interface PortalCaller {
  readonly organisation: Organisation;
  readonly person: PeopleTable;
  readonly session: SessionsTable;
}

/** Reads the caller of a route that is open to persons alone. */
export async function portalCaller(
  context: ControllerContext,
  request: FastifyRequest,
): Promise<PortalCaller> {
  const { caller } = request;
  if (caller.kind !== 'person')
    throw new Error('a route of the portal is open to something else than a person');
  const found = await portalCallerNow(context, caller);
  if (found === undefined) throw new ProblemError('not-authenticated');
  return found;
}

/** The same as they are now; undefined where one of the two is gone. Whether the session is over it does not ask. */
export async function portalCallerNow(
  context: ControllerContext,
  caller: Pick<PersonCaller, 'organisation' | 'person' | 'session'>,
): Promise<PortalCaller | undefined> {
  const organisation = context.organisation(caller.organisation);
  const { store } = organisation;
  const person = await store.select('people').selectAll().where('id', '=', caller.person).executeTakeFirst();
  const session = await store
    .select('sessions')
    .selectAll()
    .where('id', '=', caller.session)
    .executeTakeFirst();
  return person === undefined || session === undefined ? undefined : { organisation, person, session };
}

/** An instant as the portal's schemas have it. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}
