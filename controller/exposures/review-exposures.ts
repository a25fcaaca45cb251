/**
 * Whether what is exposed may go on: after every change that may touch it, when time alone may end it, and every few
 * seconds whether its process is still there. What is over is ended here.
 */
import type { DeviceId, OrganisationId } from '../../protocol/ids.ts';
import { parseName } from '../../protocol/names.ts';
import type { Change } from '../changes.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { seatsOf, type Seat } from '../decisions/seat.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { resourceAtHost } from '../web/connector-web.ts';
import { endExposures, type Over } from './end-exposures.ts';
import type { Exposure } from './exposure.ts';
import { exposingRight } from './exposing-right.ts';

/** Processes are looked after this often, and one that has been away for so long is gone: it may be dialling anew. */
const everyMs = 5_000;
const awayMs = 60_000;

/** Since when this controller misses the process of an exposure, epoch ms. */
const missed = new WeakMap<Organisation, Map<string, number>>();

/** Looks at what a change may have touched. */
export async function followExposures(
  context: ControllerContext,
  organisation: OrganisationId,
  change: Change,
): Promise<void> {
  switch (change.kind) {
    case 'document':
    case 'countries':
    case 'person':
    case 'people':
    case 'request':
    case 'sessions-ended':
      return reviewExposures(context, organisation);
    case 'device':
      return reviewExposures(context, organisation, [change.device]);
    case 'devices':
      return reviewExposures(context, organisation, change.devices);
    default:
      return undefined;
  }
}

/** Ends what may not go on. `devices`: looks at what these expose alone. */
export async function reviewExposures(
  context: ControllerContext,
  id: OrganisationId,
  devices?: readonly DeviceId[],
): Promise<void> {
  const organisation = context.organisation(id);
  const { store, reader } = organisation;
  const state = await reader.current();
  const looked = state.exposures.filter(({ device }) => devices === undefined || devices.includes(device));
  if (looked.length > 0) {
    const nowMs = context.now();
    const owners = [...new Set(looked.map(({ device }) => device))];
    const seats = await store.transaction((tx) => seatsOf(tx, state, owners));
    const over = new Map<Over['cause'], Exposure[]>();
    for (const exposure of looked) {
      const cause =
        whyOver(state, exposure, seats.get(exposure.device), nowMs) ??
        (isGone(context, organisation, exposure, nowMs) ? 'gone' : undefined);
      if (cause !== undefined) over.set(cause, [...(over.get(cause) ?? []), exposure]);
    }
    for (const [cause, exposures] of over)
      await endExposures(context, id, exposures, { cause, who: 'controller' });
  }
  if (devices === undefined) await lookAgain(context, id);
}

/** Looks again while anything is exposed. */
export async function lookAgain(context: ControllerContext, id: OrganisationId): Promise<void> {
  const { exposures } = await context.organisation(id).reader.current();
  const nowMs = context.now();
  const ends = exposures.map(({ untilMs }) => Math.max(untilMs, nowMs));
  const atMs = ends.length === 0 ? undefined : Math.min(nowMs + everyMs, ...ends);
  context.atNextSweep(id, 'exposures', atMs, () => {
    reviewExposures(context, id).catch((error: unknown) => {
      if (!context.isDraining)
        context.log.error({ err: error }, 'what is exposed was not looked at; its rights end by themselves');
    });
  });
}

/** Why it may not go on, whether or not its process is there; undefined while it may. */
function whyOver(
  state: OrganisationState,
  { id, hostname, person, untilMs }: Exposure,
  seat: Seat | undefined,
  nowMs: number,
): Over['cause'] | undefined {
  const suffix = parseName(state.document.expose?.suffix ?? '');
  const isBelow = suffix !== undefined && hostname.slice(hostname.indexOf('.') + 1) === suffix;
  if (!isBelow || resourceAtHost(state, hostname)?.id !== id) return 'hostname';
  // Another person may have signed in on the device since.
  if (seat === undefined || seat.subject.id !== person) return 'signed-out';
  const right = exposingRight(state, seat, nowMs);
  if (!right.may) return right.why;
  return untilMs <= nowMs ? 'expired' : undefined;
}

function isGone(
  { presence }: ControllerContext,
  organisation: Organisation,
  { id, connector, createdMs }: Exposure,
  nowMs: number,
): boolean {
  const since = missed.get(organisation) ?? new Map<string, number>();
  missed.set(organisation, since);
  if (connector !== undefined && presence.isOnline(connector)) {
    since.delete(id);
    return false;
  }
  const sinceMs = since.get(id) ?? (connector === undefined ? createdMs : nowMs);
  since.set(id, sinceMs);
  if (nowMs - sinceMs < awayMs) return false;
  since.delete(id);
  return true;
}
