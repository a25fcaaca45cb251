/**
 * A person lets a waiting device in, or not: by the code they typed, with a fresh sign-in, or by the
 * secret of the link that their own machine opened. Each answer brings the code or secret again; nothing is remembered
 * in between.
 */
import type { FastifyRequest } from 'fastify';
import { LoginAnswer, LoginEntry, LoginLookUp } from '../../protocol/portal.ts';
import type { TypedApp } from '../api/typed-app.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext } from '../context.ts';
import type { SignIn } from '../enrolment/let-in.ts';
import type { LoginAttempts, PendingAttempt } from '../enrolment/login-attempts.ts';
import { unprovenZones } from '../organisation/owned-names.ts';
import { approvalRule } from '../organisation/settings.ts';
import { instant, portalCaller, type PortalCaller } from './portal-caller.ts';
import { isFresh } from './freshness.ts';
import { plainAddress } from '../../protocol/source-address.ts';
import { sameNetwork } from './same-network.ts';
import { signInFacts } from './sign-in-facts.ts';
import { type StepUps } from './step-ups.ts';

type Refusal = Extract<LoginLookUp, { state: 'wrong' | 'locked' | 'stale' | 'gone' | 'step-up' }>;
type Entered = { readonly state: 'found'; readonly attempt: PendingAttempt } | Refusal;

const config = { access: ['person'] } as const;

export function deviceLoginRoutes(
  app: TypedApp,
  context: ControllerContext,
  attempts: LoginAttempts,
  stepUps: StepUps,
): void {
  const logins = new DeviceLogins(context, attempts, stepUps);
  app.post(
    '/api/v1/me/logins/look-up',
    {
      config,
      schema: { summary: 'The device that waits', body: LoginEntry, response: { 200: LoginLookUp } },
    },
    async (request): Promise<LoginLookUp> => {
      const { entered, caller, browser } = await logins.enter(request, request.body);
      if (entered.state !== 'found') return entered;
      const { kind, device, expiresMs } = entered.attempt;
      const shares = sameNetwork(browser, device.address);
      const { document, zones } = await caller.organisation.reader.current();
      return {
        state: 'found',
        device: { name: device.name, os: device.os, address: plainAddress(device.address) },
        browserAddress: browser,
        sharesAddress: shares,
        needsApproval: waitsForApproval(approvalRule(document), kind === 'code' && !shares),
        unprovenZones: unprovenZones(zones),
        expires: instant(expiresMs),
      };
    },
  );
  app.post(
    '/api/v1/me/logins/approve',
    {
      config,
      schema: { summary: 'Lets the waiting device in', body: LoginEntry, response: { 200: LoginAnswer } },
    },
    async (request): Promise<LoginAnswer> => {
      const { entered, caller, browser } = await logins.enter(request, request.body);
      return entered.state === 'found' ? logins.approve(entered.attempt, caller, browser) : entered;
    },
  );
  app.post(
    '/api/v1/me/logins/refuse',
    {
      config,
      schema: { summary: 'Turns the waiting device away', body: LoginEntry, response: { 200: LoginAnswer } },
    },
    async (request): Promise<LoginAnswer> => {
      // Turning a device away needs no stronger sign-in, whatever it asks for.
      const { entered, caller, browser } = await logins.enter(request, request.body, 'as it is');
      return entered.state === 'found' ? logins.refuse(entered.attempt, caller, browser) : entered;
    },
  );
}

class DeviceLogins {
  readonly #context: ControllerContext;
  readonly #attempts: LoginAttempts;
  readonly #stepUps: StepUps;

  constructor(context: ControllerContext, attempts: LoginAttempts, stepUps: StepUps) {
    this.#context = context;
    this.#attempts = attempts;
    this.#stepUps = stepUps;
  }

