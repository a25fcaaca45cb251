/** Who is told, by the target of a notification: how one attempt is made, and where it stands how that went. */
import type { ControllerContext, Organisation } from '../context.ts';
import type { StoredDocument } from '../organisation/organisation-state.ts';
import type { NotificationsTable } from '../store/tables/requests.ts';
import { mailState, tellByMail } from './tell-by-mail.ts';
import { tellWebhook, type Told } from './tell-webhook.ts';

/** What of the queue is told side by side; what is slow with one kind keeps no other waiting. */
export const channels = ['webhook', 'mail'] as const;
export type Channel = (typeof channels)[number];

export interface Teller {
  tell(row: NotificationsTable, signal: AbortSignal): Promise<Told>;
  /** Writes down how the last attempt went; `fault` null: well. */
  note(fault: string | null): Promise<void>;
}

/** How many of a channel's targets are told at once. */
export const lanes: Readonly<Record<Channel, number>> = { webhook: 64, mail: 2 };

/** Undefined when there is nobody of that name any more. */
export function tellerOf(
  context: ControllerContext,
  organisation: Organisation,
  { webhooks = [] }: StoredDocument,
  target: string,
): Teller | undefined {
  const { store } = organisation;
  if (target.startsWith('mail ')) {
    const address = target.slice('mail '.length);
    return {
      tell: (row, signal) => tellByMail(context, organisation, address, row, signal),
      note: (fault) => mailState(store, fault, context.now()),
    };
  }
  const webhook = webhooks.find(({ name }) => target === `webhook ${name}`);
  if (webhook === undefined) return undefined;
  return {
    tell: (row, signal) => tellWebhook(context, organisation, webhook, row, signal),
    async note(fault) {
      const told = fault === null ? { told_ms: context.now(), fault } : { fault };
      await store.update('webhooks').set(told).where('name', '=', webhook.name).execute();
    },
  };
}
