/** Who speaks when a device asks for something that only people do: whoever is signed in on it. */
import type { DeviceId, Id } from '../../protocol/ids.ts';
import { reasonLine } from '../../protocol/reasons.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { withheldFrom } from '../decisions/entitlements.ts';
import { seatOf } from '../decisions/seat.ts';

/**
 * A device that may use nothing speaks for nobody: throws `not-authenticated` where the session is over, else `not-allowed`,
 * with the reason as `reasonLine` writes it.
 * @param serviceText what is said to a service account
 */
export async function personOnDevice(
  context: ControllerContext,
  { store, reader }: Organisation,
  device: DeviceId,
  serviceText: string,
): Promise<Id<'usr'>> {
  const state = await reader.current();
  const seat = await seatOf(store, state, device);
  if (seat === undefined || seat.subject.kind !== 'person')
    throw new ProblemError('not-allowed', serviceText);
  const withheld = withheldFrom(state, seat, context.now());
  if (withheld !== undefined)
    throw new ProblemError(
      withheld.name === 'session-ended' ? 'not-authenticated' : 'not-allowed',
      reasonLine(withheld),
    );
  return seat.subject.id as Id<'usr'>;
}
