/** Connectors and relays: listed, removed; connectors drained and taken back. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { NodeId, OrganisationId } from '../../../protocol/ids.ts';
import { ServerEntry } from '../../../protocol/inventory.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
import { isEmbedded, serverEntries } from '../../server-entries.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

export function serverRoutes(app: TypedApp, context: ControllerContext): void {
  for (const [path, kind] of [
    ['connectors', 'connector'],
    ['relays', 'relay'],
  ] as const) {
    app.get(
      `/api/v1/${path}`,
      {
        config: { access: ['servers.read'] },
        schema: {
          summary: kind === 'connector' ? 'Connectors of all networks' : 'Relays',
          response: {
            200: Type.Array(ServerEntry),
          },
        },
      },
      async (request) => serverEntries(context, context.organisation(organisationOf(request)), kind),
    );

    app.delete(
      `/api/v1/${path}/:id`,
      {
        config: { access: ['servers.write'], problems: ['conflict'] },
        schema: {
          summary: `Removes a ${kind}; it must enrol again with a new key`,
          params: Type.Object({ id: Type.String() }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const organisation = organisationOf(request);
        const id = request.params.id as NodeId;
        await refuseEmbedded(context, organisation, id);
        await context.organisation(organisation).store.transaction(async (tx) => {
          const gone = await tx
            .delete('nodes')
            .where('id', '=', id)
            .where('kind', '=', kind)
            .returning('name')
            .executeTakeFirst();
          if (gone === undefined) throw new ProblemError('not-found');
          const detail = { node: id, name: gone.name };
          await appendAudit(tx, [
            { atMs: context.now(), who: whoOf(request), what: `${kind}.remove`, result: 'done', detail },
          ]);
        });
        await context.publish(organisation, { kind: 'node-removed', node: id });
        return reply.code(204).send(null);
      },
    );
  }
  for (const [action, summary] of [
    ['drain', 'Keeps new flows and browsers away from a connector; what is open there may end'],
    ['resume', 'Takes a connector back that was drained'],
  ] as const) {
    app.post(
      `/api/v1/connectors/:id/${action}`,
      {
        // Who is kept away by it comes in elsewhere, and nobody gains a right.
        config: { atOnce: true, access: ['servers.write'], problems: ['not-found'] },
        schema: {
          summary,
          params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        await setDrained(context, request, request.params.id as NodeId, action);
        return reply.code(204).send(null);
      },
    );
  }
}

/** Once: what is drained already keeps the instant since when it is. */
async function setDrained(
  context: ControllerContext,
  request: FastifyRequest,
  id: NodeId,
  action: 'drain' | 'resume',
): Promise<void> {
  const organisation = organisationOf(request);
  const network = await context.organisation(organisation).store.transaction(async (tx) => {
    const row = await tx
      .select('nodes')
      .select(['name', 'network', 'drained_ms'])
      .where('id', '=', id)
      .where('kind', '=', 'connector')
      .executeTakeFirst();
    if (row === undefined) throw new ProblemError('not-found');
    if ((row.drained_ms !== null) === (action === 'drain')) return undefined;
    const drained = action === 'drain' ? context.now() : null;
    await tx.update('nodes').set({ drained_ms: drained }).where('id', '=', id).execute();
    const detail = { node: id, name: row.name };
    await appendAudit(tx, [
      { atMs: context.now(), who: whoOf(request), what: `connector.${action}`, result: 'done', detail },
    ]);
    return row.network ?? undefined;
  });
  if (network !== undefined) await context.publish(organisation, { kind: 'servers', network });
}

/** The relay inside the controller's process goes only with a start without it. */
async function refuseEmbedded(
  context: ControllerContext,
  organisation: OrganisationId,
  id: NodeId,
): Promise<void> {
  const { store } = context.organisation(organisation);
  const row = await store.select('nodes').select('mk').where('id', '=', id).executeTakeFirst();
  if (row !== undefined && isEmbedded(row)) {
    throw new ProblemError(
      'conflict',
      'This relay is part of the controller; start that with --roles controller.',
    );
  }
}
