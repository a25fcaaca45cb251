/** The session behind a browser's cookie: found for every request to the portal, ended at sign-out (SEC-G6). */
import type { FastifyRequest } from 'fastify';
import { fromBase64Url } from '../../protocol/encoding.ts';
import type { Id } from '../../protocol/ids.ts';
import { hashOfSecret } from '../../protocol/secrets.ts';
import { roleIn } from '../administrators/administrators.ts';
import type { Authenticate } from '../api/access.ts';
import type { ControllerContext } from '../context.ts';
import { organisationAt } from '../operator/organisation-at.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import type { SessionsTable } from '../store/tables/people.ts';
import { moveWebSessions } from '../web/move-web-sessions.ts';
import { moveWebCodes } from '../web/web-codes.ts';
import type { Cookies } from './cookies.ts';

/** Tells who calls by the browser's cookie. */
export function browserAuthenticator(context: ControllerContext, cookies: Cookies): Authenticate {
  return async (request) => {
    const cookie = cookies.read(request, 'session');
    if (cookie === undefined) return undefined;
    const session = await findBrowserSession(context, cookie);
    if (session === undefined) return { kind: 'nobody' };
    const { organisation, id, subject, auth_ms } = session;
    // A cookie is good at the address that gave it; browsers send it nowhere else.
    if (organisation !== organisationAt(context, request).id) return { kind: 'nobody' };
    const role = await roleIn(context.organisation(organisation).store, session);
    return { kind: 'person', organisation, session: id, person: subject as Id<'usr'>, role, authMs: auth_ms };
  };
}

/** The open session of this cookie value; undefined when there is none or it is over. */
async function findBrowserSession(
  context: ControllerContext,
  cookie: string,
): Promise<SessionsTable | undefined> {
  const secret = fromBase64Url(cookie);
  if (secret === undefined) return undefined;
  const row = await context.store.browserSession(hashOfSecret(secret));
  return row === undefined || row.ended_ms !== null || row.until_ms <= context.now() ? undefined : row;
}

/** The open session of the browser that asks; undefined when it has none. For routes that are open to everyone. */
export async function openBrowserSession(
  context: ControllerContext,
  cookies: Cookies,
  request: FastifyRequest,
): Promise<SessionsTable | undefined> {
  const cookie = cookies.read(request, 'session');
  return cookie === undefined ? undefined : findBrowserSession(context, cookie);
}

/** Ends the session that this browser had before it signed in anew, as `next`; the same person's applications stay open. */
export async function endEarlierSession(
  context: ControllerContext,
  cookies: Cookies,
  request: FastifyRequest,
  next: { readonly session: Id<'ses'>; readonly person: Id<'usr'> },
): Promise<void> {
  const session = await openBrowserSession(context, cookies, request);
  if (session === undefined) return;
  await replaceSession(context, session, next);
}

/** Ends `session`; where it is the same person's as `next`, what it has open and codes under way count for that one. */
export async function replaceSession(
  context: ControllerContext,
  { organisation, id, subject }: Pick<SessionsTable, 'organisation' | 'id' | 'subject'>,
  next: { readonly session: Id<'ses'>; readonly person: Id<'usr'> },
): Promise<void> {
  const isSame = subject === next.person;
  if (isSame) await moveWebSessions(context, context.organisation(organisation), id, next.session);
  // Whoever makes or redeems a code meanwhile finds its session open.
  await endSessions(context, organisation, [id], { reason: 'replaced', who: subject }, async (tx) => {
    if (isSame) await moveWebCodes(tx, id, next.session);
  });
}
