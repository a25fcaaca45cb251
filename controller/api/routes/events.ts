/** Server-sent events for dashboards: of what kind something is that has changed, and nothing of what it is. */
import type { OrganisationId } from '../../../protocol/ids.ts';
import type { ControllerContext } from '../../context.ts';
import { ChangeWatch } from '../../live/change-watch.ts';
import { organisationOf } from '../access.ts';
import { EventStreams } from '../event-streams.ts';
import type { TypedApp } from '../typed-app.ts';

export function eventRoutes(app: TypedApp, context: ControllerContext): void {
  const watches = new Map<OrganisationId, ChangeWatch>();
  const streams = new EventStreams(app, context, { all: 500 });

  app.get(
    '/api/v1/events',
    {
      config: {
        access: ['document.read'],
        problems: ['invalid-request', 'too-many'],
        answers: { 200: { description: 'Events, named by kind', media: 'text/event-stream' } },
      },
      schema: { summary: 'Tells of what kind something is that has changed, for half a minute' },
    },
    async (request, reply) => {
      const organisation = organisationOf(request);
      return streams.begin(request, reply, { organisation, of: organisation }, ({ last = '', tell }) => {
        const watch = watches.get(organisation) ?? newWatch(context, organisation);
        watches.set(organisation, watch);
        return watch.listen(tell, /^\d{1,15}$/.test(last) ? Number(last) : undefined);
      });
    },
  );
}

function newWatch(context: ControllerContext, organisation: OrganisationId): ChangeWatch {
  const { store } = context.organisation(organisation);
  return new ChangeWatch(store, context.presence, context.clock, (error) =>
    context.log.warn({ err: error }, 'the audit log could not be read for dashboards'),
  );
}
