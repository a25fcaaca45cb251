/** Puts what happened to a request where webhooks and people are told from, in the transaction in which it happened. */
import type { Id } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { shownRequest } from '../requests/shown.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { ruleNamed } from '../requests/rules.ts';
import { queueNotifications } from './queue.ts';
import { recipientsOf } from './request-recipients.ts';
import type { QueuedMail } from './tell-by-mail.ts';

export type RequestEvent =
  | 'request.asked'
  | 'request.approved'
  | 'request.denied'
  | 'request.withdrawn'
  | 'request.expired'
  | 'request.break-glass';

/** Every webhook is told of every event; by mail, approvers of what waits for them and whoever asked of what became of it. */
export async function tellOfRequest(
  context: ControllerContext,
  tx: ScopedStore,
  state: OrganisationState,
  event: RequestEvent,
  id: Id<'req'>,
): Promise<void> {
  const { webhooks = [] } = state.document;
  if (webhooks.length === 0 && context.mailer === undefined) return;
  const request = await shownRequest(tx, state, id);
  if (request === undefined) return;
  const addresses =
    context.mailer === undefined
      ? []
      : await recipientsOf(tx, ruleNamed(state, request.rule), event, request);
  const mail: QueuedMail = { request: id };
  const body = {
    event,
    organisation: state.document.organisation,
    at: new Date(context.now()).toISOString(),
    url: new URL(`/requests?id=${id}`, context.organisations.addressOf(tx.organisation)).href,
    request,
  };
  await queueNotifications(context, tx, [
    ...webhooks.map(({ name, decides }) => ({
      target: `webhook ${name}`,
      event,
      body: decides === true ? { ...body, answerUrl: answerUrl(context, tx, name) } : body,
    })),
    ...addresses.map((address) => ({ target: `mail ${address}`, event, body: mail })),
  ]);
}

/** Where that webhook may send an answer. */
function answerUrl({ publicUrl }: ControllerContext, { organisation }: ScopedStore, name: string): string {
  return new URL(`/api/v1/webhooks/${organisation}/${name}/answers`, publicUrl).href;
}
