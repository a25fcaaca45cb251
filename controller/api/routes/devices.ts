/** Devices: listed, named, approved, blocked, let in again, removed. */
import { Type } from 'typebox';
import type { DeviceId } from '../../../protocol/ids.ts';
import { DeviceEntry } from '../../../protocol/inventory.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { endDeviceSessions, forgetDevice } from '../../devices/end-device.ts';
import { DeviceName, nameDevice } from '../../devices/name-device.ts';
import { deviceLifeMs } from '../../organisation/settings.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const params = Type.Object({ id: Type.String() });

/** What an administrator does to a device, and what it sets. */
const actions = {
  approve: { summary: 'Approves a device', set: { approval: 'approved' }, ends: undefined, gives: true },
  unapprove: { summary: 'Takes the approval back', set: { approval: 'none' }, ends: undefined, gives: false },
  block: {
    summary: 'Ends its session and lets nobody sign in on it',
    set: { state: 'blocked' },
    ends: 'blocked',
    gives: false,
  },
  unblock: {
    summary: 'Lets people sign in on it again',
    set: { state: 'active' },
    ends: undefined,
    gives: true,
  },
} as const;

export function deviceRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/devices',
    {
      config: { access: ['devices.read'] },
      schema: {
        summary: 'Devices of people and service accounts',
        response: { 200: Type.Array(DeviceEntry) },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const rows = await store
        .select('nodes')
        .selectAll()
        .where('kind', '=', 'device')
        .orderBy('name')
        .execute();
      const people = await store.select('people').select(['id', 'name', 'email']).execute();
      const names = new Map<string, string>(people.map(({ id, name, email }) => [id, email ?? name]));
      const { serviceAccounts, document } = await reader.current();
      for (const { id, name } of serviceAccounts) names.set(id, name);
      const lifeMs = deviceLifeMs(document);
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        os: row.os,
        version: row.version,
        owner: row.owner ?? '',
        ownerName: names.get(row.owner ?? '') ?? '',
        approval: row.approval,
        state: row.state,
        online: context.presence.isOnline(row.id),
        seen: new Date(row.seen_ms).toISOString(),
        ...(row.signed_in_ms === null ? {} : { signedIn: new Date(row.signed_in_ms).toISOString() }),
        ...(row.signed_in_ms === null || lifeMs === undefined || row.owner?.startsWith('usr_') !== true
          ? {}
          : { expires: new Date(row.signed_in_ms + lifeMs).toISOString() }),
        ...(row.keys_ms === null ? {} : { keys: new Date(row.keys_ms).toISOString() }),
        ...(row.posture === null ? {} : { posture: JSON.parse(row.posture) as unknown }),
      }));
    },
  );

  for (const [name, action] of Object.entries(actions)) {
    app.post(
      `/api/v1/devices/:id/${name}`,
      {
        config: { access: ['devices.write'], ...(action.gives ? {} : { atOnce: true }) },
        schema: { summary: action.summary, params, response: { 204: Type.Null() } },
      },
      async (request, reply) => {
        const organisation = organisationOf(request);
        const { store } = context.organisation(organisation);
        const who = whoOf(request);
        const device = request.params.id as DeviceId;
        await store.transaction(async (tx) => {
          const before = await tx
            .select('nodes')
            .select(['name', 'approval', 'state'])
            .where('id', '=', device)
            .where('kind', '=', 'device')
            .executeTakeFirst();
          if (before === undefined) throw new ProblemError('not-found');
          await tx.update('nodes').set(action.set).where('id', '=', device).execute();
          const detail = { device, before, after: { ...before, ...action.set } };
          await appendAudit(tx, [
            { atMs: context.now(), who, what: `device.${name}`, result: 'done', detail },
          ]);
        });
        if (action.ends !== undefined)
          await endDeviceSessions(context, organisation, device, action.ends, who);
        await context.publish(organisation, { kind: 'device', device });
        return reply.code(204).send(null);
      },
    );
  }

  app.post(
    '/api/v1/devices/:id/rename',
    {
      config: { atOnce: true, access: ['devices.write'] },
      schema: {
        summary: 'Names a device',
        params,
        body: Type.Object({ name: DeviceName }, { additionalProperties: false }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const device = request.params.id as DeviceId;
      const { name } = request.body;
      const known = await nameDevice(context, organisationOf(request), { device, name, who: whoOf(request) });
      if (!known) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/devices/:id',
    {
      config: { access: ['devices.write'] },
      schema: {
        summary: 'Ends its session and forgets it; its person may sign in on it as on a new device',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const who = whoOf(request);
      const device = request.params.id as DeviceId;
      const { store } = context.organisation(organisation);
      const known = await store
        .select('nodes')
        .select('name')
        .where('id', '=', device)
        .where('kind', '=', 'device')
        .executeTakeFirst();
      if (known === undefined) throw new ProblemError('not-found');
      await forgetDevice(context, organisation, { device, name: known.name, who });
      return reply.code(204).send(null);
    },
  );
}
