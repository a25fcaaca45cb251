/**
 * How a guest comes in at a public hostname: asks for a code by e-mail, and types it. What is answered, and how long that takes,
 * is the same whoever is invited.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseEmail } from '../../protocol/email-address.ts';
import { GuestAnswer, GuestAsk, GuestCode, GuestOptions, GuestOptionsQuery } from '../../protocol/guests.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { parseName, type Name } from '../../protocol/names.ts';
import { toBase64Url } from '../../protocol/encoding.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { Cookies } from '../login/cookies.ts';
import { signInLifeMs } from '../login/pending-sign-ins.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import type { Throttle } from '../throttle.ts';
import { resourceAtHost } from '../web/connector-web.ts';
import { callbackUrl } from '../web/start-routes.ts';
import { enterGuest } from './enter-guest.ts';
import { codeLifeMs, makeGuestCode, takeGuestCode } from './guest-codes.ts';
import { hasGuests, isInvited } from './invited.ts';

/** Codes that one source may ask for and that one address may be sent, and codes that one source may try. */
const asks = { limit: 20, windowMs: 10 * 60_000 };
const mails = { limit: 5, windowMs: 60 * 60_000 };
const tries = { limit: 40, windowMs: 10 * 60_000 };

export function guestRoutes(app: TypedApp, context: ControllerContext, cookies: Cookies): void {
  const guests = new Guests(context, cookies);
  const config = { access: 'public' } as const;
  app.get(
    '/api/v1/guests/options',
    {
      config,
      schema: {
        summary: 'How to sign in at a public hostname',
        querystring: GuestOptionsQuery,
        response: { 200: GuestOptions },
      },
    },
    async (request) => guests.options(request, request.query.host),
  );
  app.post(
    '/api/v1/guests/ask',
    {
      config: {
        ...config,
        answers: { 204: { description: 'If somebody with this address is invited, a code is on its way' } },
      },
      schema: { summary: 'Sends a guest a code by e-mail', body: GuestAsk },
    },
    async (request, reply) => guests.ask(request, reply, request.body),
  );
  app.post(
    '/api/v1/guests/enter',
    {
      config,
      schema: { summary: 'Lets a guest in by their code', body: GuestCode, response: { 200: GuestAnswer } },
    },
    async (request) => guests.enter(request, request.body),
  );
}

class Guests {
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;
  readonly #asks: Throttle;
  readonly #mails: Throttle;
  readonly #tries: Throttle;

  constructor(context: ControllerContext, cookies: Cookies) {
    this.#context = context;
    this.#cookies = cookies;
    const { live } = context;
    this.#asks = live.throttle('guest codes asked for', asks);
    this.#mails = live.throttle('guest codes sent', mails);
    this.#tries = live.throttle('guest codes tried', tries);
  }

  async options(request: FastifyRequest, text: string): Promise<GuestOptions> {
    const state = await organisationAt(this.#context, request).reader.current();
    const host = hostIn(text);
    const resource = host === undefined ? undefined : resourceAtHost(state, host);
    const { organisation, identityProviders = [] } = state.document;
    return {
      organisation: organisation === '' ? null : organisation,
      providers: identityProviders.map(({ name }) => ({ name })),
      guests:
        this.#context.mailer !== undefined &&
        resource !== undefined &&
        hasGuests(state, resource, this.#context.now()),
    };
  }

  async ask(request: FastifyRequest, reply: FastifyReply, asked: GuestAsk): Promise<FastifyReply> {
    const { mailer, now, random } = this.#context;
    const email = parseEmail(asked.email.trim());
    const host = hostIn(asked.host);
    if (mailer === undefined || host === undefined) throw new ProblemError('not-found');
    if (email === undefined)
      throw new ProblemError('invalid-request', undefined, [
        { path: ['email'], message: 'this is no e-mail address of a form that mail is sent to' },
      ]);
    const source = request.callerAddress;
    count(this.#asks, sourceOfAddress(source), now());
    const { id, store, reader } = organisationAt(this.#context, request);
    count(this.#mails, JSON.stringify([id, email]), now());
    const state = await reader.current();
    const resource = resourceAtHost(state, host);
    const invited = resource !== undefined && isInvited(state, resource, email, now());
    const browser = this.#cookies.read(request, 'signin') ?? toBase64Url(random(32));
    const code = await makeGuestCode(
      store,
      { browser, host },
      { email, isInvited: invited },
      { random, nowMs: now() },
    );
    await appendAudit(store, [
      {
        atMs: now(),
        who: 'nobody',
        what: 'guest.code',
        ...(resource === undefined ? {} : { resource: resource.definition.name }),
        result: invited ? 'done' : 'refused',
        reasons: invited ? [] : ['no-allow'],
        detail: { email, host, address: source },
      },
    ]);
    if (invited) mailer.send({ to: email, ...mailFor(code, host, state.document.organisation) });
    this.#cookies.set(reply, 'signin', browser, signInLifeMs / 1_000);
    return reply.code(204).send();
  }

  async enter(
    request: FastifyRequest,
    { host: text, c, n, rd, again, code }: GuestCode,
  ): Promise<GuestAnswer> {
    const { now } = this.#context;
    const host = hostIn(text);
    const address = request.callerAddress;
    const source = sourceOfAddress(address);
    const organisation = organisationAt(this.#context, request);
    count(this.#tries, source, now());
    const browser = this.#cookies.read(request, 'signin');
    const typed = code.replace(/[\s-]/g, '');
    const email =
      browser === undefined || host === undefined
        ? undefined
        : await takeGuestCode(organisation.store, { browser, host }, typed, now());
    if (email === undefined || host === undefined) return { state: 'wrong' };
    this.#tries.succeed(source);
    const passed = await enterGuest(this.#context, organisation, {
      email,
      host,
      challenge: c,
      address,
    });
    if (passed === undefined) return { state: 'refused' };
    return { state: 'entered', location: callbackUrl(this.#context, host, passed, { n, rd, again }) };
  }
}

/** Throws `too-many` where the key has had enough; counts it otherwise. */
function count(throttle: Throttle, key: string, nowMs: number): void {
  const lockedUntilMs = throttle.lockedUntilMs(key);
  if (lockedUntilMs !== undefined) throw ProblemError.tooMany(lockedUntilMs - nowMs);
  throttle.fail(key);
}

function hostIn(text: string): Name | undefined {
  return parseName(text.replace(/:\d{1,5}$/, ''));
}

/** Nothing in it comes from whoever asked but the hostname, which is one of the document's. */
function mailFor(code: string, host: Name, organisation: string): { subject: string; text: string } {
  const shown = `${code.slice(0, 4)} ${code.slice(4)}`;
  const from = organisation === '' ? '' : ` of ${organisation}`;
  return {
    subject: `${shown} is your code for ${host}`,
    text: `Your code for ${host}${from}:

    ${shown}

Type it on the page that asked for it, in the same browser. It works for ${codeLifeMs / 60_000} minutes, once.

If you did not ask for it, somebody typed your address there: ignore this mail, and give the code to nobody. Nobody from
this organisation will ever ask you for it.
`,
  };
}
