/**
 * Signing in at an identity provider (OIDC code flow with PKCE, state and nonce per attempt): where it begins, where the
 * provider sends the browser back to, and what the sign-in page offers. Nothing of a request is ever repeated on a page:
 * what went wrong is one of a few words (SEC-J1).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
} from 'openid-client';
import { Type } from 'typebox';
import { toBase64Url } from '../../protocol/encoding.ts';
import { SignInOptions, type SignInError } from '../../protocol/portal.ts';
import { ProblemError } from '../api/problems.ts';
import type { TypedApp } from '../api/typed-app.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { Throttle } from '../throttle.ts';
import { endEarlierSession } from './browser-sessions.ts';
import type { Cookies } from './cookies.ts';
import { isFresh } from './freshness.ts';
import { objectionToIdToken } from './id-token-claims.ts';
import { needsUserInfo, readIdentity, type Identity } from './identity-claims.ts';
import { PendingSignIns, signInLifeMs, type PendingSignIn } from './pending-sign-ins.ts';
import { Providers, type Provider } from './providers.ts';
import { recordSignIn } from './record-sign-in.ts';
import { returnPath } from './return-path.ts';
import { plainAddress } from './same-network.ts';

/**
 * Sign-ins that one address may begin without anybody getting through (a whole office shares one), and that one person
 * may finish, each within ten minutes of the one before.
 */
const starts = { limit: 120, windowMs: 10 * 60_000 };
const finishes = { limit: 30, windowMs: 10 * 60_000 };

/** What a sign-in asks for; a provider that lists what it knows is asked for no more than that. */
const wantedScopes = ['openid', 'email', 'profile', 'groups'];
/** Pages whose matter needs a fresh sign-in: asked for at once, so that nobody signs in twice. */
const freshPages = new Set(['/device']);

const publicRoute = { access: 'public' } as const;
const Params = Type.Object({ provider: Type.String({ maxLength: 63 }) });

export function signInRoutes(app: TypedApp, context: ControllerContext, cookies: Cookies): void {
  const signIns = new SignIns(context, cookies);
  app.get(
    '/api/v1/sign-in',
    {
      config: publicRoute,
      schema: { summary: 'Where people sign in', response: { 200: SignInOptions } },
    },
    async () => {
      const { document } = await signIns.organisation.reader.current();
      return {
        organisation: document.organisation === '' ? null : document.organisation,
        providers: (document.identityProviders ?? []).map(({ name }) => ({ name })),
      };
    },
  );
  app.get(
    '/oidc/:provider/start',
    {
      config: {
        ...publicRoute,
        answers: { 302: { description: 'To the provider, or back to the sign-in page with the reason' } },
      },
      schema: {
        summary: 'Sends the browser to a provider',
        params: Params,
        querystring: Type.Object({ rd: Type.Optional(Type.String()), fresh: Type.Optional(Type.String()) }),
      },
    },
    async (request, reply) => {
      const { rd, fresh } = request.query;
      return signIns.start(request, reply, request.params.provider, returnPath(rd), fresh === '1');
    },
  );
  app.get(
    '/oidc/:provider/callback',
    {
      config: {
        ...publicRoute,
        answers: {
          302: {
            description: 'To where the person wanted to go, or back to the sign-in page with the reason',
          },
        },
      },
      schema: { summary: 'Takes the answer of a provider', params: Params },
    },
    async (request, reply) => signIns.finish(request, reply, request.params.provider),
  );
}

class SignIns {
  readonly organisation: Organisation;
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;
  readonly #providers: Providers;
  readonly #pending: PendingSignIns;
  readonly #starts: Throttle;
  readonly #finishes: Throttle;

  constructor(context: ControllerContext, cookies: Cookies) {
    this.organisation = context.organisation(context.soleOrganisation);
    this.#context = context;
    this.#cookies = cookies;
    this.#providers = new Providers(context);
    this.#pending = new PendingSignIns(context.now);
    this.#starts = new Throttle({ ...starts, now: context.now });
    this.#finishes = new Throttle({ ...finishes, now: context.now });
  }

