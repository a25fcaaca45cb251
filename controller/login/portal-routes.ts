/** What the portal shows a person about themselves: who they are here, their devices, and the ways out. */
import { Type } from 'typebox';
import type { Id } from '../../protocol/ids.ts';
import { Me, MyDevices, type MyDevice } from '../../protocol/portal.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { claimsOf, verdictsOn } from '../posture/device-claims.ts';
import { shownPosture } from '../posture/shown-device.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import type { NodesTable } from '../store/schema.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { instant, portalCaller } from './portal-caller.ts';
import type { Cookies } from './cookies.ts';
import { freshUntilMs } from './freshness.ts';

const config = { access: ['person'] } as const;
const nothing = { 204: Type.Null() };

export function portalRoutes(app: TypedApp, context: ControllerContext, cookies: Cookies): void {
  app.get(
    '/api/v1/me',
    { config, schema: { summary: 'Who is signed in', response: { 200: Me } } },
    async (request) => {
      const { organisation, person, session } = await portalCaller(context, request);
      const { document, groups } = await organisation.reader.current();
      const provider = document.identityProviders?.find(({ issuer }) => issuer === person.issuer)?.name;
      const freshMs = freshUntilMs(session.auth_ms);
      return {
        organisation: document.organisation === '' ? null : document.organisation,
        person: {
          id: person.id,
          name: person.name,
          ...(person.email === null ? {} : { email: person.email }),
          groups: (JSON.parse(person.groups) as string[]).filter((group) => groups.has(group)),
        },
        session: {
          provider: provider ?? null,
          until: instant(session.until_ms),
          freshUntil: freshMs === undefined || freshMs <= context.now() ? null : instant(freshMs),
        },
      };
    },
  );

  app.post(
    '/api/v1/me/sign-out',
    { config, schema: { summary: 'Ends this browser session', response: nothing } },
    async (request, reply) => {
      const { organisation, person, session } = await portalCaller(context, request);
      await endSessions(context, organisation.id, [session.id], { reason: 'logout', who: person.id });
      cookies.clear(reply, 'session');
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/me/devices',
    { config, schema: { summary: 'Devices of the signed-in person', response: { 200: MyDevices } } },
    async (request) => {
      const { organisation, person } = await portalCaller(context, request);
      const { store } = organisation;
      const rows = await store
        .select('nodes')
        .selectAll()
        .where('kind', '=', 'device')
        .where('owner', '=', person.id)
        .orderBy('seen_ms', 'desc')
        .execute();
      const sessions = await openDeviceSessions(store, person.id, context.now());
      const state = await organisation.reader.current();
      const verdicts = await verdictsOn(store, state, rows);
      return {
        devices: rows.map((row) => {
          const claims = claimsOf(row, state, verdicts.get(row.id));
          const posture = shownPosture(claims, state, context.now());
          const until = sessions.find(({ device }) => device === row.id)?.until_ms;
          return {
            id: row.id,
            name: row.name,
            os: row.os,
            lastSeen: instant(row.seen_ms),
            state: deviceState(row, until !== undefined),
            ...(until === undefined ? {} : { sessionUntil: instant(until) }),
            ...(posture === undefined ? {} : { posture }),
          };
        }),
      };
    },
  );

  app.post(
    '/api/v1/me/devices/:id/sign-out',
    {
      config,
      schema: {
        summary: 'Ends the session of one of the person’s devices',
        params: Type.Object({ id: Type.String() }),
        response: nothing,
      },
    },
    async (request, reply) => {
      const { organisation, person } = await portalCaller(context, request);
      const open = await openDeviceSessions(organisation.store, person.id, context.now());
      const ids = open.filter(({ device }) => device === request.params.id).map(({ id }) => id);
      const ended = await endSessions(context, organisation.id, ids, { reason: 'logout', who: person.id });
      if (ended.length === 0) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );
}

async function openDeviceSessions(store: ScopedStore, person: Id<'usr'>, nowMs: number) {
  return store
    .select('sessions')
    .select(['id', 'device', 'until_ms'])
    .where('kind', '=', 'device')
    .where('subject', '=', person)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .execute();
}

function deviceState({ state, approval }: NodesTable, signedIn: boolean): MyDevice['state'] {
  if (state !== 'active') return state;
  if (!signedIn) return 'signed-out';
  return approval === 'held' ? 'held' : 'active';
}
