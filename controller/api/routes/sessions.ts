/** Sessions that are open: listed, ended. */
import { Type } from 'typebox';
import type { Id } from '../../../protocol/ids.ts';
import { SessionEntry } from '../../../protocol/inventory.ts';
import type { ControllerContext } from '../../context.ts';
import { endSessions } from '../../sessions/end-sessions.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

export function sessionRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/sessions',
    {
      config: { access: ['sessions.read'] },
      schema: { summary: 'Open sessions', response: { 200: Type.Array(SessionEntry) } },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const people = await store.select('people').select(['id', 'name', 'email']).execute();
      const names = new Map<string, string>(people.map(({ id, name, email }) => [id, email ?? name]));
      for (const { id, name } of (await reader.current()).serviceAccounts) names.set(id, name);
      const nodes = await store.select('nodes').select(['id', 'name']).where('kind', '=', 'device').execute();
      const devices = new Map<string, string>(nodes.map(({ id, name }) => [id, name]));
      const rows = await store
        .select('sessions')
        .selectAll()
        .where('ended_ms', 'is', null)
        .where('until_ms', '>', context.now())
        .orderBy('started_ms')
        .execute();
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        subject: row.subject,
        subjectName: names.get(row.subject) ?? '',
        ...(row.device === null ? {} : { device: row.device, deviceName: devices.get(row.device) ?? '' }),
        ...(row.provider === null ? {} : { provider: row.provider }),
        address: row.address,
        started: new Date(row.started_ms).toISOString(),
        until: new Date(row.until_ms).toISOString(),
      }));
    },
  );

  app.delete(
    '/api/v1/sessions/:id',
    {
      config: { access: ['sessions.end'] },
      schema: {
        summary: 'Ends a session at once, with every flow under it',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const id = request.params.id as Id<'ses'>;
      const reason = { reason: 'ended-by-administrator', who: whoOf(request) };
      const ended = await endSessions(context, organisationOf(request), [id], reason);
      if (ended.length === 0) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );
}
