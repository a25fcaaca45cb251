/**
 * Requests through the web door: one Fastify application whose root hook asks the gate for each. What passes without a body is
 * sent on from there, what has one by `@fastify/http-proxy`. Over HTTP/1.1 and HTTP/2 alike; upgrades go another way by the
 * same gate.
 */
import { METHODS, type Server } from 'node:http';
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy';
import fastify, { type FastifyReply, type FastifyRequest, type FastifyServerFactoryHandler } from 'fastify';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import type { Exchange } from './exchange.ts';
import type { Asked, Verdict } from './gate.ts';
import { wantsPage } from './gate.ts';
import { breakOff, OriginAnswer, type BrowserResponse } from './origin-answer.ts';
import { originFailure, tenths, timingOf } from './origin-failure.ts';
import { OriginClient, outgoingKey, type OriginReply, type Outgoing } from './origin-client.ts';
import type { OriginHealth } from './origin-health.ts';
import { browserHeaders, type ResponseHeaders } from './origin-response.ts';
import type { ChosenOrigin } from './origins.ts';
import { originNotice } from './origin-notices.ts';
import { render, strictTransport, type Notice } from './pages.ts';
import { endWith, endWithAnswer, refusal } from './parting.ts';
import { hasBody } from './request-body.ts';
import type { RawRequest } from './request-target.ts';
import type { Answer } from './sign-in.ts';
import type { Upstreams } from './upstreams.ts';

type Passed = Extract<Verdict, { verdict: 'pass' }>;
type Own = Extract<Verdict, { verdict: 'own' }>;
type SignInFirst = Extract<Verdict, { verdict: 'sign-in' }>;

/** What the application needs of the door around it. */
export interface ProxyOptions {
  /** What is known of the connection a request came over. */
  asked(raw: RawRequest): Asked;
  judge(asked: Asked): Verdict;
  signIn(verdict: SignInFirst): Answer;
  own(verdict: Own, asked: Asked): Promise<Answer | { readonly json: string }>;
  /** Opens an exchange, at once where all that it needs is at hand; `cut` ends the browser's side of it. */
  open(verdict: Passed, asked: Asked, cut: () => void): Opened | Promise<Opened>;
  readonly upstreams: Upstreams;
  readonly health: OriginHealth;
  /** Whether each answer is the last one on its connection. */
  isDraining(): boolean;
  failed(exchange: Exchange, code: CodeName): void;
}

export interface Opened {
  readonly exchange: Exchange;
  readonly origins: readonly ChosenOrigin[];
  headers(origin: ChosenOrigin): string[];
  /** Is told how it was answered, once, where somebody watches; undefined: not at all. */
  readonly answered?: (status: number | undefined) => void;
}

/** A request that the gate has passed, from its hook to its answer. */
interface Under {
  readonly opened: Opened;
  readonly outgoing: Outgoing;
  readonly sinceMs: number;
  /** What the browser is sent of the origin's headers, once it has answered. */
  head?: ResponseHeaders;
  answered?: { readonly by: ChosenOrigin; readonly askedMs: number; readonly atMs: number };
}

/** A status beyond is none (RFC 9110 §15). */
const maxStatus = 599;

/** Where a request that was passed keeps what belongs to it. */
const underKey = Symbol('under');
type Passing = FastifyRequest & { [underKey]?: Under | undefined };

