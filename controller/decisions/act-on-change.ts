/**
 * What follows from a change: rights are decided anew for those it touches, what was lost is revoked durably and told to
 * every verifier, and only then do nodes hear of the rest (DESIGN section 8, push).
 */
import { setImmediate } from 'node:timers/promises';
import type { DeviceId, Id, NodeId, OrganisationId, ResourceId } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Change } from '../changes.ts';
import type { ControllerContext } from '../context.ts';
import type { Applied } from '../organisation/apply-document.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import { shortenSessions } from '../sessions/shorten-sessions.ts';
import { orphanedSessions, revokeOrphanedTokens } from './leftovers.ts';
import { storeRevocations } from './revocations.ts';
import { sweepSuperseded } from './superseded.ts';
import { openDevices, openSeats, type SeatFilter } from './seat.ts';
import { forgetTokensOf, withdraw } from './withdraw.ts';

/** Acts on a change; resolves when revocations are stored and handed to every channel of this process. */
export async function actOnChange(
  context: ControllerContext,
  organisation: OrganisationId,
  change: Change,
): Promise<void> {
  const { bus } = context;
  switch (change.kind) {
    case 'document':
      return documentApplied(context, organisation, change.applied);
    case 'sessions-ended':
      return sessionsEnded(context, organisation, change.sessions, change.reason);
    case 'device':
      await decideAnew(context, organisation, { devices: [change.device] }, { cause: 'device' });
      return bus.publish(organisation, { kind: 'devices', devices: [change.device] });
    case 'person': {
      const devices = await decideAnew(
        context,
        organisation,
        { subject: change.person },
        { cause: 'person' },
      );
      return bus.publish(organisation, { kind: 'devices', devices });
    }
    case 'servers':
      return bus.publish(organisation, { kind: 'servers' });
    case 'node-removed':
      return nodeRemoved(context, organisation, change.node);
    case 'login':
      return bus.publish(organisation, { kind: 'login', attempt: change.attempt });
  }
}

/** Decides anew for everyone, as at the start: a crash may have come between a change and its revocation. */
export async function decideAll(context: ControllerContext, organisation: OrganisationId): Promise<void> {
  const { store, reader } = context.organisation(organisation);
  const orphaned = await orphanedSessions(store, await reader.current(store));
  await endSessions(context, organisation, orphaned, { reason: 'removed', who: 'controller' });
  const revocations = await store.transaction((tx) => revokeOrphanedTokens(tx, context.now()));
  tell(context, organisation, revocations);
  await decideAnew(context, organisation, 'all', { cause: 'start' });
  await sweepSuperseded(context, organisation);
}

async function documentApplied(
  context: ControllerContext,
  organisation: OrganisationId,
  { changes, removed, redirected, orphaned }: Applied,
): Promise<void> {
  if (changes.length === 0) return;
  // What the change itself names ends at once; what follows from it takes as long as there are devices.
  await revoke(
    context,
    organisation,
    removed.filter((id) => !id.startsWith('net_')),
    'removed',
  );
  await endSessions(context, organisation, orphaned, { reason: 'removed', who: 'controller' });
  if (changes.some(({ kind }) => kind === 'setting')) await shortenSessions(context, organisation);
  await decideAnew(context, organisation, 'all', { cause: 'policy', redirected, removed });
  for (const id of removed) if (id.startsWith('con_')) closeRemoved(context, organisation, id as NodeId);
  // Servers are part of what every node is told, so this reaches devices as well.
  context.bus.publish(organisation, { kind: 'servers' });
}

async function sessionsEnded(
  context: ControllerContext,
  organisation: OrganisationId,
  sessions: readonly Id<'ses'>[],
  reason: string,
): Promise<void> {
  const nowMs = context.now();
  const { store } = context.organisation(organisation);
  const { revocations, devices } = await store.transaction(async (tx) => {
    const tickets = await forgetTokensOf(tx, sessions);
    const rows = await tx.select('sessions').select('device').where('id', 'in', sessions).execute();
    return {
      revocations: await storeRevocations(tx, [...sessions, ...tickets], reason, nowMs),
      devices: rows.flatMap(({ device }) => device ?? []),
    };
  });
  tell(context, organisation, revocations);
  context.bus.publish(organisation, { kind: 'devices', devices });
}

async function nodeRemoved(
  context: ControllerContext,
  organisation: OrganisationId,
  node: NodeId,
): Promise<void> {
  const revocations = await context.organisation(organisation).store.transaction(async (tx) => {
    const tokens = await tx.delete('issued_tokens').where('node', '=', node).returning('id').execute();
    return storeRevocations(tx, [node, ...tokens.map(({ id }) => id)], 'removed', context.now());
  });
  tell(context, organisation, revocations);
  closeRemoved(context, organisation, node);
  context.bus.publish(organisation, { kind: 'servers' });
}

/** Hands stored revocations to every channel of this process. */
function tell(
  { bus }: ControllerContext,
  organisation: OrganisationId,
  revocations: readonly Revocation[],
): void {
  for (const revocation of revocations) bus.publish(organisation, { kind: 'revoked', revocation });
}

function closeRemoved(context: ControllerContext, organisation: OrganisationId, node: NodeId): void {
  const message = 'An administrator removed this node; enrol it again with a new key.';
  context.bus.publish(organisation, { kind: 'close', node, code: 'revoked', message });
}

/** Stores the revocation of these ids and hands it to every channel of this process. */
async function revoke(
  context: ControllerContext,
  organisation: OrganisationId,
  ids: readonly string[],
  reason: string,
): Promise<void> {
  if (ids.length === 0) return;
  const { store } = context.organisation(organisation);
  const stored = await store.transaction((tx) => storeRevocations(tx, ids, reason, context.now()));
  tell(context, organisation, stored);
}

/** So many seats are decided before what they lost is stored and told: those that come later need not wait for all. */
const seatsPerStep = 50;

/** Withdraws what the seats lost, a few seats at a time, and returns the devices that were looked at. */
async function decideAnew(
  context: ControllerContext,
  organisation: OrganisationId,
  filter: SeatFilter,
  {
    cause,
    redirected = [],
    removed = [],
  }: {
    readonly cause: string;
    readonly redirected?: readonly ResourceId[];
    /** Ids that are revoked already, so that nothing below them needs a name. */
    readonly removed?: readonly string[];
  },
): Promise<DeviceId[]> {
  const { store, reader } = context.organisation(organisation);
  const devices = await store.transaction(async (tx) => openDevices(tx, context.now(), filter));
  for (let at = 0; at < devices.length; at += seatsPerStep) {
    const nowMs = context.now();
    const step = devices.slice(at, at + seatsPerStep);
    const revocations = await store.transaction(async (tx) => {
      const state = await reader.current(tx);
      const seats = await openSeats(tx, state, nowMs, { devices: step });
      const withdrawn = await withdraw(tx, state, seats, { nowMs, redirected, removed, cause });
      await appendAudit(tx, withdrawn.entries);
      return storeRevocations(tx, withdrawn.ids, cause, nowMs);
    });
    tell(context, organisation, revocations);
    // Lets the messages out before the next step takes the processor.
    await setImmediate();
  }
  return devices;
}
