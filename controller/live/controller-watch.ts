/**
 * Who of the controllers of one database runs. Each says so there; one that has stopped saying so may have died between a
 * change and what follows from it, so another does what is left to do. Asks no clock but its own.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../protocol/clock.ts';
import type { Store } from '../store/store.ts';
import type { Live } from './live.ts';
import type { SeenControllers } from './seen-controllers.ts';

const beatMs = 5_000;
const goneMs = 20_000;
/** So long one controller has for what another left. */
const turnMs = 60_000;

export interface ControllerWatchOptions {
  readonly store: Store;
  readonly live: Live;
  /** Of this controller. */
  readonly id: string;
  /** Where it is noted which others are there. */
  readonly seen: SeenControllers;
  /** Whether others may be there: without Redis this must be the only one. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Does what a controller that is gone may have left; may be done by several, and again. */
  readonly takeOver: () => Promise<void>;
}

export class ControllerWatch {
  readonly #options: ControllerWatchOptions;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(options: ControllerWatchOptions) {
    this.#options = options;
  }

  /** Puts this controller on the list; rejects when the store does not answer. */
  async start(): Promise<void> {
    await this.#beat();
    this.#schedule();
  }

  /** It stays on the list: another does what it had put off until later, once it counts as gone. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock, log } = this.#options;
    this.#cancel = clock.after(beatMs, () => {
      this.#beat()
        .catch((error: unknown) => log.error({ err: error }, 'the list of controllers could not be kept'))
        .finally(() => this.#schedule());
    });
  }

  async #beat(): Promise<void> {
    const { store, id, clock, seen } = this.#options;
    const counts = await store.beat(id);
    const nowMs = clock.nowMs();
    seen.keepOnly(counts);
    for (const [other, beats] of counts) {
      if (other === id || this.#isStopped) continue;
      const known = seen.get(other);
      if (known === undefined) seen.saw(other, { beats, sinceMs: nowMs });
      else if (known.beats !== beats) {
        seen.saw(other, { beats, sinceMs: nowMs });
        this.#notice();
      } else if (nowMs - known.sinceMs >= goneMs) await this.#follow(other, beats);
    }
  }

  #notice(): void {
    if (this.#options.isShared) return;
    this.#options.log.error(
      'another controller uses this database, and they hear nothing of each other; give both the same --redis',
    );
  }

  async #follow(other: string, beats: number): Promise<void> {
    const { store, live, log, takeOver } = this.#options;
    if (!(await live.turn(`gone ${other}`, turnMs))) return;
    log.info({ controller: other }, 'a controller is gone; what it left is done here');
    await takeOver();
    // After that: whoever dies meanwhile leaves it to the next.
    await store.forgetController(other, beats);
  }
}
