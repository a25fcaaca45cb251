/**
 * What follows from a change: rights are decided anew for those it touches, what was lost is revoked durably and told to
 * every verifier, and only then do nodes hear of the rest.
 */
import { setImmediate } from 'node:timers/promises';
import type { DeviceId, Id, NetworkId, NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { Revocation } from '../../protocol/lease.ts';
import { appendAudit } from '../audit/append-audit.ts';
import type { Change } from '../changes.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { exposedResource } from '../exposures/exposure.ts';
import { forgetExposure, lastWordMs, overTexts } from '../exposures/end-exposures.ts';
import { followExposures, reviewExposures } from '../exposures/review-exposures.ts';
import type { Applied } from '../organisation/apply-document.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { endSessions } from '../sessions/end-sessions.ts';
import { shortenSessions } from '../sessions/shorten-sessions.ts';
import { sweepEndedLater } from './ended-grants.ts';
import { orphanedSessions, revokeOrphanedTokens } from './leftovers.ts';
import { storeRevocations, storeTaken } from './revocations.ts';
import { devicesOf, openDevices, openSeats, type SeatFilter } from './seat.ts';
import { tellPassesOf } from '../web/passes.ts';
import { forgetWebSessionsOf, webSessionsAnew } from '../web/web-sessions-anew.ts';
import { sweepSuperseded } from './superseded.ts';
import { tellsAlike } from './told.ts';
import { touchedBy, touchedByResource, touches, type Touched } from './touched.ts';
import { revokeWiderTickets } from './wider-tickets.ts';
import { forgetTokensOf, withdraw, type Reconsidered } from './withdraw.ts';

/** The store takes a bounded number of values in one query. */
const devicesPerLook = 500;
const peoplePerLook = 500;

/** Acts on a change; resolves when revocations are stored and handed to every channel of this process. */
export async function actOnChange(
  context: ControllerContext,
  organisation: OrganisationId,
  change: Change,
): Promise<void> {
  await act(context, organisation, change);
  await followExposures(context, organisation, change);
}

async function act(context: ControllerContext, organisation: OrganisationId, change: Change): Promise<void> {
  const { bus } = context;
  switch (change.kind) {
    case 'document':
      return documentApplied(context, organisation, change.applied);
    case 'sessions-ended':
      return sessionsEnded(context, organisation, change.sessions, change.reason);
    case 'device':
      await decideAnew(context, organisation, { devices: [change.device] }, { cause: 'device' });
      return bus.publish(organisation, { kind: 'devices', devices: [change.device] });
    case 'devices': {
      for (let at = 0; at < change.devices.length; at += devicesPerLook) {
        const devices = change.devices.slice(at, at + devicesPerLook);
        await decideAnew(context, organisation, { devices }, { cause: 'device' });
        bus.publish(organisation, { kind: 'devices', devices });
      }
      return;
    }
    case 'person':
      return peopleChanged(context, organisation, [change.person], 'person');
    case 'people':
      return peopleChanged(context, organisation, change.people, 'person');
    case 'request':
      return peopleChanged(context, organisation, [change.person], change.cause);
    case 'exposure':
      return exposureChanged(context, organisation, change);
    case 'passes':
      await revoke(context, organisation, change.revoked, 'pass');
      return bus.publish(organisation, { kind: 'connectors' });
    case 'countries': {
      await webSessionsAnew(context, organisation, 'all', 'countries');
      bus.publish(organisation, { kind: 'connectors' });
      const devices = await decideAnew(context, organisation, 'all', { cause: 'countries' });
      return bus.publish(organisation, { kind: 'devices', devices });
    }
    case 'servers':
      return tellServers(context, organisation, change.relay === true, change.network);
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
  const state = await reader.current();
  await decideAnew(context, organisation, 'all', { cause: 'start' });
  await webSessionsAnew(context, organisation, 'all', 'start');
  await takeBackHostnames(context, organisation);
  decided.set(context.organisation(organisation), state);
  await sweepSuperseded(context, organisation);
  await reviewExposures(context, organisation);
}

/** What each organisation's decisions rest on: the newest document for which everyone it touched was decided anew. */
const decided = new WeakMap<Organisation, OrganisationState>();

async function documentApplied(
  context: ControllerContext,
  id: OrganisationId,
  { changes, revision, removed, redirected, orphaned }: Applied,
): Promise<void> {
  if (changes.length === 0) return;
  const organisation = context.organisation(id);
  const before = decided.get(organisation);
  const state = await organisation.reader.current();
  // Otherwise another controller put a document into force in between, and what that gave may be gone again.
  const follows = before?.revision === revision - 1;
  // What the change itself names ends at once; what follows from it takes as long as there are devices.
  await revoke(
    context,
    id,
    removed.filter((each) => !each.startsWith('net_')),
    'removed',
  );
  await endSessions(context, id, orphaned, { reason: 'removed', who: 'controller' });
  if (changes.some(({ kind }) => kind === 'setting')) await shortenSessions(context, id);
  const touched = before === undefined || !follows ? undefined : touchedBy(before, state);
  await webSessionsAnew(context, id, touched ?? 'all', 'policy');
  const devices = await decideAnew(context, id, touched ?? 'all', {
    cause: 'policy',
    redirected,
    removed,
    resources: touched?.resources ?? 'all',
    onlyGives:
      touched?.onlyGives === true && before !== undefined && !state.isSuspended && tellsAlike(before, state),
  });
  decided.set(organisation, state);
  const connectors = removed.filter((each) => each.startsWith('con_'));
  for (const connector of connectors) closeRemoved(context, id, connector as NodeId);
  // Their connectors are told of newer ones next, within the moment that relays give them.
  await takeBackHostnames(context, id);
  if (touched === undefined || touched.pictures || connectors.length > 0) {
    // Zones and servers are part of what every node is told.
    return context.bus.publish(id, { kind: 'servers' });
  }
  context.bus.publish(id, { kind: 'devices', devices });
  context.bus.publish(id, { kind: 'connectors' });
}

/** Decides anew for these people, some at a time: each step waits for the disk, so one for each person would take a thousand of them seconds. */
async function peopleChanged(
  context: ControllerContext,
  organisation: OrganisationId,
  people: readonly Id<'usr'>[],
  cause: string,
): Promise<void> {
  for (let at = 0; at < people.length; at += peoplePerLook) {
    const subjects = people.slice(at, at + peoplePerLook);
    await webSessionsAnew(context, organisation, { subjects }, cause);
    await tellPassesOf(context, organisation, subjects);
    const devices = await decideAnew(context, organisation, { subjects }, { cause });
    context.bus.publish(organisation, { kind: 'devices', devices });
  }
}

/** Told to those it concerns alone: what somebody exposes is nothing to everybody else's devices. */
async function exposureChanged(
  context: ControllerContext,
  organisation: OrganisationId,
  { exposure, over }: Extract<Change, { kind: 'exposure' }>,
): Promise<void> {
  const { id, connector, person, allow } = exposure;
  const { store, reader } = context.organisation(organisation);
  const { definition } = exposedResource(exposure);
  if (over !== undefined) {
    const sessions = await store.transaction((tx) => forgetExposure(tx, exposure));
    const revoked = [id, ...(connector === undefined ? [] : [connector]), ...sessions];
    await revoke(context, organisation, revoked, over);
  }
  const touched = touchedByResource(await reader.current(), definition, allow === undefined ? [] : [allow]);
  const { resources } = touched;
  const anew = { cause: over ?? 'exposed', removed: over === undefined ? [] : [id], resources };
  const others = await decideAnew(context, organisation, touched, anew);
  const own = await decideAnew(context, organisation, { subjects: [person] }, anew);
  if (over !== undefined && connector !== undefined) {
    // Whoever signed out may do it again by signing in; the command line says so by its exit.
    const code = over === 'signed-out' ? 'expired' : 'revoked';
    context.atNextSweep(organisation, `parting ${connector}`, context.now() + lastWordMs, () =>
      context.bus.publish(organisation, { kind: 'close', node: connector, code, message: overTexts[over] }),
    );
  }
  context.bus.publish(organisation, { kind: 'devices', devices: [...new Set([...others, ...own])] });
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
    await forgetWebSessionsOf(tx, sessions);
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
  tellServers(context, organisation, node.startsWith('rly_'));
}

/** Relays of the first organisation are everybody's. */
function tellServers(
  context: ControllerContext,
  organisation: OrganisationId,
  relay: boolean,
  network?: NetworkId,
): void {
  const { bus, organisations, firstOrganisation } = context;
  const all = relay && organisation === firstOrganisation ? organisations.all.map(({ id }) => id) : [];
  const about = network === undefined || relay ? {} : { network };
  for (const id of new Set([organisation, ...all])) bus.publish(id, { kind: 'servers', ...about });
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

/** No connector is given the browsers of a hostname that its network has no longer, whatever ticket it shows. */
async function takeBackHostnames(context: ControllerContext, organisation: OrganisationId): Promise<void> {
  const { store, reader } = context.organisation(organisation);
  const revocations = await store.transaction(async (tx) =>
    revokeWiderTickets(tx, await reader.current(tx), context.now()),
  );
  tell(context, organisation, revocations);
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

/**
 * So many seats are decided before what they lost is stored and told, so that those who come first need not wait for all;
 * then twice as many each time, up to a bound, since each step waits for the disk.
 */
const seatsInFirstStep = 50;
const seatsInLongestStep = 400;

interface Anew
  extends Pick<Reconsidered, 'cause'>, Partial<Pick<Reconsidered, 'redirected' | 'removed' | 'resources'>> {
  /** Nobody can lose anything: then nothing is compared, and what is new is found when each device is told. */
  readonly onlyGives?: boolean;
}

/** Withdraws what the seats lost, some seats at a time, and returns the devices that it is about. */
async function decideAnew(
  context: ControllerContext,
  organisation: OrganisationId,
  filter: SeatFilter | Touched,
  { cause, redirected = [], removed = [], resources = 'all', onlyGives = false }: Anew,
): Promise<DeviceId[]> {
  const { store, reader, narrowed } = context.organisation(organisation);
  const devices = await store.transaction(async (tx) =>
    typeof filter === 'object' && 'who' in filter
      ? devicesOf(tx, await reader.current(tx), context.now(), (subject) => touches(filter, subject))
      : openDevices(tx, context.now(), filter),
  );
  if (onlyGives) return devices;
  let size = seatsInFirstStep;
  for (let at = 0; at < devices.length; at += size, size = Math.min(2 * size, seatsInLongestStep)) {
    const nowMs = context.now();
    const step = devices.slice(at, at + size);
    const revocations = await store.transaction(async (tx) => {
      const state = await reader.current(tx);
      const seats = await openSeats(tx, state, nowMs, { devices: step });
      const withdrawn = await withdraw(tx, state, seats, narrowed, {
        nowMs,
        redirected,
        removed,
        cause,
        resources,
      });
      await appendAudit(tx, withdrawn.entries);
      return storeTaken(tx, withdrawn, cause, nowMs);
    });
    tell(context, organisation, revocations);
    // Lets the messages out before the next step takes the processor.
    await setImmediate();
  }
  sweepEndedLater(context, organisation);
  return devices;
}
