/** The mail that invites somebody to administer. Its link is made when it is sent, so that the queue holds no secret. */
import type { Email } from '../../protocol/email-address.ts';
import type { Id } from '../../protocol/ids.ts';
import { newInvitationLink } from '../administrators/invitations.ts';
import type { ControllerContext } from '../context.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { Mail } from './mailer.ts';

/** What the queue keeps. */
export interface QueuedInvitation {
  readonly invitation: Id<'inv'>;
}

/** Where the link leads. It is worth nothing but in the session of the person it names. */
export function invitationPage(publicUrl: URL, token: string): string {
  const url = new URL('/invitation', publicUrl);
  url.searchParams.set('link', token);
  return url.href;
}

/** Undefined when it was taken, taken back, or has run out. */
export async function invitationMail(
  { random, now, organisations }: Pick<ControllerContext, 'organisations' | 'random' | 'now'>,
  store: ScopedStore,
  organisation: string,
  to: Email,
  { invitation: id }: QueuedInvitation,
): Promise<Omit<Mail, 'to'> | undefined> {
  const publicUrl = organisations.addressOf(store.organisation);
  const made = await newInvitationLink(store, id, { nowMs: now(), random });
  if (made === undefined) return undefined;
  const { role, expires_ms: expiresMs } = made.invitation;
  const until = new Date(expiresMs).toISOString();
  return {
    subject: `You are invited to administer ${organisation}`,
    text: `You are invited to look after the access of ${organisation}, with the role ${role}.

Take it on this page, once you have signed in as ${to}:
  ${invitationPage(publicUrl, made.token)}

It is good once, until ${until.slice(0, 10)} at ${until.slice(11, 16)} UTC. Opening it changes nothing.

-- \n${organisation} at ${publicUrl.origin}, to ${to}.
`,
  };
}
