/** Back to the sign-in page, with the reason as one of a few words: nothing of a request is repeated there (SEC-J1). */
import type { FastifyReply } from 'fastify';
import type { SignInError } from '../../protocol/portal.ts';

/** @param returnTo where the person wanted to go, as `returnPath` makes it */
export function backToSignIn(reply: FastifyReply, error: SignInError, returnTo: string): FastifyReply {
  const query = new URLSearchParams({ error, ...(returnTo === '/' ? {} : { rd: returnTo }) });
  return reply.redirect(`/login?${query.toString()}`, 302);
}
