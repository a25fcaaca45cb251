/** What a person says of what they expose from a device of theirs, by `postern expose`. */
import type { ExposeCall } from '../../protocol/exposures.ts';
import type { DeviceId, Id, OrganisationId } from '../../protocol/ids.ts';
import { reasonLine } from '../../protocol/reasons.ts';
import { problemBody, problemOf, ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { withheldFrom } from '../decisions/entitlements.ts';
import { seatOf } from '../decisions/seat.ts';
import { beginExposure } from './begin-exposure.ts';
import { endExposures } from './end-exposures.ts';
import { shownExposures } from './shown.ts';

/** The answer as the API would give it: a status and a body. Never rejects for what the person did. */
export async function exposeForDevice(
  context: ControllerContext,
  id: OrganisationId,
  device: DeviceId,
  { call }: ExposeCall,
): Promise<{ status: number; body?: unknown }> {
  const organisation = context.organisation(id);
  try {
    if (call.what === 'begin')
      return { status: 201, body: await beginExposure(context, organisation, device, call.wanted) };
    const person = await personOn(context, organisation, device);
    if (call.what === 'list')
      return { status: 200, body: { exposures: await shownExposures(context, organisation, person) } };
    await endExposure(context, organisation, call.exposure, { cause: 'ended', who: person }, person);
    return { status: 204 };
  } catch (error) {
    const { problem, detail, issues } = problemOf(error);
    if (problem === 'internal') throw error;
    const body = problemBody(problem, detail, issues);
    return { status: body.status, body };
  }
}

/** Ends one by its id or hostname. Throws `not-found` where there is none, or none of this person's. */
export async function endExposure(
  context: ControllerContext,
  { id, reader }: Organisation,
  called: string,
  over: Parameters<typeof endExposures>[3],
  person?: Id<'usr'>,
): Promise<void> {
  const { exposures } = await reader.current();
  const found = exposures.find(
    (each) =>
      (each.id === called || each.hostname === called.toLowerCase()) &&
      (person === undefined || each.person === person),
  );
  const ended = found === undefined ? [] : await endExposures(context, id, [found], over);
  if (ended.length === 0)
    throw new ProblemError(
      'not-found',
      'Nothing of that name is exposed, or it is not yours: postern expose list',
    );
}

/** Whoever is signed in on the device. */
async function personOn(
  context: ControllerContext,
  { store, reader }: Organisation,
  device: DeviceId,
): Promise<Id<'usr'>> {
  const state = await reader.current();
  const seat = await seatOf(store, state, device);
  if (seat === undefined || seat.subject.kind !== 'person')
    throw new ProblemError('not-allowed', 'People expose ports; this device belongs to a service account.');
  const withheld = withheldFrom(state, seat, context.now());
  if (withheld !== undefined)
    throw new ProblemError(
      withheld.name === 'session-ended' ? 'not-authenticated' : 'not-allowed',
      reasonLine({ name: withheld.name }),
    );
  return seat.subject.id as Id<'usr'>;
}
