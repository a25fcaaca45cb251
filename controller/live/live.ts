/**
 * What is live, between all controllers that serve the same records: news, who is connected, failures that are counted,
 * values that are taken once. Two implementations: `memory-live.ts` for one controller, `redis-live.ts` for several. None
 * of it is the only copy of anything that must last: that is in the store, where whoever missed news finds it.
 */
import type { OrganisationId } from '../../protocol/ids.ts';
import type { Throttle } from '../throttle.ts';
import type { Bus } from './bus.ts';
import type { KeptValues } from './kept-values.ts';
import type { Loads } from './loads.ts';
import type { Presence } from './presence.ts';

export interface Limits {
  /** So many failures within the window lock the key. */
  readonly limit: number;
  readonly windowMs: number;
}

export interface Live {
  readonly bus: Bus;
  readonly presence: Presence;
  /** What processes everywhere have and want of what their organisations may have at most. */
  readonly loads: Loads;
  /** A throttle whose failures count at every controller, under a name that is its own. */
  throttle(name: string, limits: Limits): Throttle;
  /** Values that one controller keeps and the same or another takes out. */
  kept<T extends object>(name: string, lifeMs: number): KeptValues<T>;
  /**
   * Whether this controller is the one to do what all would do otherwise, for so long. Saves work and guards nothing:
   * when it cannot be known, everyone is told yes.
   */
  turn(name: string, lifeMs: number): Promise<boolean>;
  readonly kind: 'memory' | 'redis';
  /** How long a question takes there and back; undefined where there is nothing to ask, or no answer. */
  roundTripMs(): Promise<number | undefined>;
  /** Whether news reach all controllers now; alone, always. */
  readonly isWhole: boolean;
  /** Calls `handler` whenever news may have been missed: what is shown to nodes has to be looked at anew. */
  onMissed(handler: () => void): () => void;
  close(): Promise<void>;
}

/** What a live of several controllers needs of the records, beside `Taken`. */
export interface Unheard {
  /** Notes in the store that news of this organisation did not reach everyone. */
  (organisation: OrganisationId): void;
}

/**
 * Notes in the store that a value was taken, under a hash that is its own, until `untilMs` (epoch); false when it had been
 * before. Redis alone may forget it.
 */
export interface Taken {
  (hash: string, untilMs: number): Promise<boolean>;
}
