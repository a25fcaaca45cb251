/**
 * Everything that the portal shows somebody of their own, as a digest of each kind: two that differ say that the person sees something
 * else now, and nothing of anybody else can make them differ.
 */
import { createHash } from 'node:crypto';
import { ownKinds, type OwnKind } from '../../protocol/live-events.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext } from '../context.ts';
import { approvalsFor, requestsOf } from '../requests/shown.ts';
import { myDevices } from './my-devices-routes.ts';
import { myPasses } from './my-passes-routes.ts';
import { myResources } from './my-resources-routes.ts';
import { mySessions } from './my-sessions-routes.ts';
import { meOf } from './portal-routes.ts';
import type { PortalCaller } from './portal-caller.ts';

/** A page may be looked at as any of them; of somebody who has more, those beyond are seen only when it is loaded. */
const mostDevices = 8;
const digestLength = 11;

/** By kind; 64 bits of SHA-256, base64url. */
export type OwnView = Readonly<Record<OwnKind, string>>;

/** What the person is shown now, in this session and from this address; undefined where the session is over. */
export async function ownView(
  context: ControllerContext,
  caller: PortalCaller,
  address: string,
): Promise<OwnView | undefined> {
  const { organisation, person, session } = caller;
  if (session.ended_ms !== null || session.until_ms <= context.now()) return undefined;
  try {
    const { devices } = await myDevices(context, caller);
    const chosen = [undefined, ...devices.slice(0, mostDevices).map(({ id }) => id)];
    const resources = [];
    for (const device of chosen) resources.push(await myResources(context, caller, address, device));
    const seen: Record<OwnKind, unknown> = {
      me: await meOf(context, caller),
      // When each was last heard of is no news, nor is which of them was last.
      devices: devices
        .map((each) => ({ ...each, lastSeen: undefined }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      sessions: await mySessions(context, caller),
      passes: await myPasses(context, caller, address),
      requests: await requestsOf(organisation, person.id),
      approvals: await approvalsFor(organisation, person.id),
      resources,
    };
    return Object.fromEntries(ownKinds.map((kind) => [kind, digestOf(seen[kind])])) as unknown as OwnView;
  } catch (error) {
    // Somebody who is nobody here any more, or a device that is gone since the list was read.
    if (error instanceof ProblemError && error.problem === 'not-authenticated') return undefined;
    throw error;
  }
}

/** The whole as a place to come back to, in one word. */
export function placeOf(view: OwnView): string {
  return ownKinds.map((kind) => view[kind]).join('.');
}

/** A place that was given before; undefined for anything else. */
export function viewAt(place: string): OwnView | undefined {
  const digests = place.split('.');
  if (digests.length !== ownKinds.length || digests.some((each) => !/^[A-Za-z0-9_-]{11}$/.test(each)))
    return undefined;
  return Object.fromEntries(ownKinds.map((kind, index) => [kind, digests[index]])) as unknown as OwnView;
}

function digestOf(seen: unknown): string {
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url').slice(0, digestLength);
}
