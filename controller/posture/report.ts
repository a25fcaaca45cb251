/**
 * Takes devices' reports: keeps of each what the protocol knows, and has the device decided anew. What a device repeats costs
 * nothing, and one whose facts change all the time is taken at its newest word a few times a minute, so that none makes
 * the controller decide for it without end.
 */
import { PostureFacts } from '../../protocol/posture-facts.ts';
import type { DeviceId, OrganisationId } from '../../protocol/ids.ts';
import { normalSerial } from '../../protocol/posture.ts';
import type { ControllerContext, Organisation } from '../context.ts';

/** So many changes are taken at once, */
const burst = 12;
/** and then one in this time: twelve a minute. */
const refillMs = 5_000;
/** The same facts within this time are no news; a client repeats them each minute, to keep them fresh. */
const repeatMs = 20_000;

/** What is remembered of a device's reports, by this process. */
interface Reports {
  /** As stored last, and when. */
  readonly facts: string;
  readonly takenMs: number;
  /** Changes that may be taken now, as of `takenMs`. */
  readonly credit: number;
  /** The newest word that waits for its turn. */
  waiting: PostureFacts | undefined;
}

const remembered = new WeakMap<Organisation, Map<DeviceId, Reports>>();

/** Takes a report now, or its device's newest in a while. */
export async function reportPosture(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
  facts: PostureFacts,
): Promise<void> {
  const nowMs = context.now();
  const reports = reportsOf(context.organisation(organisation));
  const last = reports.get(device);
  const text = JSON.stringify(knownFacts(facts));
  const credit = last === undefined ? burst : creditOf(last, nowMs);
  const isNews = last?.facts !== text;
  if (last !== undefined) {
    const isWaiting = last.waiting !== undefined;
    if (isWaiting || (isNews && credit < 1)) {
      last.waiting = facts;
      if (!isWaiting) takeLater(context, organisation, device, last, (1 - credit) * refillMs);
      return;
    }
    // A clock that was set back makes it no news for longer than that.
    if (!isNews && Math.abs(nowMs - last.takenMs) < repeatMs) return;
  }
  await take(context, organisation, device, facts, text);
  reports.set(device, {
    facts: text,
    takenMs: nowMs,
    credit: isNews ? credit - 1 : credit,
    waiting: undefined,
  });
}

function takeLater(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
  reports: Reports,
  inMs: number,
): void {
  context.atNextSweep(organisation, `posture ${device}`, context.now() + Math.ceil(inMs), () => {
    const { waiting } = reports;
    reports.waiting = undefined;
    if (waiting === undefined) return;
    reportPosture(context, organisation, device, waiting).catch((error: unknown) =>
      context.log.error({ err: error, device }, 'a posture report was not kept; the next one is'),
    );
  });
}

async function take(
  context: ControllerContext,
  organisation: OrganisationId,
  device: DeviceId,
  facts: PostureFacts,
  posture: string,
): Promise<void> {
  const serial = normalSerial(facts.serial ?? '');
  await context.organisation(organisation).commits.run((tx) =>
    tx
      .update('nodes')
      .set({
        posture,
        // The controller's own clock: a device cannot make its report younger than it is.
        posture_ms: context.now(),
        serial: serial === '' ? null : serial,
      })
      .where('id', '=', device)
      .execute(),
  );
  await context.publish(organisation, { kind: 'device', device });
}

function creditOf({ credit, takenMs }: Reports, nowMs: number): number {
  return Math.min(burst, credit + Math.max(0, nowMs - takenMs) / refillMs);
}

/** Devices that are remembered; the one that was added first gives way, and starts afresh. */
const maxDevices = 20_000;

function reportsOf(organisation: Organisation): Map<DeviceId, Reports> {
  const reports = remembered.get(organisation) ?? new Map<DeviceId, Reports>();
  remembered.set(organisation, reports);
  const [oldest] = reports.keys();
  if (reports.size > maxDevices && oldest !== undefined) reports.delete(oldest);
  return reports;
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
