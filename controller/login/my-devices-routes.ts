/**
 * A person's own devices in the portal: listed, named, signed out, forgotten; and one that is new to its owner is known or
 * blocked with a word.
 */
import { Type } from 'typebox';
import type { DeviceId, Id } from '../../protocol/ids.ts';
import { MyDevices, type MyDevice } from '../../protocol/portal.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { endDeviceSessions, forgetDevice } from '../devices/end-device.ts';
import { DeviceName, nameDevice } from '../devices/name-device.ts';
import { approvalRule } from '../organisation/settings.ts';
import { claimsOf, verdictsOn } from '../posture/device-claims.ts';
import { shownPosture } from '../posture/shown-device.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';

const config = { access: ['person'] } as const;
const params = Type.Object({ id: Type.String() });
const nothing = { 204: Type.Null() };

export function myDevicesRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/me/devices',
    { config, schema: { summary: 'Devices of the signed-in person', response: { 200: MyDevices } } },
    async (request) => myDevices(context, await portalCaller(context, request)),
  );

  app.post(
    '/api/v1/me/devices/:id/sign-out',
    {
      config,
      schema: { summary: 'Ends the session of one of the person’s devices', params, response: nothing },
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

  app.post(
    '/api/v1/me/devices/:id/rename',
    {
      config,
      schema: {
        summary: 'Names one of the person’s devices',
        params,
        body: Type.Object({ name: DeviceName }, { additionalProperties: false }),
        response: nothing,
      },
    },
    async (request, reply) => {
      const { organisation, person } = await portalCaller(context, request);
      const device = request.params.id as DeviceId;
      const naming = { device, name: request.body.name, owner: person.id, who: person.id };
      if (!(await nameDevice(context, organisation.id, naming))) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/me/devices/:id/acknowledge',
    {
      config,
      schema: { summary: 'The person knows this new device', params, response: nothing },
    },
    async (request, reply) => {
      const caller = await portalCaller(context, request);
      const { id, name } = await ownDevice(caller, request.params.id);
      await change(caller, id, { acknowledged_ms: context.now() }, 'device.acknowledge', { name });
      await context.publish(caller.organisation.id, { kind: 'person', person: caller.person.id });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/me/devices/:id/block',
    {
      config,
      schema: {
        summary: 'Ends its session and lets nobody sign in on it until an administrator unblocks it',
        params,
        response: nothing,
      },
    },
    async (request, reply) => {
      const caller = await portalCaller(context, request);
      const { organisation, person } = caller;
      const { id, name } = await ownDevice(caller, request.params.id);
      await change(caller, id, { state: 'blocked', acknowledged_ms: context.now() }, 'device.block', {
        name,
      });
      await endDeviceSessions(context, organisation.id, id, 'blocked', person.id);
      await context.publish(organisation.id, { kind: 'person', person: person.id });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/me/devices/:id/forget',
    {
      config: { ...config, problems: ['conflict'] },
      schema: { summary: 'Ends its session and forgets it', params, response: nothing },
    },
    async (request, reply) => {
      const caller = await portalCaller(context, request);
      const { id, name, state } = await ownDevice(caller, request.params.id);
      // To forget it would let it in again as a new one.
      if (state === 'blocked')
        throw new ProblemError('conflict', 'The device is blocked; ask an administrator.');
      await forgetDevice(context, caller.organisation.id, { device: id, name, who: caller.person.id });
      return reply.code(204).send(null);
    },
  );

  async function change(
    { organisation, person }: PortalCaller,
    device: DeviceId,
    set: Partial<Pick<NodesTable, 'state' | 'acknowledged_ms'>>,
    what: string,
    detail: object,
  ): Promise<void> {
    await organisation.store.transaction(async (tx) => {
      await tx.update('nodes').set(set).where('id', '=', device).execute();
      const entry = { atMs: context.now(), who: person.id, what, detail: { device, ...detail } };
      await appendAudit(tx, [{ ...entry, result: 'done' }]);
    });
  }
}

/** A person's devices as the portal shows them, the one seen last first. */
export async function myDevices(
  context: ControllerContext,
  { organisation, person }: PortalCaller,
): Promise<MyDevices> {
  const { store, reader } = organisation;
  const state = await reader.current();
  const required = approvalRule(state.document) === 'required';
  const rows = await store
    .select('nodes')
    .selectAll()
    .where('kind', '=', 'device')
    .where('owner', '=', person.id)
    .orderBy('seen_ms', 'desc')
    .execute();
  const sessions = await openDeviceSessions(store, person.id, context.now());
  const verdicts = await verdictsOn(store, state, rows);
  return {
    devices: rows.map((row) => {
      const posture = shownPosture(claimsOf(row, state, verdicts.get(row.id)), state, context.now());
      const until = sessions.find(({ device }) => device === row.id)?.until_ms;
      return {
        id: row.id,
        name: row.name,
        os: row.os,
        lastSeen: instant(row.seen_ms),
        state: deviceState(row, until !== undefined, required),
        ...(row.acknowledged_ms === null && row.state !== 'blocked'
          ? { news: { at: instant(row.signed_in_ms ?? row.created_ms), address: row.address ?? '' } }
          : {}),
        ...(until === undefined ? {} : { sessionUntil: instant(until) }),
        ...(posture === undefined ? {} : { posture }),
      };
    }),
  };
}

/** The device with this id, where it is the caller's; somebody else's is as good as none. */
async function ownDevice(
  { organisation, person }: PortalCaller,
  id: string,
): Promise<{ id: DeviceId; name: string; state: NodesTable['state'] }> {
  const row = await organisation.store
    .select('nodes')
    .select(['name', 'state'])
    .where('id', '=', id as DeviceId)
    .where('kind', '=', 'device')
    .where('owner', '=', person.id)
    .executeTakeFirst();
  if (row === undefined) throw new ProblemError('not-found');
  return { id: id as DeviceId, ...row };
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

function deviceState(
  { state, approval }: NodesTable,
  signedIn: boolean,
  required: boolean,
): MyDevice['state'] {
  if (state !== 'active') return state;
  if (!signedIn) return 'signed-out';
  return approval === 'held' || (required && approval === 'none') ? 'held' : 'active';
}
