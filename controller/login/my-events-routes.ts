/** Server-sent events for the portal: which of the things that are somebody's own is another now, and nothing of what it is. */
import type { OrganisationId } from '../../protocol/ids.ts';
import { EventStreams } from '../api/event-streams.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { OwnWatch } from './own-watch.ts';
import { ownView, viewAt } from './own-view.ts';
import { portalCaller, portalCallerNow } from './portal-caller.ts';

/** Pages that one person may have open and live; those beyond ask by themselves. */
const mostOfOne = 8;

export function myEventsRoutes(app: TypedApp, context: ControllerContext): void {
  const watches = new Map<OrganisationId, OwnWatch>();
  const streams = new EventStreams(app, context, { all: 2_000, ofOne: mostOfOne });

  app.get(
    '/api/v1/me/events',
    {
      config: {
        access: ['person'],
        problems: ['invalid-request', 'too-many'],
        answers: {
          200: {
            description: 'Events, named by kind; `ended`: the session is over',
            media: 'text/event-stream',
          },
        },
      },
      schema: { summary: 'Tells the signed-in person what of their own is another now, for half a minute' },
    },
    async (request, reply) => {
      const { organisation, person, session } = await portalCaller(context, request);
      const caller = { organisation: organisation.id, person: person.id, session: session.id };
      const { callerAddress } = request;
      return streams.begin(
        request,
        reply,
        { organisation: organisation.id, of: person.id },
        ({ last = '', tell, end }) =>
          watchOf(organisation.id).listen(
            {
              look: async () => {
                const now = await portalCallerNow(context, caller);
                return now === undefined ? undefined : ownView(context, now, callerAddress);
              },
              tell,
              over: () => {
                tell(['ended'], '');
                end();
              },
            },
            viewAt(last),
          ),
      );
    },
  );

  function watchOf(organisation: OrganisationId): OwnWatch {
    let watch = watches.get(organisation);
    if (watch === undefined) {
      const { store } = context.organisation(organisation);
      watch = new OwnWatch(organisation, store, context.bus, context.clock, (error) =>
        context.log.warn({ err: error }, 'what somebody sees of their own could not be looked at'),
      );
      watches.set(organisation, watch);
    }
    return watch;
  }
}
