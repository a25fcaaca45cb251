/**
 * Tells webhooks and people what waits for them: each target its own queue in order, tried again with growing pauses and
 * given up after a day. Several controllers share the work: what one has claimed the others leave alone for a while.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { NotificationsTable } from '../store/tables/requests.ts';
import { channels, lanes, tellerOf, type Channel, type Teller } from './tellers.ts';

/** Beyond the time that one attempt may take. */
const claimMs: Readonly<Record<Channel, number>> = { webhook: 30_000, mail: 120_000 };
const firstPauseMs = 5_000;
const longestPauseMs = 3_600_000;
const givenUpMs = 24 * 3_600_000;

type Run = `${OrganisationId} ${Channel}`;

interface Delivery {
  readonly ending: AbortController;
  readonly running: Map<Run, Promise<void>>;
  /** For which more came while that was under way. */
  readonly again: Set<Run>;
}

const deliveries = new WeakMap<ControllerContext, Delivery>();

/** Begins to tell what is due, unless that is under way, and goes on when more is. */
export function deliverLater(context: ControllerContext, id: OrganisationId): void {
  for (const channel of channels) deliverOver(context, id, channel);
}

function deliverOver(context: ControllerContext, id: OrganisationId, channel: Channel): void {
  const { ending, running, again } = deliveryOf(context);
  const key: Run = `${id} ${channel}`;
  if (ending.signal.aborted) return;
  if (running.has(key)) return void again.add(key);
  const run = deliverAll(context, context.organisation(id), channel, ending.signal)
    .catch((error: unknown) => {
      if (!ending.signal.aborted) context.log.error({ err: error }, 'notifications were not delivered');
    })
    .finally(() => {
      running.delete(key);
      if (again.delete(key)) deliverOver(context, id, channel);
    });
  running.set(key, run);
}

/** Ends what is under way; it is told again after the next start. */
export async function stopDelivering(context: ControllerContext): Promise<void> {
  const { ending, running } = deliveryOf(context);
  ending.abort();
  await Promise.all(running.values());
}

async function deliverAll(
  context: ControllerContext,
  organisation: Organisation,
  channel: Channel,
  signal: AbortSignal,
): Promise<void> {
  const { store, reader } = organisation;
  for (let progress = true; progress && !signal.aborted;) {
    progress = false;
    const heads = await headsOf(organisation, channel);
    const { document } = await reader.current();
    const due = [...heads].filter(([, nextMs]) => nextMs <= context.now()).values();
    await Promise.all(
      Array.from({ length: Math.min(lanes[channel], heads.size) }, async () => {
        for (const [target] of due) {
          if (signal.aborted) return;
          const teller = tellerOf(context, organisation, document, target);
          if (teller === undefined)
            await store.delete('notifications').where('target', '=', target).execute();
          else if (await deliverTo(context, organisation, { target, channel, teller }, signal))
            progress = true;
        }
      }),
    );
  }
  if (signal.aborted) return;
  const heads = await headsOf(organisation, channel);
  const atMs = heads.size === 0 ? undefined : Math.min(...heads.values());
  context.atNextSweep(organisation.id, `notifications ${channel}`, atMs, () =>
    deliverOver(context, organisation.id, channel),
  );
}

/** When the oldest of each queue is due: what comes after it waits for it. */
async function headsOf({ store }: Organisation, channel: Channel): Promise<Map<string, number>> {
  const rows = await store
    .select('notifications')
    .select(['target', 'next_ms'])
    .where('target', 'like', `${channel} %`)
    .orderBy('created_ms', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return new Map(rows.map(({ target, next_ms: nextMs }) => [target, nextMs]));
}

interface Recipient {
  readonly target: string;
  readonly channel: Channel;
  readonly teller: Teller;
}

/** Tells one target what is due, the oldest first, until one is not taken; whether it took any. */
async function deliverTo(
  context: ControllerContext,
  organisation: Organisation,
  { target, channel, teller }: Recipient,
  signal: AbortSignal,
): Promise<boolean> {
  const { store } = organisation;
  for (let progress = false; ; progress = true) {
    const row = await claim(context, organisation, target, claimMs[channel]);
    if (row === undefined) return progress;
    const told = await teller.tell(row, signal);
    if (signal.aborted && !told.ok) return false;
    const nowMs = context.now();
    if (told.ok) {
      await store.delete('notifications').where('id', '=', row.id).execute();
      await teller.note(null);
      continue;
    }
    await teller.note(told.fault);
    context.log.warn({ target, fault: told.fault }, 'somebody did not take what they were told');
    if (told.final === true || nowMs - row.created_ms >= givenUpMs) {
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
  ms: number,
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
    .set((eb) => ({ next_ms: nowMs + ms, attempts: eb('attempts', '+', 1) }))
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
