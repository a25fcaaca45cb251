/** Connectors and relays: listed, removed. */
import { Type } from 'typebox';
import type { NodeId, OrganisationId } from '../../../protocol/ids.ts';
import { ServerEntry } from '../../../protocol/inventory.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { ControllerContext } from '../../context.ts';
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
      async (request) => {
        const { store, reader } = context.organisation(organisationOf(request));
        const { networks, exposures } = await reader.current();
        // Those of what people expose are theirs, and listed there.
        const theirs = new Set<string | null>(exposures.map(({ network }) => network));
        const rows = await store
          .select('nodes')
          .selectAll()
          .where('kind', '=', kind)
          .orderBy('name')
          .execute();
        return rows
          .filter(({ network }) => !theirs.has(network))
          .map((row) => {
            const network = networks.find(({ id }) => id === row.network)?.name;
            return {
              id: row.id,
              name: row.name,
              ...(network === undefined ? {} : { network }),
              ...(row.url === null ? {} : { url: row.url }),
              version: row.version,
              online: context.presence.isOnline(row.id),
              seen: new Date(row.seen_ms).toISOString(),
              ...(isEmbedded(row) ? { embedded: true as const } : {}),
            };
          });
      },
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

/** It has no machine key: nothing of it ever joined. */
function isEmbedded({ mk }: { readonly mk: string }): boolean {
  return mk === '';
}
