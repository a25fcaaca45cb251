/**
 * Tells webhooks what waits for them: each webhook its own queue in order, signed, tried again with growing pauses and given
 * up after a day. Several controllers share the work: what one has claimed the others leave alone for a while.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { outgoingFetch } from '../outgoing-fetch.ts';
import type { NotificationsTable } from '../store/schema.ts';
import { signWebhook } from './signature.ts';
import { webhookSecret, type StoredWebhook } from './webhook-secrets.ts';

/** How one attempt went; `fault` is a sentence without addresses or secrets. */
export type Told =
  { readonly ok: true; readonly status: number } | { readonly ok: false; readonly fault: string };

/** Beyond the time that one attempt may take. */
const claimMs = 30_000;
const firstPauseMs = 5_000;
const longestPauseMs = 3_600_000;
const givenUpMs = 24 * 3_600_000;
const maxFaultLength = 200;

interface Delivery {
  readonly ending: AbortController;
  readonly running: Map<OrganisationId, Promise<void>>;
  /** For which more came while that was under way. */
  readonly again: Set<OrganisationId>;
}

const deliveries = new WeakMap<ControllerContext, Delivery>();

/** Begins to tell what is due, unless that is under way, and goes on when more is. */
export function deliverLater(context: ControllerContext, id: OrganisationId): void {
  const { ending, running, again } = deliveryOf(context);
  if (ending.signal.aborted) return;
  if (running.has(id)) return void again.add(id);
  const run = deliverAll(context, context.organisation(id), ending.signal)
    .catch((error: unknown) => {
      if (!ending.signal.aborted) context.log.error({ err: error }, 'notifications were not delivered');
    })
    .finally(() => {
      running.delete(id);
      if (again.delete(id)) deliverLater(context, id);
    });
  running.set(id, run);
}

/** Ends what is under way; it is told again after the next start. */
export async function stopDelivering(context: ControllerContext): Promise<void> {
  const { ending, running } = deliveryOf(context);
  ending.abort();
  await Promise.all(running.values());
}

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
    const { status } = await outgoingFetch(ca, { maxBytes: 65_536 })(url, {
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
    if (status >= 200 && status < 300) return { ok: true, status };
    const elsewhere = status >= 300 && status < 400;
    return {
      ok: false,
      fault: elsewhere
        ? 'It redirects elsewhere, which is not followed.'
        : `It answered with status ${status}.`,
    };
  } catch (error) {
    return { ok: false, fault: reachFault(error) };
  }
}

async function deliverAll(
  context: ControllerContext,
  organisation: Organisation,
  signal: AbortSignal,
): Promise<void> {
  const { store, reader } = organisation;
  for (let progress = true; progress && !signal.aborted;) {
    progress = false;
    const heads = await headsOf(organisation);
    const { document } = await reader.current();
    await Promise.all(
      [...heads].map(async ([target, nextMs]) => {
        if (nextMs > context.now()) return;
        const webhook = document.webhooks?.find(({ name }) => target === `webhook ${name}`);
        if (webhook === undefined) await store.delete('notifications').where('target', '=', target).execute();
        else if (await deliverTo(context, organisation, webhook, signal)) progress = true;
      }),
    );
  }
  if (signal.aborted) return;
  const heads = await headsOf(organisation);
  const atMs = heads.size === 0 ? undefined : Math.min(...heads.values());
  context.atNextSweep(organisation.id, 'notifications', atMs, () => deliverLater(context, organisation.id));
}

/** When the oldest of each queue is due: what comes after it waits for it. */
async function headsOf({ store }: Organisation): Promise<Map<string, number>> {
  const rows = await store
    .select('notifications')
    .select(['target', 'next_ms'])
    .orderBy('created_ms', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return new Map(rows.map(({ target, next_ms: nextMs }) => [target, nextMs]));
}

/** Tells one webhook what is due, the oldest first, until one is not taken; whether it took any. */
async function deliverTo(
  context: ControllerContext,
  organisation: Organisation,
  webhook: StoredWebhook,
  signal: AbortSignal,
): Promise<boolean> {
  const { store } = organisation;
  for (let progress = false; ; progress = true) {
    const row = await claim(context, organisation, `webhook ${webhook.name}`);
    if (row === undefined) return progress;
    const told = await tellWebhook(context, organisation, webhook, row, signal);
    if (signal.aborted) return false;
    const nowMs = context.now();
    if (told.ok) {
      await store.delete('notifications').where('id', '=', row.id).execute();
      await store
        .update('webhooks')
        .set({ told_ms: nowMs, fault: null })
        .where('name', '=', webhook.name)
        .execute();
      continue;
    }
    await store.update('webhooks').set({ fault: told.fault }).where('name', '=', webhook.name).execute();
    context.log.warn({ webhook: webhook.name, fault: told.fault }, 'a webhook did not take what it was told');
    if (nowMs - row.created_ms >= givenUpMs) {
      await giveUp(organisation, row, told.fault, nowMs);
      continue;
    }
    const nextMs = nowMs + pauseMs(row.attempts);
    await store.update('notifications').set({ next_ms: nextMs }).where('id', '=', row.id).execute();
    return progress;
  }
}

/** Takes the oldest that is due, for this controller alone; undefined when there is none. */
async function claim(
  context: ControllerContext,
  { store }: Organisation,
  target: string,
): Promise<NotificationsTable | undefined> {
  const nowMs = context.now();
  const first = await store
    .select('notifications')
    .select(['id', 'next_ms'])
    .where('target', '=', target)
    .orderBy('created_ms')
    .orderBy('id')
    .executeTakeFirst();
  if (first === undefined || first.next_ms > nowMs) return undefined;
  return store
    .update('notifications')
    .set((eb) => ({ next_ms: nowMs + claimMs, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', first.id)
    .where('next_ms', '=', first.next_ms)
    .returningAll()
    .executeTakeFirst();
}

async function giveUp(
  { store }: Organisation,
  { id, target, event }: NotificationsTable,
  fault: string,
  nowMs: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.delete('notifications').where('id', '=', id).execute();
    await appendAudit(tx, [
      {
        atMs: nowMs,
        who: 'controller',
        what: 'notification.fail',
        result: 'failed',
        detail: { target, event, fault },
      },
    ]);
  });
}

/** After so many attempts: 5 s, 10 s, 20 s … an hour. */
function pauseMs(attempts: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts - 1, 16));
}

function deliveryOf(context: ControllerContext): Delivery {
  let delivery = deliveries.get(context);
  if (delivery === undefined) {
    delivery = { ending: new AbortController(), running: new Map(), again: new Set() };
    deliveries.set(context, delivery);
  }
  return delivery;
}

function reachFault(error: unknown): string {
  const { message, cause, name } = error instanceof Error ? error : new Error(String(error));
  if (name === 'TimeoutError') return 'It did not answer within five seconds.';
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === ''
    ? `It cannot be told: ${message}`.slice(0, maxFaultLength)
    : `It cannot be reached (${code}).`;
}