/** Fastify makes the server by `serve`, which is given what answers requests; resolves when it is ready. */
export async function createProxy(
  options: ProxyOptions,
  serve: (handler: FastifyServerFactoryHandler) => Server,
): Promise<{ close(): Promise<void> }> {
  const app = fastify({
    serverFactory: serve,
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: true,
    // What no request could be made of.
    clientErrorHandler: (error, socket) => endWith(socket, refusal(statusOf(error))),
  });
  const methods = METHODS.filter((method) => method !== 'CONNECT');
  for (const method of methods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  }
  // Fastify's own would read texts whole, into memory, and leave nothing to pass on; http-proxy brings one for every type.
  app.removeAllContentTypeParsers();
  app.decorateRequest(underKey, undefined);
  const client = new OriginClient(options.upstreams);

  // With a callback: a promise would cost every request three turns of the queue.
  app.addHook('onRequest', (request, reply, done) => {
    const sinceMs = performance.now();
    if (options.isDraining()) closing(reply);
    const asked = options.asked(request.raw);
    const verdict = options.judge(asked);
    if (verdict.verdict === 'pass') {
      const raw: BrowserResponse = reply.raw;
      const opened = options.open(verdict, asked, () => breakOff(raw));
      const go = (now: Opened): void => pass(request, reply, { now, sinceMs }, done);
      return opened instanceof Promise ? void after(opened.then(go), orElse(done)) : go(opened);
    }
    if (verdict.verdict === 'malformed') return void refuse(reply, verdict.status);
    if (verdict.verdict === 'notice') return void sendNotice(request, reply, verdict.notice);
    if (verdict.verdict === 'sign-in') return void sendAnswer(request, reply, options.signIn(verdict));
    return void after(answerOwn(request, reply, verdict, asked), orElse(done));
  });

  /** Sends a request without a body on; calls `done` for one with, which Fastify then hands to http-proxy. */
  function pass(
    request: FastifyRequest,
    reply: FastifyReply,
    { now: opened, sinceMs }: { now: Opened; sinceMs: number },
    done: () => void,
  ): void {
    const raw: BrowserResponse = reply.raw;
    const { exchange } = opened;
    const { resource } = exchange.options;
    raw.on('close', () => {
      exchange.end();
      opened.answered?.(raw.headersSent ? raw.statusCode : undefined);
    });
    raw.on('error', () => exchange.end());
    if (raw.destroyed) exchange.end();
    const outgoing: Outgoing = {
      exchange,
      origins: opened.origins,
      headers: (chosen) => opened.headers(chosen),
      proceed: () => {
        if (request.raw.headers.expect !== undefined) raw.writeContinue();
      },
      failedBy: (by) => options.health.failed(resource, by),
      answeredBy: (by, askedMs) => {
        options.health.answered(resource, by);
        state.answered = { by, askedMs, atMs: performance.now() };
      },
    };
    const state: Under = { opened, outgoing, sinceMs };
    if (hasBody(request.raw)) {
      endWithAnswer(request.raw);
      (request as Passing)[underKey] = state;
      return done();
    }
    client.send(outgoing, (error, answer) => {
      if (answer === undefined) return failed(reply, state, error);
      if (answer.statusCode > maxStatus) {
        answer.body.destroy();
        return failed(reply, state, new Fault('protocol'));
      }
      state.head = responseHeaders(answer.headers, state);
      // It may have begun to drain since this was asked.
      if (options.isDraining()) closing(reply);
      return sendAnswerOf(reply, state, answer);
    });
  }

  /** No origin answered. */
  function failed(reply: FastifyReply, state: Under | undefined, error: unknown): void {
    const failure = originFailure(error);
    // What was cut, or has no browser any more, failed for no fault of the origin's.
    if (state?.opened.exchange.isOver === false) options.failed(state.opened.exchange, failure.code);
    if (state !== undefined)
      void reply.header('server-timing', timingOf(failure, performance.now() - state.sinceMs));
    const { method } = reply.request;
    const link = method === 'GET' || method === 'HEAD' ? { link: { path: '', label: 'Try again' } } : {};
    void sendNotice(reply.request, reply, { ...failure.notice, ...link });
  }

  async function answerOwn(
    request: FastifyRequest,
    reply: FastifyReply,
    verdict: Own,
    asked: Asked,
  ): Promise<FastifyReply> {
    const answer = await options.own(verdict, asked);
    if (!('json' in answer)) return sendAnswer(request, reply, answer);
    return reply
      .headers({
        ...strictTransport,
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'public, max-age=60',
        'x-content-type-options': 'nosniff',
      })
      .send(answer.json);
  }

  // Before http-proxy is registered, whose routes would keep Fastify's own, which says what is inside.
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 502;
    if (status >= 500) return sendNotice(request, reply, originNotice('protocol'));
    return refuse(reply, status);
  });
  const settings: FastifyHttpProxyOptions = {
    upstream: 'http://origin.postern.invalid',
    httpMethods: methods,
    undici: client as unknown as NonNullable<FastifyHttpProxyOptions['undici']>,
    disableRequestLogging: true,
    disableCache: true,
    internalRewriteLocationHeader: false,
    // Where a request goes, by which path and with which headers, is settled where it is sent.
    preRewrite: () => '/',
    replyOptions: {
      rewriteRequestHeaders: (request) => ({
        [outgoingKey]: (request as unknown as Passing)[underKey]?.outgoing,
      }),
      onResponse: (request, reply, { stream, statusCode }) => {
        const state = (request as unknown as Passing)[underKey];
        if (state === undefined || !(stream instanceof OriginAnswer))
          throw new Error('this is no answer of an origin');
        if (options.isDraining()) closing(reply as FastifyReply);
        sendAnswerOf(reply as FastifyReply, state, { body: stream, statusCode });
      },
      rewriteHeaders: (headers, request) => {
        const state = (request as unknown as Passing)[underKey];
        if (state !== undefined) state.head = responseHeaders(headers, state);
        // Kept past Fastify's own store of headers, which would copy them three times.
        return {};
      },
      // What may be sent twice is decided where it is sent; its own rule would ask an origin in trouble ten times.
      retryDelay: () => null,
      onError: (reply, { error }) =>
        failed(reply as FastifyReply, (reply.request as unknown as Passing)[underKey], error),
    },
  };
  await app.register(httpProxy, settings);
  await app.ready();
  return app;
}

