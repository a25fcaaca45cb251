/** What there is: networks, connectors, relays, resources, people. Reading only. */
import { Type } from 'typebox';
import type { ControllerContext } from '../../context.ts';
import { resourceHosts } from '../../organisation/resource-hosts.ts';
import { appendAudit } from '../../audit/append-audit.ts';
import type { NodeId } from '../../../protocol/ids.ts';
import { organisationOf, whoOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

const config = { access: ['admin', 'auditor'] } as const;
const Instant = Type.String();

export function listRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/networks',
    {
      config,
      schema: {
        summary: 'Networks',
        response: { 200: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })) },
      },
    },
    async (request) => {
      const { networks } = await context.organisation(organisationOf(request)).reader.current();
      return networks.map(({ id, name }) => ({ id, name }));
    },
  );

  app.get(
    '/api/v1/resources',
    {
      config,
      schema: {
        summary: 'Resources as declared',
        response: {
          200: Type.Array(
            Type.Object({
              id: Type.String(),
              name: Type.String(),
              network: Type.String(),
              address: Type.String(),
              hosts: Type.Array(Type.String()),
              ports: Type.Array(Type.String()),
              tags: Type.Array(Type.String()),
            }),
          ),
        },
      },
    },
    async (request) => {
      const { resources } = await context.organisation(organisationOf(request)).reader.current();
      return resources.map(({ id, network, definition }) => ({
        id,
        name: definition.name,
        network: network.name,
        address: definition.address,
        hosts: resourceHosts(definition),
        ports: definition.ports,
        tags: definition.tags ?? [],
      }));
    },
  );

  for (const [path, kind] of [
    ['connectors', 'connector'],
    ['relays', 'relay'],
  ] as const) {
    app.get(
      `/api/v1/${path}`,
      {
        config,
        schema: {
          summary: kind === 'connector' ? 'Connectors of all networks' : 'Relays',
          response: {
            200: Type.Array(
              Type.Object({
                id: Type.String(),
                name: Type.String(),
                network: Type.Optional(Type.String()),
                url: Type.Optional(Type.String()),
                version: Type.String(),
                online: Type.Boolean(),
                seen: Instant,
              }),
            ),
          },
        },
      },
      async (request) => {
        const { store, reader } = context.organisation(organisationOf(request));
        const { networks } = await reader.current();
        const rows = await store
          .select('nodes')
          .selectAll()
          .where('kind', '=', kind)
          .orderBy('name')
          .execute();
        return rows.map((row) => {
          const network = networks.find(({ id }) => id === row.network)?.name;
          return {
            id: row.id,
            name: row.name,
            ...(network === undefined ? {} : { network }),
            ...(row.url === null ? {} : { url: row.url }),
            version: row.version,
            online: context.presence.isOnline(row.id),
            seen: new Date(row.seen_ms).toISOString(),
          };
        });
      },
    );

    app.delete(
      `/api/v1/${path}/:id`,
      {
        config: { access: ['admin'] },
        schema: {
          summary: `Removes a ${kind}; it must enrol again with a new key`,
          params: Type.Object({ id: Type.String() }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const organisation = organisationOf(request);
        const id = request.params.id as NodeId;
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

  app.get(
    '/api/v1/people',
    {
      config,
      schema: {
        summary: 'People who have signed in',
        response: {
          200: Type.Array(
            Type.Object({
              id: Type.String(),
              name: Type.String(),
              email: Type.Optional(Type.String()),
              groups: Type.Array(Type.String()),
              signedIn: Instant,
            }),
          ),
        },
      },
    },
    async (request) => {
      const { store } = context.organisation(organisationOf(request));
      const rows = await store.select('people').selectAll().orderBy('name').execute();
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        ...(row.email === null ? {} : { email: row.email }),
        groups: JSON.parse(row.groups) as string[],
        signedIn: new Date(row.signed_in_ms).toISOString(),
      }));
    },
  );
}
