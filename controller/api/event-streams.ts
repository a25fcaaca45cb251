/**
 * Server-sent events (HTML, 9.2): streams that end after half a minute, so that whoever lost the right to one is refused when the browser
 * dials anew, and how many there may be. Knows nothing of what they tell.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OrganisationId } from '../../protocol/ids.ts';
import { peerBounds } from '../../protocol/slow-peers.ts';
import type { ControllerContext } from '../context.ts';
import { ProblemError } from './problems.ts';
import type { TypedApp } from './typed-app.ts';

/** Before the listener would cut it as an answer that is late, which browsers tell their console. */
const streamMs = peerBounds.answerMs - 5_000;
/** A comment so often, since a connection on which nothing moves is cut too. */
const beatMs = peerBounds.silenceMs / 2;

/** What a stream is told with. */
export interface EventStream {
  /** Where the browser was when it last heard; undefined: it has just come. */
  readonly last: string | undefined;
  /** Events by name, with the place to come back to. */
  readonly tell: (names: readonly string[], place: string | number) => void;
  readonly end: () => void;
}

export interface StreamBounds {
  /** Of all; beyond, an organisation that has less than its even part of them still gets one. */
  readonly all: number;
  /** Of one person; undefined: as many as there are. */
  readonly ofOne?: number;
}

export class EventStreams {
  readonly #context: ControllerContext;
  readonly #bounds: StreamBounds;
  readonly #open = new Map<() => void, { readonly organisation: OrganisationId; readonly of: string }>();

  constructor(app: TypedApp, context: ControllerContext, bounds: StreamBounds) {
    this.#context = context;
    this.#bounds = bounds;
    app.addHook('preClose', (done) => {
      for (const end of this.#open.keys()) end();
      done();
    });
  }

  /**
   * Answers with a stream; `listen` is told by what, and returns how to stop. Throws `invalid-request` where none was asked for and
   * `too-many` where there are too many.
   */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    { organisation, of }: { readonly organisation: OrganisationId; readonly of: string },
    listen: (stream: EventStream) => () => void,
  ): FastifyReply {
    if (request.headers.accept?.includes('text/event-stream') !== true)
      throw new ProblemError('invalid-request', 'This is a stream: ask with Accept: text/event-stream.');
    if (!this.#hasRoom(organisation, of)) throw ProblemError.tooMany(streamMs);
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write('retry: 1000\n\n');
    // A browser that dials anew says up to where it was told.
    const last = request.headers['last-event-id'];
    const stopListening = listen({
      last: typeof last === 'string' ? last : undefined,
      tell: (names, place) => {
        raw.write(names.map((name) => `id: ${place}\nevent: ${name}\ndata: {}\n\n`).join(''));
      },
      end: () => end(),
    });
    const { clock } = this.#context;
    let cancelBeat = (): void => undefined;
    const beat = (): void => {
      cancelBeat = clock.after(beatMs, () => {
        raw.write(':\n\n');
        beat();
      });
    };
    beat();
    const cancelEnd = clock.after(streamMs, () => end());
    const end = (): void => {
      stopListening();
      cancelBeat();
      cancelEnd();
      this.#open.delete(end);
      raw.end();
    };
    this.#open.set(end, { organisation, of });
    raw.once('close', end);
    return reply;
  }

  #hasRoom(organisation: OrganisationId, of: string): boolean {
    const { all: most, ofOne } = this.#bounds;
    const all = [...this.#open.values()];
    if (ofOne !== undefined && all.filter((each) => each.of === of).length >= ofOne) return false;
    if (all.length < most) return true;
    const own = all.filter((each) => each.organisation === organisation).length;
    return own < most / new Set([...all.map((each) => each.organisation), organisation]).size;
  }
}
