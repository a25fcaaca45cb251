/**
 * Sign-ins at an identity provider (OIDC code flow with PKCE, state and nonce per attempt): begun, and finished once by the
 * browser that began them. The routes of sign-in-routes.ts call it, and sign-ins that are only tried.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { buildAuthorizationUrl, calculatePKCECodeChallenge } from 'openid-client';
import { toBase64Url } from '../../protocol/encoding.ts';
import type { Id } from '../../protocol/ids.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import type { SignInError } from '../../protocol/portal.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import type { Throttle } from '../throttle.ts';
import { backToSignIn } from './back-to-sign-in.ts';
import { endEarlierSession, openBrowserSession } from './browser-sessions.ts';
import type { Cookies } from './cookies.ts';
import { isFresh } from './freshness.ts';
import { exchange, type Exchanged } from './exchange.ts';
import { PendingSignIns, signInLifeMs, type PendingSignIn } from './pending-sign-ins.ts';
import { reachProvider } from './provider-use.ts';
import type { Provider, Providers } from './providers.ts';
import { NoRoomForPerson, PersonDisabled, recordSignIn } from './record-sign-in.ts';
import type { SignInTrials } from './sign-in-trials.ts';
import type { StepUp } from './step-up.ts';
import { StepUps } from './step-ups.ts';

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

export class SignIns {
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;
  readonly #providers: Providers;
  readonly #pending: PendingSignIns;
  readonly #stepUps: StepUps;
  readonly #trials: SignInTrials;
  readonly #starts: Throttle;
  readonly #finishes: Throttle;

  constructor(context: ControllerContext, cookies: Cookies, providers: Providers, trials: SignInTrials) {
    this.#context = context;
    this.#cookies = cookies;
    this.#providers = providers;
    this.#trials = trials;
    this.#stepUps = new StepUps(context, cookies);
    this.#pending = new PendingSignIns(context.live);
    this.#starts = context.live.throttle('sign-in starts', starts);
    this.#finishes = context.live.throttle('sign-in finishes', finishes);
  }

  /** Sends the browser to the provider. */
  async start(
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
    { returnTo, asked, stepUp }: Pick<PendingSignIn, 'returnTo' | 'stepUp'> & { readonly asked: boolean },
  ): Promise<FastifyReply> {
    const source = sourceOfAddress(request.callerAddress);
    const lockedUntilMs = this.#starts.lockedUntilMs(source);
    if (lockedUntilMs !== undefined) {
      const waitS = Math.max(1, Math.ceil((lockedUntilMs - this.#context.now()) / 1_000));
      void reply.header('retry-after', String(waitS));
      return backToSignIn(reply, 'throttled', returnTo);
    }
    this.#starts.fail(source);
    const organisation = organisationAt(this.#context, request);
    if (this.#isSuspended(organisation)) return backToSignIn(reply, 'suspended', returnTo);
    const provider = await this.#reach(organisation, name);
    if (provider === 'provider-unreachable') return backToSignIn(reply, 'provider-unreachable', returnTo);
    const fresh = asked || freshPages.has(new URL(returnTo, this.#context.publicUrl).pathname);
    const url = await this.#begin(request, reply, organisation, provider, {
      returnTo,
      fresh,
      ...(stepUp === undefined ? {} : { stepUp }),
    });
    return reply.redirect(url.href, 302);
  }

  /**
   * Begins a sign-in that an administrator only tries, in the browser of that session; where it is to go. Throws
   * `not-found` for a name that the document does not have, and `conflict` where the provider cannot be reached.
   */
  async beginTrial(
    request: FastifyRequest,
    reply: FastifyReply,
    organisation: Organisation,
    name: string,
    session: Id<'ses'>,
  ): Promise<URL> {
    const provider = await this.#reach(organisation, name);
    if (provider === 'provider-unreachable')
      throw new ProblemError(
        'conflict',
        'The provider cannot be reached, or does not answer as that issuer. The log of the controller says why.',
      );
    return this.#begin(request, reply, organisation, provider, {
      returnTo: '/',
      fresh: true,
      trialOf: session,
    });
  }

  /** Keeps an attempt for this browser; where the browser is to go with it. */
  async #begin(
    request: FastifyRequest,
    reply: FastifyReply,
    organisation: Organisation,
    provider: Provider,
    more: Pick<PendingSignIn, 'returnTo' | 'fresh' | 'stepUp' | 'trialOf'>,
  ): Promise<URL> {
    const { name } = provider.definition;
    const { fresh, stepUp } = more;
    const [state, nonce, codeVerifier] = [this.#draw(), this.#draw(), this.#draw()];
    const known = this.#cookies.read(request, 'signin');
    const browser = known ?? this.#draw();
    const url = buildAuthorizationUrl(provider.client, {
      redirect_uri: this.#redirectUri(organisation, name),
      scope: scopesFor(provider),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...askFor(provider, fresh, stepUp && (await this.#stepUps.wanted(organisation, request, stepUp))),
    });
    await this.#pending.add(state, browser, {
      provider: ownName(organisation, name),
      nonce,
      codeVerifier,
      ...more,
    });
    this.#cookies.set(reply, 'signin', browser, signInLifeMs / 1_000);
    // Of tabs that begin at once, before the browser has that cookie, the last one's takes the place of the others'.
    if (known === undefined) this.#cookies.set(reply, ownCookie(state), browser, signInLifeMs / 1_000);
    return url;
  }

  /** Takes the provider's answer, once, from the browser that began the attempt. */
  async finish(request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> {
    const organisation = organisationAt(this.#context, request);
    const url = new URL(request.url, this.#context.organisations.addressOf(organisation.id));
    const state = url.searchParams.get('state') ?? '';
    const own = this.#cookies.read(request, ownCookie(state));
    const browser = own ?? this.#cookies.read(request, 'signin');
    const pending = await this.#pending.take(state, browser, ownName(organisation, name));
    if (own !== undefined) this.#cookies.clear(reply, ownCookie(state));
    if (pending === undefined) return backToSignIn(reply, 'attempt-gone', '/');
    const { returnTo, trialOf } = pending;
    if (this.#isSuspended(organisation)) return backToSignIn(reply, 'suspended', returnTo);
    const address = request.callerAddress;
    const provider = await this.#reach(organisation, name);
    if (provider === 'provider-unreachable') return backToSignIn(reply, 'provider-unreachable', returnTo);
    // Whatever the provider says: what was begun as a trial signs nobody in.
    if (trialOf !== undefined) {
      if (!(await this.#trials.isStillTheirs(request, organisation, trialOf)))
        return backToSignIn(reply, 'attempt-gone', '/');
      const tried = await exchange(this.#context, provider, url, state, pending);
      const page = await this.#trials.keep(organisation, trialOf, provider, tried, address);
      return reply.redirect(page, 302);
    }
    const answer = await this.#identify(organisation, provider, url, state, pending);
    if (typeof answer === 'string') {
      await this.#recordFailure(organisation, answer, name, address);
      // Another tab may have signed in meanwhile: then this one needs nothing more.
      const isMet = !pending.fresh && pending.stepUp === undefined;
      const session = isMet ? await openBrowserSession(this.#context, this.#cookies, request) : undefined;
      if (session?.organisation === organisation.id) return reply.redirect(returnTo, 302);
      return backToSignIn(reply, answer, returnTo);
    }
    const { issuer } = provider.definition;
    const signIn = { issuer, provider: name, ...answer, address };
    try {
      const signedIn = await recordSignIn(this.#context, organisation, signIn);
      this.#starts.succeed(sourceOfAddress(address));
      await endEarlierSession(this.#context, this.#cookies, request, signedIn);
      this.#cookies.set(reply, 'session', signedIn.cookie, signedIn.lifeS);
      return reply.redirect(returnTo, 302);
    } catch (error) {
      if (error instanceof NoRoomForPerson) return backToSignIn(reply, 'limit', '/');
      if (!(error instanceof PersonDisabled)) throw error;
      return backToSignIn(reply, 'disabled', '/');
    }
  }

  /** Who the provider says this is, where they may sign in now; else why not. */
  async #identify(
    organisation: Organisation,
    provider: Provider,
    url: URL,
    state: string,
    pending: PendingSignIn,
  ): Promise<Exchanged | SignInError> {
    const answer = await exchange(this.#context, provider, url, state, pending);
    if (typeof answer === 'string') return answer;
    const { identity } = answer;
    const account = JSON.stringify([organisation.id, provider.definition.issuer, identity.subject]);
    if (this.#finishes.lockedUntilMs(account) !== undefined) return 'throttled';
    this.#finishes.fail(account);
    if (pending.fresh && !isFresh(identity.authMs, this.#context.now())) return 'not-fresh';
    if (pending.stepUp === undefined) return answer;
    const { issuer } = provider.definition;
    return (await this.#stepUps.objection(organisation, pending.stepUp, issuer, identity)) ?? answer;
  }

  async #recordFailure(
    { store }: Organisation,
    reason: SignInError,
    provider: string,
    address: string,
  ): Promise<void> {
    const detail = { provider, address };
    await appendAudit(store, [
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

  #reach(organisation: Organisation, name: string): ReturnType<typeof reachProvider> {
    return reachProvider(this.#context, this.#providers, organisation, name);
  }

  /** From the configured address, never the text of the request's Host (SEC-B4). */
  #redirectUri({ id }: Organisation, name: string): string {
    return new URL(`/oidc/${name}/callback`, this.#context.organisations.addressOf(id)).href;
  }

  #isSuspended({ id }: Organisation): boolean {
    return this.#context.organisations.get(id)?.isSuspended === true;
  }

  #draw(): string {
    return toBase64Url(this.#context.random(32));
  }
}

/** Of one attempt. A state that no attempt has names a cookie that no browser has. */
function ownCookie(state: string): `signin-${string}` {
  return `signin-${/^[\w-]{8}/.exec(state)?.[0] ?? ''}`;
}

/** A sign-in ends at the provider where it began, and not at another organisation's of that name. */
function ownName({ id }: Organisation, provider: string): string {
  return `${id} ${provider}`;
}

/** What the authorization request says of when and how the person shall prove who they are. */
function askFor(
  { definition }: Provider,
  fresh: boolean,
  stepUp: StepUp | undefined,
): Record<string, string> {
  const anew = fresh || stepUp?.anew === true;
  const maxAgeS = fresh ? 0 : stepUp?.maxAgeS;
  const acrValues = [...(stepUp?.acrValues ?? []), ...(definition.acrValues ?? [])];
  return {
    ...(anew ? { prompt: 'login' } : {}),
    ...(maxAgeS === undefined ? {} : { max_age: String(maxAgeS) }),
    ...(acrValues.length === 0 ? {} : { acr_values: [...new Set(acrValues)].join(' ') }),
  };
}

function scopesFor({ client }: Provider): string {
  const known = client.serverMetadata().scopes_supported ?? ['openid', 'email', 'profile'];
  return wantedScopes.filter((scope) => scope === 'openid' || known.includes(scope)).join(' ');
}
