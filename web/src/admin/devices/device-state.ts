/** How a device stands with its organisation, in one word. */
import type { DeviceEntry } from '../../../../protocol/inventory.ts';

export type DeviceState = 'active' | 'held' | 'suspended' | 'blocked';

export const stateLooks = {
  active: { tone: 'good', text: 'Let in' },
  held: { tone: 'wait', text: 'Waits for approval' },
  suspended: { tone: 'bad', text: 'Suspended' },
  blocked: { tone: 'bad', text: 'Blocked' },
} as const;

export function deviceState({ state, approval }: Pick<DeviceEntry, 'state' | 'approval'>): DeviceState {
  if (state !== 'active') return state;
  return approval === 'held' ? 'held' : 'active';
}
