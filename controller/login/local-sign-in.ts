/**
 * The session of an owner who signs in at the controller itself, and how often anybody may try. Everything that is wrong
 * looks the same; it counts against its source, and against the account where one was named.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { localIssuer } from '../administrators/local-accounts.ts';
import { Busy } from '../administrators/passwords.ts';
import { isOwnPage } from '../api/access.ts';
import { ProblemError } from '../api/problems.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { suspendedText } from '../operator/suspended-text.ts';
import type { Throttle } from '../throttle.ts';
import { endEarlierSession } from './browser-sessions.ts';
import type { Cookies } from './cookies.ts';
import { PersonDisabled, recordSignIn } from './record-sign-in.ts';

/** As sessions name it where others name their provider; no provider can be called so. */
const providerName = 'local account';
const windowMs = 15 * 60_000;

/** How somebody proved who they are (RFC 8176). */
export type Proof = 'passkey' | 'password' | 'recovery code';
const methods: Readonly<Record<Proof, readonly string[]>> = {
  passkey: ['hwk', 'user', 'mfa'],
  password: ['pwd', 'otp', 'mfa'],
  'recovery code': ['otp'],
};

export class LocalSignIn {
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;
  readonly #sources: Throttle;
  readonly #accounts: Throttle;

  constructor(context: ControllerContext, cookies: Cookies) {
    this.#context = context;
    this.#cookies = cookies;
    this.#sources = context.live.throttle('local sign-in sources', { limit: 60, windowMs });
    this.#accounts = context.live.throttle('local accounts', { limit: 10, windowMs });
  }

  /**
   * Every try counts until one succeeds. Throws `invalid-request` for a page of another site, `not-allowed` where the organisation is
   * suspended, `too-many` beyond the bounds.
   */
  begin(request: FastifyRequest, account?: string): void {
    const { id } = organisationAt(this.#context, request);
    if (!isOwnPage(request, this.#context.organisations.addressOf(id).origin))
      throw new ProblemError('invalid-request', 'The request comes from another site.');
    if (this.#context.organisations.get(id)?.isSuspended === true)
      throw new ProblemError('not-allowed', suspendedText);
    const source = sourceOfAddress(request.callerAddress);
    for (const [throttle, key] of [
      [this.#sources, source],
      [this.#accounts, account === undefined ? undefined : accountKey(id, account)],
    ] as const) {
      if (key === undefined) continue;
      const untilMs = throttle.lockedUntilMs(key);
      if (untilMs !== undefined) throw ProblemError.tooMany(untilMs - this.#context.now());
      throttle.fail(key);
    }
  }

  /** Says nothing of what was wrong, and writes it down. */
  async refuse(request: FastifyRequest, proof: Proof, account?: string): Promise<never> {
    await appendAudit(organisationAt(this.#context, request).store, [
      {
        atMs: this.#context.now(),
        who: 'nobody',
        what: 'sign-in',
        result: 'failed',
        reasons: ['local'],
        detail: { by: proof, account, address: request.callerAddress },
      },
    ]);
    throw new ProblemError('not-authenticated', 'That is not right. Check each part, and try again.');
  }

  /** A new session under a new cookie. */
  async signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    person: Id<'usr'>,
    { proof, account }: { readonly proof: Proof; readonly account?: string },
  ): Promise<void> {
    const organisation = organisationAt(this.#context, request);
    const row = await organisation.store
      .select('people')
      .select(['name', 'subject'])
      .where('id', '=', person)
      .executeTakeFirstOrThrow();
    const address = request.callerAddress;
    const signedIn = await recordSignIn(this.#context, organisation, {
      issuer: localIssuer,
      provider: providerName,
      identity: {
        subject: row.subject,
        name: row.name,
        // What they call their address is proven by nobody.
        email: undefined,
        groups: [],
        authMs: this.#context.now(),
        amr: [...methods[proof]],
      },
      address,
    }).catch((error: unknown) => {
      if (error instanceof PersonDisabled) return undefined;
      throw error;
    });
    if (signedIn === undefined) return this.refuse(request, proof, account);
    this.#sources.succeed(sourceOfAddress(address));
    if (account !== undefined) this.#accounts.succeed(accountKey(organisation.id, account));
    await endEarlierSession(this.#context, this.#cookies, request, signedIn);
    this.#cookies.set(reply, 'session', signedIn.cookie, signedIn.lifeS);
  }
}

/** Two organisations may each have an owner of this address. */
function accountKey(organisation: OrganisationId, account: string): string {
  return JSON.stringify([organisation, account.toLowerCase()]);
}

/** What a password costs is bounded; beyond that, come again. */
export async function unlessBusy<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof Busy ? ProblemError.tooMany(1_000) : error;
  });
}
