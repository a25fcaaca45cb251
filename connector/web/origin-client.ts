/**
 * Sends a request to an origin of its resource: the first that can be connected to, over connections of that right alone. Also
 * in the shape in which `@fastify/reply-from` asks for it, whose own ideas of headers and paths are not used.
 */
import { Fault } from '../../protocol/errors.ts';
import type { Exchange } from './exchange.ts';
import { OriginAnswer } from './origin-answer.ts';
import { isUnconnected } from './origin-failure.ts';
import type { ChosenOrigin } from './origins.ts';
import { hasBody, RequestBody } from './request-body.ts';
import { answerWithinMs, type Upstreams } from './upstreams.ts';

/** A request that the gate has passed, ready to be sent. */
export interface Outgoing {
  readonly exchange: Exchange;
  readonly origins: readonly ChosenOrigin[];
  /** Name, value, name, value; for the origin that is tried. */
  headers(origin: ChosenOrigin): string[];
  /** Says `100 Continue` where it is waited for. */
  proceed(): void;
  /** An origin that could not be connected to. */
  failedBy(origin: ChosenOrigin): void;
  /** Which origin answered, and when it was asked (`performance.now()`). */
  answeredBy(origin: ChosenOrigin, askedMs: number): void;
}

/** Under this key the headers that reply-from hands on carry the request itself; it copies them and looks at no symbol. */
export const outgoingKey: unique symbol = Symbol('outgoing');

/** What reply-from takes an answer to be: it deletes from `headers`, and hands `body` on. */
export interface OriginReply {
  readonly statusCode: number;
  readonly headers: OriginAnswer['headers'];
  readonly body: OriginAnswer;
}

type Answered = (error: Error | null, answer?: OriginReply) => void;

/** May be sent twice without harm (RFC 9110 §9.2.1). */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export class OriginClient {
  readonly #upstreams: Upstreams;

  constructor(upstreams: Upstreams) {
    this.#upstreams = upstreams;
  }

  /** As `undici.Dispatcher.request`, for the request under `outgoingKey`. */
  request(
    { headers }: { readonly headers: { readonly [outgoingKey]?: Outgoing | undefined } },
    answered: Answered,
  ): void {
    const outgoing = headers[outgoingKey];
    if (outgoing === undefined) return answered(new Fault('cancelled'));
    this.send(outgoing, answered);
  }

  /** Calls `answered` once. */
  send(outgoing: Outgoing, answered: Answered): void {
    this.#attempt(outgoing, 0, answered, 0);
  }

  #attempt(outgoing: Outgoing, index: number, answered: Answered, repeats: number): void {
    const { exchange, origins } = outgoing;
    const { raw, resource, right, target } = exchange.options;
    const chosen = origins[index];
    if (chosen === undefined || exchange.isOver) return answered(new Fault('unreachable'));
    const upstream = { resource, ...chosen, right: right?.id ?? 'nobody' };
    const lent = this.#upstreams.lend(upstream);
    const body = hasBody(raw) ? new RequestBody(raw, () => outgoing.proceed()) : null;
    body?.on('error', () => undefined);
    const method = raw.method ?? 'GET';
    const askedMs = performance.now();
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      lent.giveBack();
    };
    const answer = new OriginAnswer((error) => {
      if (error === null) {
        outgoing.answeredBy(chosen, askedMs);
        return answered(null, { statusCode: answer.statusCode, headers: answer.headers, body: answer });
      }
      over();
      const isUntouched = body?.isBegun !== true;
      const hasNothing = isUnconnected(error);
      if (hasNothing) outgoing.failedBy(chosen);
      if (hasNothing && isUntouched && index + 1 < origins.length)
        return this.#attempt(outgoing, index + 1, answered, 0);
      // A kept connection may have been closed by its origin just as it was used again.
      const isStale = codeOf(error) === 'UND_ERR_SOCKET' && safeMethods.has(method);
      if (isStale && body === null && repeats === 0 && !exchange.isOver)
        return this.#attempt(outgoing, index, answered, 1);
      return answered(error);
    });
    exchange.onceOver(() => {
      answer.destroy();
      over();
    });
    lent.pool.dispatch(
      {
        path: `${target.path}${target.query}`,
        method,
        headers: outgoing.headers(chosen),
        headersTimeout: answerWithinMs(resource),
        body,
      },
      answer,
    );
  }
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}
