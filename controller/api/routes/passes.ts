/** Service tokens and device passes for administrators: service tokens made, both kinds listed and revoked one by one. */
import { Type } from 'typebox';
import { parseDuration } from '../../../protocol/durations.ts';
import { MadePass, PassEntry, PassName, passLifeOf } from '../../../protocol/passes.ts';
import type { ControllerContext } from '../../context.ts';
import { subjectsOf } from '../../decisions/seat.ts';
import { createPass, revokePass } from '../../web/keep-passes.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const Body = Type.Object(
  {
    name: PassName,
    resource: Type.String({ maxLength: 63 }),
    serviceAccount: Type.String({ maxLength: 63 }),
    /** Never unless said. */
    expires: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}[smhd]$' })),
  },
  { additionalProperties: false },
);

export function passRoutes(app: TypedApp, context: ControllerContext): void {
  app.post(
    '/api/v1/passes',
    {
      config: { access: ['passes.write'], problems: ['conflict', 'not-found'] },
      schema: {
        summary: 'Makes a service token for the web door of a resource',
        description: 'Its secret is in this answer, and is never shown again.',
        body: Body,
        response: { 201: MadePass },
      },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      const { name, resource: wanted, serviceAccount, expires } = request.body;
      const state = await context.organisation(organisation).reader.current();
      const resource = state.resources.find(({ definition }) => definition.name === wanted);
      const account = state.serviceAccounts.find((each) => each.name === serviceAccount);
      if (resource === undefined || account === undefined) {
        const [kind, text] =
          resource === undefined ? ['resource', wanted] : ['service account', serviceAccount];
        throw new ProblemError('not-found', `There is no ${kind} "${text}".`);
      }
      if (resource.definition.web === undefined)
        throw new ProblemError('conflict', `The resource "${wanted}" has no web door.`);
      const lifeMs = expires === undefined ? undefined : parseDuration(expires);
      if (expires !== undefined && lifeMs === undefined)
        throw new ProblemError('invalid-request', 'expires is at most a year.');
      const made = await createPass(context, organisation, {
        kind: 'service',
        name,
        subject: account.id,
        resource,
        who: whoOf(request),
        ...passLifeOf(lifeMs, context.now()),
      });
      return reply.code(201).send(made);
    },
  );

  app.get(
    '/api/v1/passes',
    {
      config: { access: ['passes.read'] },
      schema: {
        summary: 'Service tokens and device passes, without their secrets',
        response: { 200: Type.Array(PassEntry) },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const state = await reader.current();
      const rows = await store.select('web_passes').selectAll().orderBy('created_ms').execute();
      const subjects = await subjectsOf(
        store,
        state,
        rows.map(({ subject }) => subject),
      );
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        name: row.name,
        subject: row.subject,
        subjectName: subjects.get(row.subject)?.name ?? row.subject,
        resource: state.resources.find(({ id }) => id === row.resource)?.definition.name ?? row.resource,
        created: new Date(row.created_ms).toISOString(),
        createdBy: row.created_by,
        expires: row.expires_ms === null ? null : new Date(row.expires_ms).toISOString(),
      }));
    },
  );

  app.delete(
    '/api/v1/passes/:id',
    {
      config: { access: ['passes.write'] },
      schema: {
        summary: 'Revokes a service token or device pass: what is open under it ends at once',
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const by = { who: whoOf(request) };
      if (!(await revokePass(context, organisationOf(request), request.params.id, by)))
        throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  );
}
