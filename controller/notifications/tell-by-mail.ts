/** Sends one waiting mail, and keeps how sending went last. What is over by then is not told. */
import { parseEmail, type Email } from '../../protocol/email-address.ts';
import type { Id } from '../../protocol/ids.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { shownRequest } from '../requests/shown.ts';
import type { NotificationsTable } from '../store/tables/requests.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { invitationMail, type QueuedInvitation } from './invitation-mail.ts';
import { MailFault } from './mailer.ts';
import { makeRequestLink } from './request-links.ts';
import { requestMail } from './request-mails.ts';
import type { RequestEvent } from './tell-of-request.ts';
import type { Told } from './tell-webhook.ts';

/** What the queue keeps of a mail; its text is made when it is sent. */
export interface QueuedMail {
  readonly request: Id<'req'>;
}

export async function tellByMail(
  context: ControllerContext,
  { store, reader }: Organisation,
  address: string,
  { event, body }: NotificationsTable,
  signal: AbortSignal,
): Promise<Told> {
  const { mailer, random, organisations } = context;
  const publicUrl = organisations.addressOf(store.organisation);
  const to = parseEmail(address);
  if (to === undefined) return { ok: false, fault: 'It is no address that mail is sent to.', final: true };
  if (mailer === undefined) return { ok: false, fault: 'No SMTP server is named (--smtp).' };
  const state = await reader.current();
  const { organisation } = state.document;
  if (event === 'administrator.invited') {
    const invited = await invitationMail(
      context,
      store,
      organisation,
      to,
      JSON.parse(body) as QueuedInvitation,
    );
    return invited === undefined ? { ok: true } : unlessAborted(mailer.deliver({ to, ...invited }), signal);
  }
  const request = await shownRequest(store, state, (JSON.parse(body) as QueuedMail).request);
  const isAsked = event === 'request.asked';
  if (request === undefined || (isAsked && request.state !== 'pending')) return { ok: true };
  const link = isAsked ? await linkFor(request.id as Id<'req'>, to, Date.parse(request.answerBy)) : undefined;
  const mail = requestMail(event as RequestEvent, request, { organisation, publicUrl, to, link });
  return unlessAborted(mailer.deliver({ to, ...mail }), signal);

  function linkFor(id: Id<'req'>, email: Email, expiresMs: number): Promise<string> {
    const link = { request: id, email, expiresMs };
    return makeRequestLink(store, link, { random, nowMs: context.now() });
  }
}

/** What the server is slow with, a controller that shuts down does not wait for. */
async function unlessAborted(delivery: Promise<void>, signal: AbortSignal): Promise<Told> {
  const { promise: ended, resolve: end } = Promise.withResolvers<Told>();
  const onAbort = (): void => end({ ok: false, fault: 'The controller is shutting down.' });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([sent(delivery), ended]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function sent(delivery: Promise<void>): Promise<Told> {
  try {
    await delivery;
    return { ok: true };
  } catch (error) {
    if (!(error instanceof MailFault)) throw error;
    return { ok: false, fault: error.message, ...(error.isFinal ? { final: true } : {}) };
  }
}

/** Keeps how it went; `fault` null: the server took the mail. */
export async function mailState(store: ScopedStore, fault: string | null, nowMs: number): Promise<void> {
  const changed = fault === null ? { sent_ms: nowMs, fault } : { fault };
  await store
    .insert('mail_states', { sent_ms: null, ...changed })
    .onConflict((conflict) => conflict.column('organisation').doUpdateSet(changed))
    .execute();
}
