/** API tokens, each with a role: made, listed, given another role, deleted. */
import { Type } from 'typebox';
import { NewToken } from '../../../protocol/api-tokens.ts';
import { parseDuration } from '../../../protocol/durations.ts';
import type { Id } from '../../../protocol/ids.ts';
import { ApiTokenEntry } from '../../../protocol/inventory.ts';
import { scopes as everyScope, tokenRoles } from '../../../protocol/roles.ts';
import {
  createApiToken,
  deleteApiToken,
  scopesOf,
  setApiTokenRole,
  type TokenChange,
  type TokenChangeOptions,
} from '../../api-tokens.ts';
import type { ControllerContext } from '../../context.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/** Also when no administrator's token is left afterwards. */
const Force = Type.Object({ force: Type.Optional(Type.Boolean()) });
const params = Type.Object({ id: Type.String() });
const lastText =
  'No other API token with the role admin is left, so nobody could administer any more. Make another first, or say force.';

export function tokenRoutes(app: TypedApp, context: ControllerContext): void {
  app.post(
    '/api/v1/tokens',
    {
      config: { access: ['tokens.write'] },
      schema: {
        summary: 'Makes an API token',
        description: 'Its text is in this answer, and is never shown again.',
        body: NewToken,
        response: { 201: Type.Object({ id: Type.String(), token: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { role, name, expires } = request.body;
      const lifeMs = expires === undefined ? undefined : parseDuration(expires);
      if (expires !== undefined && lifeMs === undefined)
        throw new ProblemError('invalid-request', 'expires is at most a year.');
      const { caller } = request;
      const own = caller.kind === 'token' ? caller.scopes : everyScope;
      const { scopes = own } = request.body;
      if (!scopes.every((scope) => own.includes(scope)))
        throw new ProblemError(
          'not-allowed',
          `A token makes none with a scope beyond its own: ${own.join(', ')}.`,
        );
      const nowMs = context.now();
      const latestMs = caller.kind === 'token' ? caller.expiresMs : null;
      const expiresMs = lifeMs === undefined ? latestMs : nowMs + lifeMs;
      if (latestMs !== null && expiresMs !== null && expiresMs > latestMs)
        throw new ProblemError(
          'not-allowed',
          `A token makes none that outlives it: its own life ends at ${new Date(latestMs).toISOString()}.`,
        );
      const { id, text } = await createApiToken(context.organisation(organisationOf(request)).store, role, {
        nowMs,
        random: context.random,
        who: whoOf(request),
        scopes: [...new Set(scopes)],
        ...(name === undefined ? {} : { name }),
        ...(expiresMs === null ? {} : { expiresMs }),
      });
      return reply.code(201).send({ id, token: text });
    },
  );

  app.get(
    '/api/v1/tokens',
    {
      config: { access: ['tokens.read'] },
      schema: { summary: 'API tokens, without their text', response: { 200: Type.Array(ApiTokenEntry) } },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const rows = await store.select('api_tokens').selectAll().orderBy('created_ms').execute();
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        role: row.role,
        scopes: [...scopesOf(row)],
        created: new Date(row.created_ms).toISOString(),
        createdBy: row.created_by,
        expires: instant(row.expires_ms),
        lastUsed: instant(row.used_ms),
        current: request.caller.kind === 'token' && request.caller.id === row.id,
      }));
    },
  );

  for (const role of tokenRoles) {
    app.post(
      `/api/v1/tokens/:id/role/${role}`,
      {
        config: { access: ['tokens.write'], problems: ['conflict'] },
        schema: {
          summary: `Gives an API token the role ${role}, which counts from its next request on`,
          params,
          querystring: Force,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { store } = context.organisation(organisationOf(request));
        const options = changeOf(context, whoOf(request), request.query.force ?? false);
        settle(await setApiTokenRole(store, request.params.id as Id<'tok'>, role, options));
        return reply.code(204).send(null);
      },
    );
  }

  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { access: ['tokens.write'], problems: ['conflict'] },
      schema: {
        summary: 'Deletes an API token: whoever bears it is refused from now on',
        params,
        querystring: Force,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { store } = context.organisation(organisationOf(request));
      const options = changeOf(context, whoOf(request), request.query.force ?? false);
      settle(await deleteApiToken(store, request.params.id as Id<'tok'>, options));
      return reply.code(204).send(null);
    },
  );
}

function changeOf(context: ControllerContext, who: string, force: boolean): TokenChangeOptions {
  return { nowMs: context.now(), who, force };
}

function settle(change: TokenChange): void {
  if (change === 'unknown') throw new ProblemError('not-found');
  if (change === 'last') throw new ProblemError('conflict', lastText);
}

function instant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
