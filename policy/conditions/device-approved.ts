/** `deviceApproved: true`: an administrator approved the device, or it needed no approval. */
import type { Condition } from './condition.ts';

export function deviceApprovedCondition(): Condition {
  return ({ device }) =>
    device.approved
      ? { met: true, reason: 'device-approved' }
      : { met: false, reason: 'device-not-approved' };
}