  /** Who asks, from where, and the attempt their code or secret leads to, where their sign-in is enough for it. */
  async enter(
    request: FastifyRequest,
    entry: LoginEntry,
    signIn: 'enough' | 'as it is' = 'enough',
  ): Promise<{ entered: Entered; caller: PortalCaller; browser: string }> {
    const caller = await portalCaller(this.#context, request);
    const browser = request.callerAddress;
    const entered =
      'code' in entry
        ? await this.#byCode(caller, entry.code, browser)
        : await this.#bySecret(caller, entry.secret);
    if (entered.state !== 'found' || signIn === 'as it is') return { entered, caller, browser };
    const missing = await this.#missing(entered.attempt, caller);
    return { entered: missing ?? entered, caller, browser };
  }

  async approve(attempt: PendingAttempt, caller: PortalCaller, browser: string): Promise<LoginAnswer> {
    const signIn = signInOf(caller, browser);
    if (attempt.kind === 'loopback') {
      const authorised = await this.#attempts.authorise(attempt, signIn);
      if (authorised === undefined) return { state: 'gone' };
      const query = new URLSearchParams({ code: authorised.code, state: attempt.id });
      return { state: 'redirect', url: `http://127.0.0.1:${authorised.port}/?${query.toString()}` };
    }
    const elsewhere = !sameNetwork(browser, attempt.device.address);
    const result = await this.#attempts.approve(attempt, signIn, { held: elsewhere });
    return result.state === 'joined'
      ? { state: 'joined', needsApproval: result.held }
      : { state: result.state };
  }

  async refuse(
    attempt: PendingAttempt,
    { organisation, person }: PortalCaller,
    browser: string,
  ): Promise<LoginAnswer> {
    await this.#attempts.refuse(attempt);
    const { name, os, address } = attempt.device;
    await appendAudit(organisation.store, [
      {
        atMs: this.#context.now(),
        who: person.id,
        what: 'device.enrol',
        result: 'refused',
        reasons: ['refused-by-person'],
        detail: { name, os, address, browser },
      },
    ]);
    return { state: 'refused' };
  }

  /** What the sign-in of this browser lacks for the resource that the device asks for; undefined when nothing. */
  async #missing(
    { device: { mk, for: resource } }: PendingAttempt,
    { organisation, person, session }: PortalCaller,
  ): Promise<Refusal | undefined> {
    if (resource === undefined) return undefined;
    const node = await organisation.store
      .select('nodes')
      .select('id')
      .where('kind', '=', 'device')
      .where('mk', '=', mk)
      .where('owner', '=', person.id)
      .executeTakeFirst();
    const wanted = { resource, device: node?.id };
    const ask = await this.#stepUps.ask(organisation, wanted, person.id, signInFacts(session));
    return ask === undefined ? undefined : { state: 'step-up', resource, device: node?.id ?? '' };
  }

  async #byCode(
    { organisation, person, session }: PortalCaller,
    code: string,
    address: string,
  ): Promise<Entered> {
    if (!isFresh(session.auth_ms, this.#context.now())) return { state: 'stale' };
    const entry = await this.#attempts.enterCode(organisation.id, code, { person: person.id, address });
    if (entry.state === 'found') return entry;
    if (entry.state === 'locked') return { state: 'locked', until: instant(entry.untilMs) };
    if (entry.triesLeft === 0) {
      await appendAudit(organisation.store, [
        {
          atMs: this.#context.now(),
          who: person.id,
          what: 'device.code',
          result: 'refused',
          reasons: ['locked'],
          detail: { address },
        },
      ]);
    }
    return entry;
  }

  async #bySecret({ organisation }: PortalCaller, secret: string): Promise<Entered> {
    const attempt = await this.#attempts.findLoopback(secret);
    return attempt?.organisation === organisation.id ? { state: 'found', attempt } : { state: 'gone' };
  }
}

function waitsForApproval(rule: ReturnType<typeof approvalRule>, elsewhere: boolean): boolean {
  return rule === 'required' || (rule === 'elsewhere' && elsewhere);
}

function signInOf({ person, session }: PortalCaller, address: string): SignIn {
  return {
    person: person.id,
    authMs: session.auth_ms ?? undefined,
    amr: JSON.parse(session.amr) as string[],
    acr: session.acr ?? undefined,
    provider: session.provider ?? undefined,
    providerSession: session.provider_session ?? undefined,
    session: session.id,
    address,
  };
}
