/** What a person says of what they expose from a device of theirs, by `postern expose`. */
import type { ExposeCall } from '../../protocol/exposures.ts';
import type { DeviceId, Id, OrganisationId } from '../../protocol/ids.ts';
import { problemAnswer, ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { personOnDevice } from '../devices/person-on-device.ts';
import { beginExposure } from './begin-exposure.ts';
import { endExposures } from './end-exposures.ts';
import { exposedByPeople } from './exposing.ts';
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
    const person = await personOnDevice(context, organisation, device, exposedByPeople);
    if (call.what === 'list')
      return { status: 200, body: { exposures: await shownExposures(context, organisation, person) } };
    await endExposure(context, organisation, call.exposure, { cause: 'ended', who: person }, person);
    return { status: 204 };
  } catch (error) {
    return problemAnswer(error);
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
