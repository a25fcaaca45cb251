/**
 * Who calls and who may: every route declares it (`config.access`), a route without the declaration stops the start, and
 * one hook at the root checks it before anything else runs (SECURITY SEC-A10, SEC-C3).
 */
import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Action } from '../../protocol/roles.ts';
import { roleIn } from '../administrators/administrators.ts';
import { scopesOf } from '../api-tokens.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { suspendedText } from '../operator/suspended-text.ts';
import { sourceAuthenticator } from '../posture/authenticate-source.ts';
import { directoryAuthenticator } from '../scim/authenticate-directory.ts';
import { underGuard } from '../store/change-guard.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { admission, has, type Access, type Caller, type KnownCaller } from './callers.ts';
import { ProblemError } from './problems.ts';
import { installRequestLimits, type RequestLimits } from './request-limits.ts';
import { bothOf, carriedChange, refuseUnlessFree, requireSame } from './carried-change.ts';
import { tokenAuthenticator } from './token-authenticator.ts';

/** Finds out who calls from one kind of credential; undefined when the request carries none of that kind. */
export type Authenticate = (request: FastifyRequest) => Promise<Caller | undefined>;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyInstance {
    /** Every route with who may call it, for the tests that walk them all. */
    declaredRoutes: DeclaredRoute[];
  }
}

export interface DeclaredRoute {
  readonly method: HTTPMethods;
  readonly url: string;
  readonly access: Access;
  /** What it does, in words; empty where nothing says so. */
  readonly summary: string;
}

const nobody: Caller = { kind: 'nobody' };
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Installs the declaration check and the hook that enforces it. Before any route is added. */
export function installAccess(
  app: FastifyInstance,
  context: ControllerContext,
  authenticators: readonly Authenticate[],
): void {
  const bySource = sourceAuthenticator(context);
  const byDirectory = directoryAuthenticator(context);
  const others = [tokenAuthenticator(context), ...authenticators];
  const limits = installRequestLimits(app, context);
  app.decorate('declaredRoutes', []);
  app.decorateRequest('caller');
  app.addHook('onRoute', ({ url, method, config, schema }) => {
    const access = config?.access;
    if (access === undefined)
      throw new Error(`the route ${String(method)} ${url} does not declare who may call it`);
    const { summary = '' } = (schema ?? {}) as { readonly summary?: string };
    for (const each of [method].flat()) app.declaredRoutes.push({ method: each, url, access, summary });
  });
  app.addHook('onRequest', async (request) => {
    request.caller = nobody;
    if (request.is404) return;
    const { access, unbounded = false } = request.routeOptions.config;
    const carried = carriedChange();
    if (carried !== undefined) {
      // Asked by ourselves; what both may do is looked at in the transaction that does it.
      const { store } = context.organisation(carried.approver.organisation);
      request.caller = await bothOf(store, carried, context.now());
      return authorise(request, access === 'public' ? [] : (access ?? []), context, 'ourselves');
    }
    if (access === 'public') {
      if (!unbounded) await limits.take(organisationAt(context, request).id, 'stranger');
      return;
    }
    request.caller = await identify(request, [
      ...(access?.includes('source') === true ? [bySource] : []),
      ...(access?.includes('directory') === true ? [byDirectory] : []),
      ...others,
    ]);
    refuseSuspended(request.caller, context);
    await takeOne(limits, request, context);
    authorise(request, access ?? [], context);
  });
  // Reading the body takes as long as its sender likes, and the store has other writers.
  app.addHook('preHandler', (request, _reply, done) => {
    const { caller } = request;
    const access = request.routeOptions.config.access ?? [];
    if (access === 'public' || caller.kind === 'nobody' || safeMethods.has(request.method)) return done();
    return underGuard(async (tx) => {
      if (caller.organisation !== tx.organisation) return;
      const carried = carriedChange();
      if (carried !== undefined) {
        const approver = await callerNow(tx, carried.approver, context.now());
        if (approver?.kind !== 'person') throw new ProblemError('not-allowed');
        admit(approver, access, context.now());
        await requireSame(tx, carried.change);
        const both = await bothOf(tx, { ...carried, approver }, context.now());
        admit(both, access, context.now());
        request.caller = both;
        return;
      }
      await refuseUnlessFree(context, tx, request);
      const now = await callerNow(tx, caller, context.now());
      if (now === undefined) throw new ProblemError('not-authenticated');
      admit(now, access, context.now());
      // What the handler still asks of the caller's role is asked of the role of now.
      request.caller = now;
    }, done);
  });
}

