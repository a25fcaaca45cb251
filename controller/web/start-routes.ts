/**
 * Where a browser that a connector does not know is sent (WIRE A10): it signs in, the hostname's resource is decided, and it
 * goes back with a one-time code, or to the page that says why not. Hostnames that lead nowhere and those that the person may
 * not know of look alike, and nothing is said of either before the sign-in.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import { parseName, type Name } from '../../protocol/names.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext } from '../context.ts';
import { subjectOf } from '../decisions/seat.ts';
import { openBrowserSession } from '../login/browser-sessions.ts';
import type { Cookies } from '../login/cookies.ts';
import { returnPath } from '../login/return-path.ts';
import { stepUpFor } from '../login/step-up.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import { hasGuests } from '../guests/invited.ts';
import { resourceAtHost } from './connector-web.ts';
import type { Throttle } from '../throttle.ts';
import { decideAtHost, visitorOf } from './web-right.ts';
import { makeWebCode } from './web-codes.ts';

/** Codes that one browser may be given; a person with many tabs stays below. */
const perSession = { limit: 240, windowMs: 60_000 };

const Query = Type.Object({
  /** The hostname, with or without a port. */
  host: Type.String({ maxLength: 260 }),
  /** base64url SHA-256 of what the browser keeps for the connector, and which of its cookies that is. */
  c: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  n: Type.String({ pattern: '^[0-9a-f]{4}$' }),
  rd: Type.Optional(Type.String({ maxLength: 8_192 })),
  again: Type.Optional(Type.Literal('1')),
  /** The sign-in is at most so many seconds old. */
  fresh: Type.Optional(Type.String({ pattern: '^[0-9]{1,8}$' })),
  /** A new sign-in for the sake of the resource was tried. */
  tried: Type.Optional(Type.Literal('1')),
});

export function webStartRoutes(app: TypedApp, context: ControllerContext, cookies: Cookies): void {
  const start = new WebStart(context, cookies);
  app.get(
    '/web/start',
    {
      config: {
        access: 'public',
        answers: {
          303: { description: 'To the sign-in, back to the hostname with a code, or to the reasons why not' },
        },
      },
      schema: { summary: 'Lets a browser into a public hostname', querystring: Query },
    },
    async (request, reply) => start.answer(request, reply, request.query),
  );
}

type Asked = Static<typeof Query>;

class WebStart {
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;
  readonly #given: Throttle;

  constructor(context: ControllerContext, cookies: Cookies) {
    this.#context = context;
    this.#cookies = cookies;
    this.#given = context.live.throttle('web codes', perSession);
  }

  /** Whether the sign-in page of this hostname has a way in for guests. */
  #isForGuests(state: OrganisationState, text: string, nowMs: number): boolean {
    const host = parseName(text.replace(/:\d{1,5}$/, ''));
    const resource = host === undefined ? undefined : resourceAtHost(state, host);
    return this.#context.mailer !== undefined && resource !== undefined && hasGuests(state, resource, nowMs);
  }

  async answer(request: FastifyRequest, reply: FastifyReply, asked: Asked): Promise<FastifyReply> {
    const organisation = organisationAt(this.#context, request);
    const state = await organisation.reader.current();
    const session = await openBrowserSession(this.#context, this.#cookies, request);
    const nowMs = this.#context.now();
    if (session === undefined || session.organisation !== organisation.id) {
      const isForGuests = this.#isForGuests(state, asked.host, nowMs);
      return reply.redirect(isForGuests ? guestUrl(asked) : signInUrl(state, here(asked), undefined), 303);
    }
    const subject = await subjectOf(organisation.store, state, session.subject);
    const host = parseName(asked.host.replace(/:\d{1,5}$/, ''));
    if (subject === undefined || host === undefined) return refuse(reply, asked.host);
    const address = request.callerAddress;
    const visitor = visitorOf(subject, session, [address]);
    const decided = decideAtHost(state, visitor, host, nowMs);
    if (decided === undefined || !decided.known) return refuse(reply, host);
    if (decided.state === 'refused') {
      const mends = stepUpFor(state, visitor, decided.resource, nowMs, 'web') !== undefined;
      if (!mends || asked.tried !== undefined) return refuse(reply, host);
      const url = signInUrl(state, here({ ...asked, tried: '1' }), session.provider, {
        for: decided.resource.definition.name,
        door: 'web',
      });
      return reply.redirect(url, 303);
    }
    if (asked.fresh !== undefined && isOlder(session, Number(asked.fresh) * 1_000, nowMs))
      return reply.redirect(signInUrl(state, here(asked), session.provider, { fresh: '1' }), 303);
    if (this.#given.lockedUntilMs(session.id) !== undefined) return refuse(reply, host);
    this.#given.fail(session.id);
    const code = await makeWebCode(
      organisation.store,
      { host, network: decided.resource.network.id, challenge: asked.c, session: session.id, address },
      { random: this.#context.random, nowMs },
    );
    // Another tab has just signed in anew: the browser has its cookie by now.
    if (code === undefined) return reply.redirect(here(asked), 303);
    return reply.redirect(callbackUrl(this.#context, host, code, asked), 303);
  }
}

/** On the hostname that was decided, at the door's own port: never at one that the link names. */
export function callbackUrl(
  { webPort }: Pick<ControllerContext, 'webPort'>,
  host: Name,
  code: string,
  {
    n,
    rd,
    again,
  }: { readonly n: string; readonly rd?: string | undefined; readonly again?: string | undefined },
): string {
  const url = new URL(`https://${host}${webPort === 443 ? '' : `:${webPort}`}/.postern/callback`);
  url.searchParams.set('code', code);
  url.searchParams.set('n', n);
  url.searchParams.set('rd', targetPath(rd));
  if (again !== undefined) url.searchParams.set('again', again);
  return url.href;
}

/** A path on the hostname: begins with one slash, no backslash, nothing unprintable; else `/`. */
function targetPath(text: string | undefined): string {
  return text !== undefined && text.length <= 2_048 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)
    ? text
    : '/';
}

/** The page where a guest asks for a code, and everybody else goes on to the provider. */
function guestUrl(asked: Asked): string {
  return `/guest?${new URLSearchParams(asked).toString()}`;
}

/** This request again, as a path for after the sign-in. */
function here(asked: Asked): string {
  return `/web/start?${new URLSearchParams(asked).toString()}`;
}

/** Straight to the only provider, or to the page where one is chosen. */
function signInUrl(
  { document }: OrganisationState,
  returnTo: string,
  provider: string | null | undefined,
  more: Readonly<Record<string, string>> = {},
): string {
  const names = (document.identityProviders ?? []).map(({ name }) => name);
  const chosen = names.find((name) => name === provider) ?? (names.length === 1 ? names[0] : undefined);
  const query = new URLSearchParams({ rd: returnPath(returnTo), ...more });
  return chosen === undefined ? `/login?${query.toString()}` : `/oidc/${chosen}/start?${query.toString()}`;
}

/** The page decides once more and says why, as for every other refusal. */
function refuse(reply: FastifyReply, host: string): FastifyReply {
  return reply.redirect(`/refused?${new URLSearchParams({ resource: host, door: 'web' }).toString()}`, 303);
}

function isOlder({ auth_ms: authMs }: SessionsTable, ageMs: number, nowMs: number): boolean {
  return authMs === null || authMs + ageMs <= nowMs;
}
