/**
 * Sign-ins that an administrator tries at a provider: what its answer would make of whoever signed in there, kept for the
 * session that asked, to be read once within ten minutes. Nobody is signed in by it, no person is made, no token is kept.
 */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { toBase64Url } from '../../protocol/encoding.ts';
import type { Id } from '../../protocol/ids.ts';
import { covers } from '../../protocol/roles.ts';
import type { AnsweredTrial, SignInTrial, TrialNote } from '../../protocol/sign-in-trials.ts';
import type { SignInError } from '../../protocol/portal.ts';
import { roleIn } from '../administrators/administrators.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { KeptValues } from '../live/kept-values.ts';
import { openBrowserSession } from './browser-sessions.ts';
import type { Cookies } from './cookies.ts';
import type { Exchanged } from './exchange.ts';
import { isFresh } from './freshness.ts';
import type { Claims } from './identity-claims.ts';
import type { Provider } from './providers.ts';
import { signInOutcome } from './sign-in-outcome.ts';

export const trialAction = 'document.write-sign-in';

const keptMs = 10 * 60_000;
const maxClaims = 100;
const maxValue = 2_000;
/** They bind the token to this attempt or to a token that came with it, and say nothing of the person. */
const binding = new Set(['nonce', 'at_hash', 'c_hash', 's_hash']);

export class SignInTrials {
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;
  readonly #kept: KeptValues<SignInTrial>;

  constructor(context: ControllerContext, cookies: Cookies) {
    this.#context = context;
    this.#cookies = cookies;
    this.#kept = context.live.kept('sign-in trials', keptMs);
  }

  /** Whether this browser still has the session that began the trial, and that session the right to it. */
  async isStillTheirs(
    request: FastifyRequest,
    { id, store }: Organisation,
    trialOf: Id<'ses'>,
  ): Promise<boolean> {
    const session = await openBrowserSession(this.#context, this.#cookies, request);
    if (session === undefined || session.organisation !== id || session.id !== trialOf) return false;
    const role = await roleIn(store, session);
    return role !== undefined && covers(role, trialAction);
  }

  /** Keeps what the provider's answer comes to; the page on which the session may read it. */
  async keep(
    organisation: Organisation,
    session: Id<'ses'>,
    provider: Provider,
    answer: Exchanged | SignInError,
    address: string,
  ): Promise<string> {
    const trial =
      typeof answer === 'string'
        ? failed(provider, answer)
        : await this.#answered(organisation, provider, answer);
    const { subject: who } = await organisation.store
      .select('sessions')
      .select('subject')
      .where('id', '=', session)
      .executeTakeFirstOrThrow();
    await appendAudit(organisation.store, [
      {
        atMs: this.#context.now(),
        who,
        what: 'sign-in.try',
        result: trial.state === 'failed' ? 'failed' : 'done',
        ...(trial.state === 'failed' ? { reasons: [trial.reason] } : {}),
        detail: {
          provider: trial.provider,
          address,
          ...(trial.state === 'failed' ? {} : { subject: trial.person.subject }),
        },
      },
    ]);
    const id = toBase64Url(this.#context.random(32));
    await this.#kept.put(keyOf(id, session), trial);
    return `/admin/sign-in-trial?${new URLSearchParams({ id }).toString()}`;
  }

  /** Takes it out, for good; undefined when it is not there, not any more, or another session's. */
  async take(id: string, session: Id<'ses'>): Promise<SignInTrial | undefined> {
    return this.#kept.take(keyOf(id, session));
  }

  async #answered(
    { store, reader }: Organisation,
    { definition }: Provider,
    { identity, claims }: Exchanged,
  ): Promise<AnsweredTrial> {
    const { name: provider, issuer, groupsClaim } = definition;
    const state = await reader.current();
    const outcome = await store.transaction((tx) => signInOutcome(tx, state, { issuer, provider, identity }));
    const { known, directory, groups, refused } = outcome;
    const { subject, name, email, authMs, amr, acr } = identity;
    const shown = [...shownClaims(claims.idToken, 'id-token'), ...shownClaims(claims.userInfo, 'userinfo')];
    const has = (claim: string): boolean =>
      Object.hasOwn(claims.idToken, claim) || Object.hasOwn(claims.userInfo, claim);
    const isFreshNow = isFresh(authMs, this.#context.now());
    const notes: [TrialNote, boolean][] = [
      ['no-email', email === undefined && !has('email')],
      ['email-not-verified', email === undefined && has('email')],
      ['no-groups-claim', groupsClaim !== undefined && !has(groupsClaim)],
      ['no-time', authMs === undefined],
      ['not-fresh', authMs !== undefined && !isFreshNow],
    ];
    return {
      state: 'answered',
      provider,
      issuer,
      claims: shown.slice(0, maxClaims),
      moreClaims: Math.max(0, shown.length - maxClaims),
      person: {
        subject,
        name,
        ...(email === undefined ? {} : { email }),
        ...(known === undefined ? {} : { id: known.id }),
      },
      groups: [...groups],
      ignoredGroups: identity.groups.filter((group) => !groups.includes(group)),
      ...(directory === undefined ? {} : { directory: directory.state }),
      ...(authMs === undefined ? {} : { signedIn: new Date(authMs).toISOString() }),
      methods: [...amr],
      ...(acr === undefined ? {} : { contextClass: acr }),
      ...(refused === undefined ? {} : { refused }),
      notes: notes.filter(([, holds]) => holds).map(([note]) => note),
    };
  }
}

function failed({ definition }: Provider, error: SignInError): SignInTrial {
  const reason = error === 'provider-refused' || error === 'provider-unreachable' ? error : 'provider-answer';
  return { state: 'failed', provider: definition.name, reason };
}

function shownClaims(claims: Claims, from: 'id-token' | 'userinfo'): AnsweredTrial['claims'] {
  return Object.entries(claims)
    .filter(([name]) => !binding.has(name))
    .map(([name, value]) => {
      const text = JSON.stringify(value) ?? '';
      const isCut = text.length > maxValue;
      return {
        name: name.slice(0, 256),
        value: text.slice(0, maxValue),
        ...(isCut ? { cut: true as const } : {}),
        from,
      };
    });
}

/** Another session asks under another key. */
function keyOf(id: string, session: string): string {
  return createHash('sha256')
    .update(JSON.stringify([id, session]))
    .digest('base64url');
}
