/** A person's own sessions in the portal: where they are signed in, in browsers and on devices, and the end of one or of all others. */
import { Type } from 'typebox';
import { MySessions, OthersEnded } from '../../protocol/portal.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';

const config = { access: ['person'] } as const;

export function mySessionsRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/me/sessions',
    {
      config,
      schema: { summary: 'Where the signed-in person is signed in', response: { 200: MySessions } },
    },
    async (request) => mySessions(context, await portalCaller(context, request)),
  );

  app.post(
    '/api/v1/me/sessions/:id/end',
    {
      config: { ...config, problems: ['conflict'] },
      schema: {
        summary: 'Ends another session of the person at once, with what is open under it',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const caller = await portalCaller(context, request);
      const { organisation, person, session } = caller;
      // The cookie goes with it there, and the way to the provider's own sign-out is told.
      if (request.params.id === session.id)
        throw new ProblemError('conflict', 'This is the session that asks: sign out instead.');
      const open = await openSessions(caller, context.now());
      const ids = open.filter(({ id }) => id === request.params.id).map(({ id }) => id);
      const ended = await endSessions(context, organisation.id, ids, { reason: 'logout', who: person.id });
      if (ended.length === 0) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/me/sessions/end-others',
    {
      config,
      schema: {
        summary: 'Ends every session of the person but the one that asks',
        response: { 200: OthersEnded },
      },
    },
    async (request) => {
      const caller = await portalCaller(context, request);
      const { organisation, person, session } = caller;
      const open = await openSessions(caller, context.now());
      const others = open.filter(({ id }) => id !== session.id).map(({ id }) => id);
      const reason = 'logout-everywhere';
      const ended = await endSessions(context, organisation.id, others, { reason, who: person.id });
      return { ended: ended.length };
    },
  );
}

/** Where somebody is signed in, as the portal shows it. */
export async function mySessions(context: ControllerContext, caller: PortalCaller): Promise<MySessions> {
  const { organisation, person, session } = caller;
  const devices = await organisation.store
    .select('nodes')
    .select(['id', 'name'])
    .where('kind', '=', 'device')
    .where('owner', '=', person.id)
    .execute();
  const names = new Map<string, string>(devices.map(({ id, name }) => [id, name]));
  const rows = await openSessions(caller, context.now());
  return {
    sessions: rows.map(({ id, kind, device, provider, address, started_ms, until_ms }) => ({
      id,
      kind,
      isThis: id === session.id,
      ...(device === null ? {} : { device, deviceName: names.get(device) ?? '' }),
      ...(provider === null ? {} : { provider }),
      address,
      started: instant(started_ms),
      until: instant(until_ms),
    })),
  };
}

/** The caller's own that are not over, the newest first. */
async function openSessions({ organisation, person }: PortalCaller, nowMs: number): Promise<SessionsTable[]> {
  return organisation.store
    .select('sessions')
    .selectAll()
    .where('subject', '=', person.id)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .orderBy('started_ms', 'desc')
    .orderBy('id')
    .execute();
}
