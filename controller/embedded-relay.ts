/**
 * What a relay inside the controller's process is given: an id of its own, the card, and a lease fed from the store and
 * the bus as the control channel feeds another relay's. Composed with the relay by the program; knows no relay code.
 */
import { newId, type RelayId } from '../protocol/ids.ts';
import type { FromController } from '../protocol/control.ts';
import { beatIntervalMs, Lease } from '../protocol/lease.ts';
import type { Card } from '../protocol/tokens.ts';
import { version } from '../protocol/version.ts';
import type { ControllerContext } from './context.ts';
import { RevocationsOfOthers } from './control/revocations-of-others.ts';
import { RevocationFeed } from './control/revocation-feed.ts';
import { remembered } from './decisions/revocations.ts';

/** The name under which the embedded relay is listed. */
const embeddedName = 'controller';

export interface EmbeddedRelay {
  readonly id: RelayId;
  card(): Card;
  readonly lease: Lease;
  stop(): void;
}

/**
 * Registers the embedded relay at the controller's own address and feeds its lease. `changed` is called after each
 * revocation was applied.
 */
export async function openEmbeddedRelay(
  context: ControllerContext,
  changed: () => void,
): Promise<EmbeddedRelay> {
  const { store } = context.organisation(context.firstOrganisation);
  const id = await registered(context);
  const lease = new Lease(context.now);
  const take = (message: FromController): void => {
    if (message.t !== 'revoke') return;
    lease.revoke(message);
    changed();
  };
  const feed = new RevocationFeed(store, 'not', take);
  const others = new RevocationsOfOthers(context, take);
  let { card } = await context.card();
  const unsubscribe = context.bus.subscribe((organisation, message) => {
    if (message.kind !== 'revoked') return;
    if (organisation === store.organisation) feed.offer(message.revocation);
    else others.offer(organisation, message.revocation);
  });
  const epoch = await store.epoch();
  for (const { epoch: at, ids, reason } of await remembered(store, context.now()))
    lease.revoke({ epoch: at, ids, reason });
  await feed.begin(epoch);
  await others.catchUp();
  lease.beat(epoch);
  const leave = context.presence.enter(id);
  let cancelTimer = schedule();
  await context.publish(store.organisation, { kind: 'servers', relay: true });
  return {
    id,
    card: () => card,
    lease,
    stop() {
      cancelTimer();
      unsubscribe();
      leave();
    },
  };

  function schedule(): () => void {
    return context.clock.after(beatIntervalMs, () => {
      cancelTimer = schedule();
      beat().catch((error: unknown) => {
        context.log.error({ err: error }, 'the embedded relay had no beat: the store does not answer');
      });
    });
  }

  async function beat(): Promise<void> {
    const now = await store.epoch();
    if (!feed.covers(now)) await feed.catchUp();
    await others.catchUp();
    if (feed.covers(now)) lease.beat(now);
    ({ card } = await context.card());
    await touch(context, id);
  }
}

/** Takes the embedded relay off the list, for a controller that runs without one. */
export async function removeEmbeddedRelay(context: ControllerContext): Promise<void> {
  const { store } = context.organisation(context.firstOrganisation);
  await store.delete('nodes').where('kind', '=', 'relay').where('mk', '=', '').execute();
}

async function registered(context: ControllerContext): Promise<RelayId> {
  const { store } = context.organisation(context.firstOrganisation);
  const nowMs = context.now();
  const told = { url: context.publicUrl.origin, version, seen_ms: nowMs };
  const known = await store
    .update('nodes')
    .set(told)
    .where('kind', '=', 'relay')
    // No keys: nothing can say hello as this node.
    .where('mk', '=', '')
    .returning('id')
    .executeTakeFirst();
  if (known !== undefined) return known.id as RelayId;
  const id = newId('rly', context.random(16));
  await store
    .insert('nodes', {
      id,
      kind: 'relay',
      mk: '',
      nk: '',
      name: embeddedName,
      os: process.platform,
      network: null,
      owner: null,
      approval: 'approved',
      state: 'active',
      address: null,
      created_ms: nowMs,
      posture: null,
      posture_ms: null,
      received_seq: 0,
      ...told,
    })
    .execute();
  return id;
}

/** Written only now and then: it says no more than that the relay is not gone for a day. */
const touchEveryMs = 600_000;

async function touch(context: ControllerContext, id: RelayId): Promise<void> {
  const nowMs = context.now();
  const { store } = context.organisation(context.firstOrganisation);
  await store
    .update('nodes')
    .set({ seen_ms: nowMs })
    .where('id', '=', id)
    .where('seen_ms', '<', nowMs - touchEveryMs)
    .execute();
}
