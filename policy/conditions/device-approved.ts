/** `deviceApproved: true`: an administrator approved the device, or it needed no approval. */
import type { Condition, Verdict } from './condition.ts';

const approved: Verdict = { met: true, reason: 'device-approved' };
const notApproved: Verdict = { met: false, reason: 'device-not-approved' };

const absent: Verdict = { met: false, reason: 'device-needed' };

export function deviceApprovedCondition(): Condition {
  return {
    name: 'deviceApproved',
    judge: ({ device }) => (device.approved ? approved : device.absent === true ? absent : notApproved),
    nextChangeMs: () => Number.POSITIVE_INFINITY,
  };
}
