/** Tells one webhook something, signed: a POST of JSON that is not redirected anywhere. */
import type { ControllerContext, Organisation } from '../context.ts';
import { outgoingFault } from '../outgoing-fault.ts';
import { outgoingFetch } from '../outgoing-fetch.ts';
import type { NotificationsTable } from '../store/tables/requests.ts';
import { signWebhook } from './signature.ts';
import { webhookSecret, type StoredWebhook } from './webhook-secrets.ts';

/**
 * How one attempt went; `fault` is a sentence without addresses or secrets. `final`: trying again is of no use.
 */
export type Told =
  { readonly ok: true } | { readonly ok: false; readonly fault: string; readonly final?: true };

/** Tells one webhook now, once. */
export async function tellWebhook(
  context: ControllerContext,
  { store }: Organisation,
  { name, url, ca }: StoredWebhook,
  { id, event, body }: Pick<NotificationsTable, 'id' | 'event' | 'body'>,
  signal?: AbortSignal,
): Promise<Told> {
  const secret = await webhookSecret(store, context.secretKey, name);
  if (secret === undefined) return { ok: false, fault: 'It has no secret.' };
  try {
    const { status } = await outgoingFetch(context.mayReach, ca, { maxBytes: 65_536 })(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'postern-event': event,
        'postern-delivery': id,
        'postern-signature': signWebhook(secret, Math.floor(context.now() / 1_000), body),
      },
      body,
      ...(signal === undefined ? {} : { signal }),
    });
    if (status >= 200 && status < 300) return { ok: true };
    const elsewhere = status >= 300 && status < 400;
    return {
      ok: false,
      fault: elsewhere
        ? 'It redirects elsewhere, which is not followed.'
        : `It answered with status ${status}.`,
    };
  } catch (error) {
    return { ok: false, fault: outgoingFault(error, 'It cannot be told') };
  }
}