/** The organisation of a caller that `access` let in. */
export function organisationOf(request: FastifyRequest): OrganisationId {
  if (request.caller.kind === 'nobody') throw new Error('a public route asked for its caller');
  return request.caller.organisation;
}

/** The caller's name in the audit log. */
export function whoOf(request: FastifyRequest): string {
  const { caller } = request;
  if (caller.kind === 'nobody') return 'nobody';
  if (caller.kind === 'source') return `posture source ${caller.source}`;
  if (caller.kind === 'directory') return `directory ${caller.directory}`;
  return caller.kind === 'token' ? `token ${caller.id}` : caller.person;
}

/** For a route of several actions: throws `not-allowed` when the one that this request takes is not the caller's. */
export function requireAction({ caller }: FastifyRequest, action: Action, sentence?: string): void {
  if (!has(caller, action)) throw new ProblemError('not-allowed', sentence);
}

/** Of a suspended organisation nobody may do anything, whoever they are. */
function refuseSuspended(caller: Caller, { organisations }: ControllerContext): void {
  if (caller.kind !== 'nobody' && organisations.get(caller.organisation)?.isSuspended === true)
    throw new ProblemError('not-allowed', suspendedText);
}

function takeOne(limits: RequestLimits, request: FastifyRequest, context: ControllerContext): Promise<void> {
  const { caller } = request;
  if (caller.kind === 'nobody') return limits.take(organisationAt(context, request).id, 'stranger');
  return limits.take(caller.organisation, 'known');
}

async function identify(request: FastifyRequest, authenticators: readonly Authenticate[]): Promise<Caller> {
  for (const authenticate of authenticators) {
    const caller = await authenticate(request);
    if (caller !== undefined) return caller;
  }
  return nobody;
}

function authorise(
  request: FastifyRequest,
  access: Exclude<Access, 'public'>,
  { organisations, now }: ControllerContext,
  by: 'somebody' | 'ourselves' = 'somebody',
): void {
  const { caller } = request;
  if (caller.kind === 'nobody') throw new ProblemError('not-authenticated');
  // A browser sends its cookie for strangers' pages too; only our own pages may change something (SEC-J2).
  if (by === 'somebody' && caller.kind === 'person' && !safeMethods.has(request.method)) {
    const { origin } = organisations.addressOf(caller.organisation);
    if (!isOwnPage(request, origin))
      throw new ProblemError('not-allowed', 'The request comes from another site.');
  }
  admit(caller, access, now());
}

/** Throws `not-allowed`, or `not-fresh` where signing in again would help. */
export function admit(caller: KnownCaller, access: Exclude<Access, 'public'>, nowMs: number): void {
  const admitted = admission(caller, access, nowMs);
  if (admitted === 'not-fresh') throw new ProblemError('not-fresh');
  if (admitted === 'no') throw new ProblemError('not-allowed');
}

/** Inside the transaction that changes something: the caller with the role it has now; undefined when it may not call. */
async function callerNow(
  tx: ScopedStore,
  caller: KnownCaller,
  nowMs: number,
): Promise<KnownCaller | undefined> {
  if (caller.kind === 'token') {
    const token = await tx
      .select('api_tokens')
      .select(['role', 'scopes', 'expires_ms'])
      .where('id', '=', caller.id)
      .executeTakeFirst();
    if (token === undefined || (token.expires_ms !== null && token.expires_ms <= nowMs)) return undefined;
    return { ...caller, role: token.role, scopes: scopesOf(token) };
  }
  if (caller.kind === 'source') {
    const source = await tx
      .select('posture_sources')
      .select('name')
      .where('name', '=', caller.source)
      .executeTakeFirst();
    return source === undefined ? undefined : caller;
  }
  if (caller.kind === 'directory') {
    const token = await tx
      .select('directory_tokens')
      .select('expires_ms')
      .where('id', '=', caller.id)
      .executeTakeFirst();
    const isGood = token !== undefined && (token.expires_ms === null || token.expires_ms > nowMs);
    return isGood ? caller : undefined;
  }
  const session = await tx
    .select('sessions')
    .select(['subject', 'started_ms'])
    .where('id', '=', caller.session)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .executeTakeFirst();
  return session === undefined ? undefined : { ...caller, role: await roleIn(tx, session) };
}

/** Whether a browser sends this from one of the pages at `origin`. */
export function isOwnPage({ headers }: FastifyRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === origin && (site === undefined || site === 'same-origin');
}
