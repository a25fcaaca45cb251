/** Directories of identity providers: when each was heard, whether it is stopped, and the tokens by which they come in. */
import { Type } from 'typebox';
import { DirectoryEntry } from '../../../protocol/directories.ts';
import { parseDuration } from '../../../protocol/durations.ts';
import { newId, type Id } from '../../../protocol/ids.ts';
import { encodeDirectoryToken, hashOfSecret } from '../../../protocol/secrets.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { resume } from '../../scim/mass-removal.ts';
import { scimAddress } from '../../scim/scim-address.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const params = Type.Object({ name: Type.String({ maxLength: 64 }) });

export function directoryRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/directories',
    {
      config: { access: ['directories.read'] },
      schema: { summary: 'Directories of identity providers', response: { 200: Type.Array(DirectoryEntry) } },
    },
    async (request) => {
      const { id, store, reader } = context.organisation(organisationOf(request));
      const { document } = await reader.current();
      const rows = await store.select('directories').selectAll().execute();
      const tokens = await store.select('directory_tokens').selectAll().orderBy('created_ms').execute();
      const users = await store.select('directory_users').select(['directory', 'active', 'person']).execute();
      const groups = await store.select('directory_groups').select('directory').execute();
      const url = scimAddress(context, id);
      return (document.identityProviders ?? []).flatMap(({ name, directory }) => {
        if (directory === undefined) return [];
        const row = rows.find((each) => each.name === name);
        const own = users.filter((user) => user.directory === name);
        const until = row?.allowed_until_ms ?? 0;
        return [
          {
            name,
            url,
            ...(row === undefined || row.heard_ms === null ? {} : { heard: instant(row.heard_ms) }),
            ...(row === undefined || row.halted_ms === null ? {} : { stopped: instant(row.halted_ms) }),
            ...(until > context.now() ? { allowedUntil: instant(until) } : {}),
            users: own.length,
            active: own.filter(({ active }) => active === 1).length,
            joined: own.filter(({ person }) => person !== null).length,
            groups: groups.filter((group) => group.directory === name).length,
            tokens: tokens
              .filter((token) => token.directory === name)
              .map((token) => ({
                id: token.id,
                created: instant(token.created_ms),
                createdBy: token.created_by,
                ...(token.expires_ms === null ? {} : { expires: instant(token.expires_ms) }),
                ...(token.used_ms === null ? {} : { lastUsed: instant(token.used_ms) }),
              })),
          },
        ];
      });
    },
  );

  app.post(
    '/api/v1/directories/:name/tokens',
    {
      config: { access: ['directories.write-tokens'], problems: ['not-found'] },
      schema: {
        summary: 'Makes a token by which the directory of a provider comes in',
        description: 'Its text is in this answer, and is never shown again.',
        params,
        body: Type.Object(
          { expires: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}[smhd]$' })) },
          { additionalProperties: false },
        ),
        response: { 201: Type.Object({ id: Type.String(), token: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { name } = request.params;
      const { expires } = request.body;
      const lifeMs = expires === undefined ? undefined : parseDuration(expires);
      if (expires !== undefined && lifeMs === undefined)
        throw new ProblemError('invalid-request', 'expires is at most a year.');
      const nowMs = context.now();
      const secret = context.random(32);
      const id = newId('tok', context.random(16));
      await store.transaction(async (tx) => {
        const { document } = await reader.current(tx);
        const provider = document.identityProviders?.find((each) => each.name === name);
        if (provider === undefined) throw new ProblemError('not-found', noDirectoryText);
        if (provider.directory === undefined)
          throw new ProblemError(
            'not-found',
            `The provider "${name}" has no directory; add directory: {} to it in the document.`,
          );
        await tx
          .insert('directory_tokens', {
            id,
            directory: name,
            hash: hashOfSecret(secret),
            created_ms: nowMs,
            created_by: whoOf(request),
            expires_ms: lifeMs === undefined ? null : nowMs + lifeMs,
            used_ms: null,
          })
          .execute();
        const detail = { token: id, directory: name };
        await appendAudit(tx, [
          { atMs: nowMs, who: whoOf(request), what: 'directory.token-create', result: 'done', detail },
        ]);
      });
      return reply.code(201).send({ id, token: encodeDirectoryToken(secret) });
    },
  );

  app.delete(
    '/api/v1/directories/:name/tokens/:id',
    {
      config: { access: ['directories.write-tokens'] },
      schema: {
        summary: 'Deletes a token of a directory: whoever bears it is refused from now on',
        params: Type.Object({ name: Type.String({ maxLength: 64 }), id: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { store } = context.organisation(organisationOf(request));
      const { name, id } = request.params;
      const atMs = context.now();
      await store.transaction(async (tx) => {
        const gone = await tx
          .delete('directory_tokens')
          .where('id', '=', id as Id<'tok'>)
          .where('directory', '=', name)
          .returning('id')
          .execute();
        if (gone.length === 0) throw new ProblemError('not-found');
        const detail = { token: id, directory: name };
        await appendAudit(tx, [
          { atMs, who: whoOf(request), what: 'directory.token-delete', result: 'done', detail },
        ]);
      });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/directories/:name/resume',
    {
      config: { access: ['directories.resume'] },
      schema: {
        summary: 'Lets a directory that was stopped take away what it likes, for an hour',
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!(await resume(context, organisationOf(request), request.params.name, whoOf(request))))
        throw new ProblemError('not-found', noDirectoryText);
      return reply.code(204).send(null);
    },
  );
}

const noDirectoryText =
  'No provider of that name has a directory that was heard. See postern directory list.';

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
