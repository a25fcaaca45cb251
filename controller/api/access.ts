/**
 * Who calls and who may: every route declares it (`config.access`), a route without the declaration stops the start, and
 * one hook at the root checks it before anything else runs (SECURITY SEC-A10, SEC-C3).
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify';
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { decodeApiToken, hashOfSecret } from '../../protocol/secrets.ts';
import { noteTokenUse } from '../api-tokens.ts';
import type { ControllerContext } from '../context.ts';
import { Guesses } from '../guesses.ts';
import { sourceAuthenticator } from '../posture/authenticate-source.ts';
import { underGuard } from '../store/change-guard.ts';
import type { ApiRole } from '../store/schema.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { ProblemError } from './problems.ts';

export type Caller =
  | { readonly kind: 'nobody' }
  | {
      readonly kind: 'token';
      readonly organisation: OrganisationId;
      readonly id: Id<'tok'>;
      readonly role: ApiRole;
    }
  /** Somebody who says which devices are compliant, by the secret of its webhook. */
  | { readonly kind: 'source'; readonly organisation: OrganisationId; readonly source: string }
  /** A person signed in with a browser at the controller's own pages. */
  | {
      readonly kind: 'person';
      readonly organisation: OrganisationId;
      readonly session: Id<'ses'>;
      readonly person: Id<'usr'>;
    };

/**
 * Who may call a route: everyone, or tokens of these roles, signed-in persons, and the posture source that the path names.
 */
export type Access = 'public' | readonly (ApiRole | 'person' | 'source')[];

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
  const others = [tokenAuthenticator(context), ...authenticators];
  app.decorate('declaredRoutes', []);
  app.decorateRequest('caller');
  app.addHook('onRoute', ({ url, method, config }) => {
    const access = config?.access;
    if (access === undefined)
      throw new Error(`the route ${String(method)} ${url} does not declare who may call it`);
    for (const each of [method].flat()) app.declaredRoutes.push({ method: each, url, access });
  });
  app.addHook('onRequest', async (request) => {
    request.caller = nobody;
    if (request.is404) return;
    const access = request.routeOptions.config.access;
    if (access === 'public') return;
    request.caller = await identify(
      request,
      access?.includes('source') === true ? [bySource, ...others] : others,
    );
    authorise(request, access ?? [], context.publicUrl.origin);
  });
  // Reading the body takes as long as its sender likes, and the store has other writers.
  app.addHook('preHandler', (request, _reply, done) => {
    const { caller } = request;
    const access = request.routeOptions.config.access ?? [];
    if (access === 'public' || caller.kind === 'nobody' || safeMethods.has(request.method)) return done();
    return underGuard((tx) => requireStill(tx, caller, access, context.now()), done);
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
  return caller.kind === 'token' ? `token ${caller.id}` : caller.person;
}

async function identify(request: FastifyRequest, authenticators: readonly Authenticate[]): Promise<Caller> {
  for (const authenticate of authenticators) {
    const caller = await authenticate(request);
    if (caller !== undefined) return caller;
  }
  return nobody;
}

function authorise(request: FastifyRequest, access: Exclude<Access, 'public'>, origin: string): void {
  const { caller } = request;
  if (caller.kind === 'nobody') throw new ProblemError('not-authenticated');
  const is = caller.kind === 'token' ? caller.role : caller.kind;
  if (!access.includes(is)) throw new ProblemError('not-allowed');
  // A browser sends its cookie for strangers' pages too; only our own pages may change something (SEC-J2).
  if (caller.kind === 'person' && !safeMethods.has(request.method) && !isOwnPage(request, origin)) {
    throw new ProblemError('not-allowed', 'The request comes from another site.');
  }
}

/** Inside the transaction that changes something: the caller's token, source or session is there, with its role. */
async function requireStill(
  tx: ScopedStore,
  caller: Exclude<Caller, { kind: 'nobody' }>,
  access: Exclude<Access, 'public'>,
  nowMs: number,
): Promise<void> {
  if (caller.organisation !== tx.organisation) return;
  if (caller.kind === 'token') {
    const token = await tx
      .select('api_tokens')
      .select(['role', 'expires_ms'])
      .where('id', '=', caller.id)
      .executeTakeFirst();
    if (token === undefined || (token.expires_ms !== null && token.expires_ms <= nowMs))
      throw new ProblemError('not-authenticated');
    if (!access.includes(token.role)) throw new ProblemError('not-allowed');
    return;
  }
  if (caller.kind === 'source') {
    const source = await tx
      .select('posture_sources')
      .select('name')
      .where('name', '=', caller.source)
      .executeTakeFirst();
    if (source === undefined) throw new ProblemError('not-authenticated');
    return;
  }
  const session = await tx
    .select('sessions')
    .select('id')
    .where('id', '=', caller.session)
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .executeTakeFirst();
  if (session === undefined) throw new ProblemError('not-authenticated');
}

function isOwnPage({ headers }: FastifyRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === origin && (site === undefined || site === 'same-origin');
}

/** `Authorization: Bearer at_…`. A token that is malformed, unknown or expired is an error, not an anonymous caller. */
function tokenAuthenticator(context: ControllerContext): Authenticate {
  const guesses = new Guesses(context.live, 'api tokens', wrongTokens);
  const seen = new RecentTokens();
  return async ({ headers, ip }) => {
    if (headers.authorization === undefined) return undefined;
    const [scheme, text, ...rest] = headers.authorization.split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || text === undefined || rest.length > 0) return nobody;
    const token = decodeApiToken(text);
    const hash = token === undefined ? undefined : hashOfSecret(token.secret);
    const waitMs = guesses.waitMs(ip, context.now());
    if (waitMs !== undefined && !seen.has(hash)) throw ProblemError.tooMany(waitMs);
    const row = hash === undefined ? undefined : await context.store.apiToken(hash);
    if (row === undefined || (row.expires_ms !== null && row.expires_ms <= context.now())) {
      guesses.wrong(ip, hash ?? createHash('sha256').update(text).digest('base64url'));
      return nobody;
    }
    seen.add(row.hash);
    await noteTokenUse(context.organisation(row.organisation).store, row, context.now());
    return { kind: 'token', organisation: row.organisation, id: row.id, role: row.role };
  };
}

/** Different tokens that are no good, from one source. */
const wrongTokens = { limit: 30, windowMs: 10 * 60_000 };

/** Hashes of tokens that were good lately: those who use them are not held off for what others guess beside them. */
class RecentTokens {
  readonly #hashes = new Set<string>();

  add(hash: string): void {
    this.#hashes.delete(hash);
    this.#hashes.add(hash);
    const [oldest] = this.#hashes;
    if (this.#hashes.size > mostRecentTokens && oldest !== undefined) this.#hashes.delete(oldest);
  }

  has(hash: string | undefined): boolean {
    return hash !== undefined && this.#hashes.has(hash);
  }
}

const mostRecentTokens = 1_000;