  /** Sends the browser to the provider. */
  async start(
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
    returnTo: string,
    asked: boolean,
  ): Promise<FastifyReply> {
    const address = plainAddress(request.ip);
    if (this.#starts.lockedUntilMs(address) !== undefined) return backToSignIn(reply, 'throttled', returnTo);
    this.#starts.fail(address);
    const provider = await this.#reach(name);
    if (provider === 'unreachable') return backToSignIn(reply, 'provider-unreachable', returnTo);
    const [state, nonce, codeVerifier] = [this.#draw(), this.#draw(), this.#draw()];
    const browser = this.#cookies.read(request, 'signin') ?? this.#draw();
    const fresh = asked || freshPages.has(new URL(returnTo, this.#context.publicUrl).pathname);
    const url = buildAuthorizationUrl(provider.client, {
      redirect_uri: this.#redirectUri(name),
      scope: scopesFor(provider),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...(fresh ? { prompt: 'login', max_age: '0' } : {}),
    });
    this.#pending.add(state, browser, { provider: name, nonce, codeVerifier, returnTo, fresh });
    this.#cookies.set(reply, 'signin', browser, signInLifeMs / 1_000);
    return reply.redirect(url.href, 302);
  }

  /** Takes the provider's answer, once, from the browser that began the attempt. */
  async finish(request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> {
    const url = new URL(request.url, this.#context.publicUrl);
    const state = url.searchParams.get('state') ?? '';
    const pending = this.#pending.take(state, this.#cookies.read(request, 'signin'), name);
    if (pending === undefined) return backToSignIn(reply, 'attempt-gone', '/');
    const { returnTo } = pending;
    const address = plainAddress(request.ip);
    const provider = await this.#reach(name);
    if (provider === 'unreachable') return backToSignIn(reply, 'provider-unreachable', returnTo);
    const identity = await this.#identify(provider, url, state, pending);
    if (typeof identity === 'string') {
      await this.#recordFailure(identity, name, address);
      return backToSignIn(reply, identity, returnTo);
    }
    this.#starts.succeed(address);
    await endEarlierSession(this.#context, this.#cookies, request);
    const { issuer } = provider.definition;
    const signedIn = await recordSignIn(this.#context, this.organisation, {
      issuer,
      provider: name,
      identity,
      address,
    });
    this.#cookies.set(reply, 'session', signedIn.cookie, signedIn.lifeS);
    return reply.redirect(returnTo, 302);
  }

  /** Who the provider says this is, where they may sign in now; else why not. */
  async #identify(
    provider: Provider,
    url: URL,
    state: string,
    pending: PendingSignIn,
  ): Promise<Identity | SignInError> {
    const identity = await this.#exchange(provider, url, state, pending);
    if (typeof identity === 'string') return identity;
    const account = JSON.stringify([provider.definition.issuer, identity.subject]);
    if (this.#finishes.lockedUntilMs(account) !== undefined) return 'throttled';
    this.#finishes.fail(account);
    return pending.fresh && !isFresh(identity.authMs, this.#context.now()) ? 'not-fresh' : identity;
  }

  async #exchange(
    provider: Provider,
    url: URL,
    state: string,
    { nonce, codeVerifier }: PendingSignIn,
  ): Promise<Identity | SignInError> {
    if (url.searchParams.has('error')) return 'provider-refused';
    const { client, definition } = provider;
    try {
      const tokens = await authorizationCodeGrant(client, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined || tokens.id_token === undefined) return 'provider-answer';
      const objection = objectionToIdToken(tokens.id_token, claims, {
        accessToken: tokens.access_token,
        nowMs: this.#context.now(),
      });
      if (objection !== undefined) throw new Error(`the ID token is refused: ${objection}`);
      const more =
        client.serverMetadata().userinfo_endpoint !== undefined &&
        needsUserInfo(claims, definition.groupsClaim);
      const userInfo = more ? await fetchUserInfo(client, tokens.access_token, claims.sub) : {};
      return readIdentity(claims, userInfo, definition.groupsClaim);
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      this.#context.log.warn(
        { provider: definition.name, code, reason: message },
        'a sign-in could not be checked',
      );
      return isUnreachable(error) ? 'provider-unreachable' : 'provider-answer';
    }
  }

  async #recordFailure(reason: SignInError, provider: string, address: string): Promise<void> {
    const detail = { provider, address };
    await appendAudit(this.organisation.store, [
      {
        atMs: this.#context.now(),
        who: 'nobody',
        what: 'sign-in',
        result: 'failed',
        reasons: [reason],
        detail,
      },
    ]);
  }

  async #reach(name: string): Promise<Provider | 'unreachable'> {
    let provider: Provider | undefined;
    try {
      provider = await this.#providers.find(this.organisation, name);
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      this.#context.log.warn(
        { provider: name, code, reason: message },
        'an identity provider cannot be used',
      );
      return 'unreachable';
    }
    if (provider === undefined) throw new ProblemError('not-found');
    return provider;
  }

  /** From the configured address, never from the request's Host (SEC-B4). */
  #redirectUri(name: string): string {
    return new URL(`/oidc/${name}/callback`, this.#context.publicUrl).href;
  }

  #draw(): string {
    return toBase64Url(this.#context.random(32));
  }
}

function scopesFor({ client }: Provider): string {
  const known = client.serverMetadata().scopes_supported ?? ['openid', 'email', 'profile'];
  return wantedScopes.filter((scope) => scope === 'openid' || known.includes(scope)).join(' ');
}

/** Not an answer at all: no connection, no TLS, no time. */
function isUnreachable(error: unknown): boolean {
  const cause = (error as { cause?: unknown }).cause ?? error;
  return (
    cause instanceof TypeError ||
    (cause instanceof Error && ['TimeoutError', 'AbortError'].includes(cause.name)) ||
    (error as { code?: unknown }).code === 'OAUTH_TIMEOUT'
  );
}

function backToSignIn(reply: FastifyReply, error: SignInError, returnTo: string): FastifyReply {
  const query = new URLSearchParams({ error, ...(returnTo === '/' ? {} : { rd: returnTo }) });
  return reply.redirect(`/login?${query.toString()}`, 302);
}
