/**
 * The ways out: a person signs out here or everywhere and may go on to their provider's own sign-out (OpenID Connect
 * RP-Initiated Logout 1.0); a provider says that somebody has signed out there.
 */
import type { FastifyRequest } from 'fastify';
import { buildEndSessionUrl } from 'openid-client';
import { Type } from 'typebox';
import { toBase64Url } from '../../protocol/encoding.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { SignedOut } from '../../protocol/portal.ts';
import { sameText } from '../../protocol/secrets.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { endSessions, openSessionsOf } from '../sessions/end-sessions.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import { signOutByProvider } from './back-channel.ts';
import type { Cookies } from './cookies.ts';
import { LogoutTokens } from './logout-token.ts';
import { portalCaller } from './portal-caller.ts';
import { reachProvider } from './provider-use.ts';
import type { Provider, Providers } from './providers.ts';
import { idTokenPurpose } from './record-sign-in.ts';

const person = { access: ['person'] } as const;
const Params = Type.Object({ provider: Type.String({ maxLength: 63 }) });
const formType = 'application/x-www-form-urlencoded';
const maxTokenBytes = 32_768;
/** Refused logout tokens of one address. */
const refusals = { limit: 60, windowMs: 10 * 60_000 };
const returnLifeS = 600;

export async function logoutRoutes(
  app: TypedApp,
  context: ControllerContext,
  cookies: Cookies,
  providers: Providers,
): Promise<void> {
  for (const [path, everywhere, summary] of [
    ['sign-out', false, 'Ends this browser session'],
    ['sign-out-everywhere', true, 'Ends every session of the person, in browsers and on devices'],
  ] as const) {
    app.post(
      `/api/v1/me/${path}`,
      { config: person, schema: { summary, response: { 200: SignedOut } } },
      async (request, reply) => {
        const { organisation, person: who, session } = await portalCaller(context, request);
        const sessions = everywhere ? await openSessionsOf(organisation.store, who.id) : [session.id];
        const browser = cookies.read(request, 'signin') ?? toBase64Url(context.random(32));
        const state = returnState(context, browser);
        const url = await endSessionUrl(context, providers, organisation, session, state);
        if (url !== undefined) cookies.set(reply, 'signin', browser, returnLifeS);
        const reason = everywhere ? 'logout-everywhere' : 'logout';
        const ended = await endSessions(context, organisation.id, sessions, { reason, who: who.id });
        cookies.clear(reply, 'session');
        return {
          ended: ended.length,
          provider: url === undefined ? null : { name: session.provider ?? '', url: url.href },
        };
      },
    );
  }

  app.get(
    '/oidc/:provider/signed-out',
    {
      config: {
        access: 'public',
        answers: { 302: { description: 'To the sign-in page, which says so' } },
      },
      schema: { summary: 'Takes the browser back from the sign-out of a provider', params: Params },
    },
    async (request, reply) => {
      const { state } = request.query as { state?: unknown };
      // Only the browser that left for there is told that it worked.
      const browser = cookies.read(request, 'signin');
      const known =
        typeof state === 'string' && browser !== undefined && sameText(state, returnState(context, browser));
      return reply.redirect(known ? '/login?state=signed-out-there' : '/login', 302);
    },
  );

  await app.register(async (scope) => backChannelRoute(scope as unknown as TypedApp, context, providers));
}

/** A form is read on this one route, and nothing but a form. */
function backChannelRoute(app: TypedApp, context: ControllerContext, providers: Providers): void {
  const tokens = new LogoutTokens(context);
  const refused = context.live.throttle('logout tokens', refusals);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    formType,
    { parseAs: 'string', bodyLimit: maxTokenBytes },
    (_request, body, done) => done(null, body),
  );
  app.post(
    '/oidc/:provider/back-channel-logout',
    {
      bodyLimit: maxTokenBytes,
      config: {
        access: 'public',
        problems: ['too-many', 'unavailable'],
        answers: { 200: { description: 'The sessions that it names have ended' } },
      },
      schema: { summary: 'Takes a logout token of a provider', params: Params },
    },
    async (request, reply) => {
      const address = sourceOfAddress(request.callerAddress);
      const lockedUntil = refused.lockedUntilMs(address);
      if (lockedUntil !== undefined) throw ProblemError.tooMany(lockedUntil - context.now());
      const organisation = organisationAt(context, request);
      const provider = await reachProvider(context, providers, organisation, request.params.provider);
      if (provider === 'provider-unreachable') throw new ProblemError('unavailable');
      try {
        await act(organisation, provider, request);
      } catch (error) {
        refused.fail(address);
        const { message } = error as { message?: string };
        context.log.warn(
          { provider: provider.definition.name, reason: message },
          'a logout token is refused',
        );
        throw new ProblemError('invalid-request', 'The logout token is not valid.');
      }
      return reply.code(200).send();
    },
  );

  /** Throws an Error that says why a token does not count. */
  async function act(
    organisation: Organisation,
    provider: Provider,
    { body }: FastifyRequest,
  ): Promise<void> {
    const given = typeof body === 'string' ? new URLSearchParams(body).getAll('logout_token') : [];
    const [token] = given;
    if (token === undefined || given.length !== 1) throw new Error('there is not exactly one');
    const logout = await tokens.verify(provider, token);
    const isNew = await signOutByProvider(context, organisation, provider, logout);
    if (!isNew) throw new Error('it was used before');
  }
}

/** Where this browser can sign out of its provider as well; undefined when that has no such place or cannot be asked. */
async function endSessionUrl(
  context: ControllerContext,
  providers: Providers,
  organisation: Organisation,
  { provider: name, id_token: sealed }: SessionsTable,
  state: string,
): Promise<URL | undefined> {
  if (name === null) return undefined;
  const provider = await reachProvider(context, providers, organisation, name).catch(() => undefined);
  if (provider === undefined || provider === 'provider-unreachable') return undefined;
  if (provider.client.serverMetadata().end_session_endpoint === undefined) return undefined;
  const hint = sealed === null ? undefined : context.secretKey.unseal(idTokenPurpose, Buffer.from(sealed));
  return buildEndSessionUrl(provider.client, {
    post_logout_redirect_uri: new URL(
      `/oidc/${name}/signed-out`,
      context.organisations.addressOf(organisation.id),
    ).href,
    state,
    ...(hint === undefined ? {} : { id_token_hint: hint.toString('utf8') }),
  });
}

/** What the provider gives back, so that nobody else's page can say "signed out" in this browser. */
function returnState({ secretKey }: ControllerContext, browser: string): string {
  return secretKey.hash('signed out', browser);
}