/** Goes on with Fastify only where something went wrong: whoever did the work answers, or goes on. */
function orElse(done: (error: Error) => void): (error?: Error) => void {
  return (error) => {
    if (error !== undefined) done(error);
  };
}

async function after(work: Promise<unknown>, done: (error?: Error) => void): Promise<void> {
  let failure: Error | undefined;
  try {
    await work;
  } catch (error) {
    failure = error as Error;
  }
  done(failure);
}

/** Past Fastify from here on, which would read the body by a stream of its own. */
function sendAnswerOf(
  reply: FastifyReply,
  { head }: Under,
  { body, statusCode }: Pick<OriginReply, 'body' | 'statusCode'>,
): void {
  // A status that is none was answered with a notice already.
  if (reply.sent) return body.destroy();
  reply.hijack();
  const raw: BrowserResponse = reply.raw;
  try {
    // Reply-from lets a connection go whose request is not over yet.
    const connection = reply.getHeader('connection');
    raw.writeHead(statusCode, connection === undefined ? head : { ...head, connection: 'close' });
  } catch {
    // An origin's head that cannot be said costs its own answer and nothing else.
    body.destroy();
    return breakOff(raw);
  }
  return body.sendTo(raw);
}

function responseHeaders(headers: ResponseHeaders, { opened, sinceMs, answered }: Under): ResponseHeaders {
  const { target, resource } = opened.exchange.options;
  const origin = answered?.by ?? { text: '' };
  const kept = browserHeaders(headers, {
    origin,
    publicOrigin: `https://${target.authority}`,
    serviceWorkers: resource.web.serviceWorkers === true,
  });
  if (answered !== undefined) {
    const { askedMs, atMs } = answered;
    const ours = `postern;dur=${tenths(askedMs - sinceMs)}, origin;dur=${tenths(atMs - askedMs)}`;
    const theirs = kept['server-timing'];
    kept['server-timing'] = theirs === undefined ? ours : [theirs, ours].flat().join(', ');
  }
  return kept;
}

/** Of what the parser refused. */
function statusOf(error: Error): number {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
}

/** Nothing to explain: whoever sends this is no browser. */
function refuse(reply: FastifyReply, status: number): FastifyReply {
  return closing(reply).code(status).header('content-length', '0').send();
}

function sendNotice(request: FastifyRequest, reply: FastifyReply, notice: Notice): FastifyReply {
  const { status, headers, body } = render(notice, wantsPage(request.raw));
  if (hasBody(request.raw)) closing(reply);
  return reply.code(status).headers(headers).send(body);
}

function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.cookies.length > 0) reply.header('set-cookie', [...answer.cookies]);
  if ('notice' in answer) return sendNotice(request, reply, answer.notice);
  if (hasBody(request.raw)) closing(reply);
  return reply
    .headers({ ...strictTransport, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    .redirect(answer.redirect, 303);
}

/** What is left of the body is not waited for. */
function closing(reply: FastifyReply): FastifyReply {
  return reply.request.raw.httpVersionMajor === 1 ? reply.header('connection', 'close') : reply;
}
