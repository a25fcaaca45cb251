/** Administrators: listed, given a role, and relieved of it. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Administrators } from '../../../protocol/administrators.ts';
import type { Id } from '../../../protocol/ids.ts';
import { Role } from '../../../protocol/roles.ts';
import { administrators, setRole } from '../../administrators/administrators.ts';
import type { ControllerContext } from '../../context.ts';
import { organisationOf, whoOf } from '../access.ts';
import { byOwner } from '../over-administrators.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const params = Type.Object({ id: Type.String() });
const writing = { access: ['administrators.write'], problems: ['conflict'] } as const;

export function administratorRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/administrators',
    {
      config: { access: ['administrators.read'] },
      schema: { summary: 'People with a role', response: { 200: Administrators } },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { document } = await reader.current();
      const rows = await administrators(store);
      return {
        administrators: rows.flatMap((row) => {
          if (row.role === null) return [];
          const provider = document.identityProviders?.find(({ issuer }) => issuer === row.issuer)?.name;
          return {
            id: row.id,
            name: row.name,
            ...(row.email === null ? {} : { email: row.email }),
            ...(provider === undefined ? {} : { provider }),
            role: row.role,
            disabled: row.disabled_ms !== null,
            since: row.role_ms === null ? null : new Date(row.role_ms).toISOString(),
            givenBy: row.role_by,
          };
        }),
      };
    },
  );

  app.put(
    '/api/v1/administrators/:id',
    {
      config: writing,
      schema: {
        summary: 'Gives a person a role, in place of the one they have; it counts from their next sign-in',
        params,
        body: Type.Object({ role: Role }, { additionalProperties: false }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await change(context, request, request.params.id, request.body.role);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/administrators/:id',
    {
      config: writing,
      schema: {
        summary: 'Takes a person’s role: they administer nothing from their next request on',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await change(context, request, request.params.id, undefined);
      return reply.code(204).send(null);
    },
  );
}

async function change(
  context: ControllerContext,
  request: FastifyRequest,
  person: string,
  role: Role | undefined,
): Promise<void> {
  const { store } = context.organisation(organisationOf(request));
  const changed = await setRole(store, person as Id<'usr'>, role, {
    nowMs: context.now(),
    who: whoOf(request),
    byOwner: () => byOwner(request),
  });
  if (changed === 'unknown') throw new ProblemError('not-found');
  if (changed === 'last-owner')
    throw new ProblemError('conflict', 'This is the last owner. Make another one first.');
  if (changed === 'owners-only')
    throw new ProblemError(
      'not-allowed',
      'Only an owner, signed in with a browser, makes and unmakes owners.',
    );
}
