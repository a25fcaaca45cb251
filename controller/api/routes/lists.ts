/** What the document declares: networks, resources and when those were last used. Reading only. */
import { Type } from 'typebox';
import { NetworkEntry, ResourceEntry } from '../../../protocol/inventory.ts';
import type { ControllerContext } from '../../context.ts';
import { resourceLastUses } from '../../decisions/resource-last-uses.ts';
import { withoutExposures } from '../../organisation/organisation-state.ts';
import { resourceKind } from '../../organisation/resource-kind.ts';
import { resourceHosts } from '../../organisation/resource-hosts.ts';
import { organisationOf } from '../access.ts';
import type { TypedApp } from '../typed-app.ts';

const config = { access: ['networks.read'] } as const;

export function listRoutes(app: TypedApp, context: ControllerContext): void {
  app.get(
    '/api/v1/networks',
    {
      config,
      schema: {
        summary: 'Networks',
        response: { 200: Type.Array(NetworkEntry) },
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
          200: Type.Array(ResourceEntry),
        },
      },
    },
    async (request) => {
      const { store, reader } = context.organisation(organisationOf(request));
      const { resources } = withoutExposures(await reader.current());
      const uses = await resourceLastUses(store);
      return resources.map(({ id, network, definition }) => ({
        ...lastUsed(uses.get(definition.name)),
        kind: resourceKind(definition),
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
}

function lastUsed(ms: number | undefined): { lastUsed?: string } {
  return ms === undefined ? {} : { lastUsed: new Date(ms).toISOString() };
}
