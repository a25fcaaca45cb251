import type { SystemCollectors } from '../collector.ts';
export const windows: SystemCollectors = {
  os: 'windows',
  always: async () => ({}),
  checks: {},
  watched: async () => [],
};
