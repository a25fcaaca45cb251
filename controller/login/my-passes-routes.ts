/**
 * Device passes: a person makes one for each application that cannot follow a redirect (a calendar, a mounted folder), for
 * one resource that they may open in a browser, and revokes it when the application is gone.
 */
import { Type } from 'typebox';
import { parseDuration } from '../../protocol/durations.ts';
import { MadePass, MyPasses, PassName, passLifeOf } from '../../protocol/passes.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { visitorEntitlements } from '../decisions/entitlements.ts';
import { subjectOf } from '../decisions/seat.ts';
import type { Resource } from '../organisation/organisation-state.ts';
import { createPass, revokePass } from '../web/keep-passes.ts';
import { visitorOf } from '../web/web-right.ts';
import { isFresh } from './freshness.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';
import { plainAddress } from '../../protocol/source-address.ts';

const config = { access: ['person'] } as const;
const mostOfOnePerson = 50;
const usualLife = '90d';

export function myPassesRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/me/passes',
    {
      config,
      schema: { summary: 'The device passes of the signed-in person', response: { 200: MyPasses } },
    },
    async (request) => myPasses(context, await portalCaller(context, request), request.callerAddress),
  );

  app.post(
    '/api/v1/me/passes',
    {
      config: { ...config, problems: ['not-found', 'conflict'] },
      schema: {
        summary: 'Makes a device pass',
        description: 'Its secret is in this answer, and is never shown again.',
        body: Type.Object(
          {
            name: PassName,
            resource: Type.String({ maxLength: 63 }),
            /** 90d unless said; at most a year. */
            expires: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}[smhd]$' })),
          },
          { additionalProperties: false },
        ),
        response: { 201: MadePass },
      },
    },
    async (request, reply) => {
      const caller = await portalCaller(context, request);
      const { organisation, person, session } = caller;
      const { name, resource: wanted, expires = usualLife } = request.body;
      const lifeMs = parseDuration(expires);
      if (lifeMs === undefined) throw new ProblemError('invalid-request', 'expires is at most a year.');
      const open = await openInBrowser(context, caller, request.callerAddress);
      const resource = open.find(({ definition }) => definition.name === wanted);
      if (resource === undefined) throw new ProblemError('not-found');
      if (!isFresh(session.auth_ms ?? undefined, context.now()))
        throw new ProblemError('conflict', 'A device pass needs a fresh sign-in; sign in again first.');
      const rows = await organisation.store
        .select('web_passes')
        .select('id')
        .where('subject', '=', person.id)
        .execute();
      if (rows.length >= mostOfOnePerson)
        throw new ProblemError('conflict', `You have ${mostOfOnePerson} device passes; revoke one first.`);
      const made = await createPass(context, organisation.id, {
        kind: 'device',
        name,
        subject: person.id,
        resource,
        session,
        who: person.id,
        ...passLifeOf(lifeMs, context.now()),
      });
      return reply.code(201).send(made);
    },
  );

  app.post(
    '/api/v1/me/passes/:id/revoke',
    {
      config,
      schema: {
        summary: 'Revokes a device pass: what is open under it ends at once',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { organisation, person } = await portalCaller(context, request);
      const by = { who: person.id, of: person.id };
      if (!(await revokePass(context, organisation.id, request.params.id, by)))
        throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );
}

/** Somebody's device passes, and for what they may make more from this address. */
export async function myPasses(
  context: ControllerContext,
  caller: PortalCaller,
  address: string,
): Promise<MyPasses> {
  const { store, reader } = caller.organisation;
  const state = await reader.current();
  const rows = await store
    .select('web_passes')
    .selectAll()
    .where('subject', '=', caller.person.id)
    .orderBy('created_ms')
    .execute();
  return {
    passes: rows.map((row) => ({
      id: row.id,
      name: row.name,
      resource: state.resources.find(({ id }) => id === row.resource)?.definition.name ?? row.resource,
      created: instant(row.created_ms),
      expires: row.expires_ms === null ? null : instant(row.expires_ms),
    })),
    resources: (await openInBrowser(context, caller, address)).map(({ definition }) => definition.name),
  };
}

/** The resources with a web door that this browser may open. */
async function openInBrowser(
  context: ControllerContext,
  { organisation, person, session }: PortalCaller,
  address: string,
): Promise<Resource[]> {
  const state = await organisation.reader.current();
  const subject = await subjectOf(organisation.store, state, person.id);
  if (subject === undefined) throw new ProblemError('not-authenticated');
  const visitor = visitorOf(subject, session, [plainAddress(address)]);
  return visitorEntitlements(state, visitor, context.now(), 'web')
    .filter(({ state: now, resource }) => now === 'granted' && resource.definition.web !== undefined)
    .map(({ resource }) => resource);
}
