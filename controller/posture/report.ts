/** Takes a device's report: keeps of it what the protocol knows, and has the device decided anew. */
import { PostureFacts } from '../../protocol/control.ts';
import type { DeviceId, OrganisationId } from '../../protocol/ids.ts';
import { normalSerial } from '../../protocol/posture.ts';
import type { ControllerContext } from '../context.ts';

export async function reportPosture(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
  facts: PostureFacts,
): Promise<void> {
  const { store } = context.organisation(organisation);
  const serial = normalSerial(facts.serial ?? '');
  await store
    .update('nodes')
    .set({
      posture: JSON.stringify(knownFacts(facts)),
      // The controller's own clock: a device cannot make its report younger than it is.
      posture_ms: context.now(),
      serial: serial === '' ? null : serial,
    })
    .where('id', '=', device)
    .execute();
  await context.publish(organisation, { kind: 'device', device });
}

/** Without fields that this version does not know, which are a newer device's and have no bounds here. */
function knownFacts({ processes, files, ...facts }: PostureFacts): object {
  const known = Object.entries(facts).filter(([key]) => Object.hasOwn(PostureFacts.properties, key));
  return {
    ...Object.fromEntries(known),
    ...(processes === undefined
      ? {}
      : { processes: processes.map(({ name, running }) => ({ name, running })) }),
    ...(files === undefined ? {} : { files: files.map(({ path, present }) => ({ path, present })) }),
  };
}
