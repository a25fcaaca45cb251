/** What this machine runs, as remedies are told apart; undefined where none is written for it. */
import type { System } from '../protocol/reasons.ts';

const systems: Readonly<Partial<Record<NodeJS.Platform, System>>> = {
  linux: 'linux',
  darwin: 'macos',
  win32: 'windows',
};

export const thisSystem = systems[process.platform];
