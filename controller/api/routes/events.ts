/** Server-sent events for dashboards: of what kind something is that has changed, and nothing of what it is. */
import type { OrganisationId } from '../../../protocol/ids.ts';
import { peerBounds } from '../../../protocol/slow-peers.ts';
import type { ControllerContext } from '../../context.ts';
import { ChangeWatch } from '../../live/change-watch.ts';
import { organisationOf } from '../access.ts';
import { ProblemError } from '../problems.ts';
import type { TypedApp } from '../typed-app.ts';

/**
 * After this a stream ends and its browser dials anew, so that whoever lost the right to it is refused; before the listener
 * would cut it as an answer that is late, which browsers tell their console.
 */
const streamMs = peerBounds.answerMs - 5_000;
/** A comment so often, since a connection on which nothing moves is cut too. */
const beatMs = peerBounds.silenceMs / 2;
/** Beyond, an organisation that has less than its even part of them still gets one. */
const maxStreams = 500;

export function eventRoutes(app: TypedApp, context: ControllerContext): void {
  const watches = new Map<OrganisationId, ChangeWatch>();
  const open = new Map<() => void, OrganisationId>();
  app.addHook('preClose', (done) => {
    for (const end of open.keys()) end();
    done();
  });
  const hasRoom = (organisation: OrganisationId): boolean => {
    if (open.size < maxStreams) return true;
    const all = [...open.values()];
    const own = all.filter((each) => each === organisation).length;
    return own < maxStreams / new Set([...all, organisation]).size;
  };

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
      if (request.headers.accept?.includes('text/event-stream') !== true)
        throw new ProblemError('invalid-request', 'This is a stream: ask with Accept: text/event-stream.');
      const organisation = organisationOf(request);
      if (!hasRoom(organisation)) throw ProblemError.tooMany(streamMs);
      const watch = watches.get(organisation) ?? newWatch(context, organisation);
      watches.set(organisation, watch);
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      raw.write('retry: 1000\n\n');
      // A browser that dials anew says up to where it was told.
      const last = request.headers['last-event-id'];
      const since = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : undefined;
      const stopListening = watch.listen((kinds, seq) => {
        raw.write(kinds.map((kind) => `id: ${seq}\nevent: ${kind}\ndata: {}\n\n`).join(''));
      }, since);
      let cancelBeat = (): void => undefined;
      const beat = (): void => {
        cancelBeat = context.clock.after(beatMs, () => {
          raw.write(':\n\n');
          beat();
        });
      };
      beat();
      const cancelEnd = context.clock.after(streamMs, () => end());
      const end = (): void => {
        stopListening();
        cancelBeat();
        cancelEnd();
        open.delete(end);
        raw.end();
      };
      open.set(end, organisation);
      raw.once('close', end);
      return reply;
    },
  );
}

function newWatch(context: ControllerContext, organisation: OrganisationId): ChangeWatch {
  const { store } = context.organisation(organisation);
  return new ChangeWatch(store, context.presence, context.clock, (error) =>
    context.log.warn({ err: error }, 'the audit log could not be read for dashboards'),
  );
}
