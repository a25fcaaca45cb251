/** What is live where there is one controller: all of it in this process. */
import { Throttle } from '../throttle.ts';
import { memoryBus } from './bus.ts';
import { MemoryKeptValues } from './kept-values.ts';
import type { Live } from './live.ts';
import { Loads } from './loads.ts';
import { Presence } from './presence.ts';

/** @param now epoch milliseconds */
export function memoryLive(now: () => number): Live {
  return {
    kind: 'memory',
    roundTripMs: async () => undefined,
    bus: memoryBus(),
    presence: new Presence(),
    loads: new Loads(),
    throttle: (_name, limits) => new Throttle({ ...limits, now }),
    kept: (_name, lifeMs) => new MemoryKeptValues(lifeMs, now),
    turn: async () => true,
    isWhole: true,
    onMissed: () => () => undefined,
    close: async () => undefined,
  };
}
