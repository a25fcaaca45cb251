import type { SystemCollectors } from '../collector.ts';
export const macos: SystemCollectors = {
  os: 'macos',
  always: async () => ({}),
  checks: {},
  watched: async () => [],
};
