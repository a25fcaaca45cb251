/**
 * Sign-ins that are begun for the sake of a resource: what the provider is asked for, and whether its answer is enough.
 * Nothing is told of resources that the person may not know of.
 */
import type { FastifyRequest } from 'fastify';
import type { DeviceId, Id } from '../../protocol/ids.ts';
import type { SignInError } from '../../protocol/portal.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { Visitor } from '../decisions/entitlements.ts';
import { seatOf, subjectOf, type Seat } from '../decisions/seat.ts';
import { openBrowserSession } from './browser-sessions.ts';
import type { Cookies } from './cookies.ts';
import type { Identity } from './identity-claims.ts';
import type { PendingSignIn } from './pending-sign-ins.ts';
import { signInFacts, type SignInFacts } from './sign-in-facts.ts';
import { knownResource, stepUpFor, type StepUp } from './step-up.ts';

type Wanted = NonNullable<PendingSignIn['stepUp']>;

export class StepUps {
  readonly #context: ControllerContext;
  readonly #cookies: Cookies;

  constructor(context: ControllerContext, cookies: Cookies) {
    this.#context = context;
    this.#cookies = cookies;
  }

  /** What to ask the provider for; undefined when this browser is signed in as nobody, or nothing has to be mended. */
  async wanted(
    organisation: Organisation,
    request: FastifyRequest,
    wanted: Wanted,
  ): Promise<StepUp | undefined> {
    const session = await openBrowserSession(this.#context, this.#cookies, request);
    if (session === undefined || session.organisation !== organisation.id) return undefined;
    return this.ask(organisation, wanted, session.subject as Id<'usr'>, signInFacts(session));
  }

  /** Why the answer of a provider is not enough for the resource; undefined when it is. */
  async objection(
    organisation: Organisation,
    wanted: Wanted,
    issuer: string,
    { subject, authMs, amr, acr }: Identity,
  ): Promise<SignInError | undefined> {
    const { store } = organisation;
    const person = await store
      .select('people')
      .select('id')
      .where('issuer', '=', issuer)
      .where('subject', '=', subject)
      .executeTakeFirst();
    if (person === undefined) return undefined;
    const nowMs = this.#context.now();
    const rest = await this.ask(organisation, wanted, person.id, {
      startedMs: nowMs,
      amr,
      ...(authMs === undefined ? {} : { authMs: Math.min(authMs, nowMs) }),
      ...(acr === undefined ? {} : { acr }),
    });
    if (rest === undefined) return undefined;
    const { maxAgeS } = rest;
    const tooOld = maxAgeS !== undefined && (authMs === undefined || authMs + maxAgeS * 1_000 <= nowMs);
    return tooOld ? 'not-fresh' : 'not-enough';
  }

  /** What is missing for the resource when this person has signed in like that, from that device where they name one. */
  async ask(
    organisation: Organisation,
    { resource: name, device, door }: Wanted,
    person: Id<'usr'>,
    session: SignInFacts,
  ): Promise<StepUp | undefined> {
    const { store, reader } = organisation;
    const nowMs = this.#context.now();
    const state = await reader.current();
    const subject = await subjectOf(store, state, person);
    if (subject === undefined) return undefined;
    const seat = device === undefined ? undefined : await seatOf(store, state, device as DeviceId);
    const own = seat?.subject.id === person ? seat : undefined;
    const who: Seat | Visitor =
      own === undefined
        ? { subject, session, addresses: session.address === undefined ? [] : [session.address] }
        : { ...own, session: { id: own.session.id, untilMs: own.session.untilMs, ...session } };
    const resource = knownResource(state, who, name, nowMs, door);
    return resource === undefined ? undefined : stepUpFor(state, who, resource, nowMs, door);
  }
}
