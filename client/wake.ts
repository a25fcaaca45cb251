/**
 * Notices that this machine slept, within seconds of its waking: by how long it has been suspended in all, which no change of
 * the time of day touches. What has to be done then (posture, paths, what is due) is its owner's.
 */
import { readFileSync } from 'node:fs';
import type { Clock } from '../protocol/clock.ts';

export interface WakeOptions {
  /** Stands still while the machine sleeps, its timers with it. */
  readonly clock: Clock;
  /** How long the machine has been suspended in all, in milliseconds, from whatever beginning. */
  suspendedMs(): number;
  woke(): void;
}

/** How soon after a wake it is noticed, at the latest. */
const tickMs = 5_000;
/** Less is how coarsely the two clocks are read. */
const sleptMs = 2_000;

export class WakeWatch {
  readonly #options: WakeOptions;
  #suspendedMs = 0;
  #cancel: () => void = () => undefined;

  constructor(options: WakeOptions) {
    this.#options = options;
  }

  start(): void {
    this.#suspendedMs = this.#options.suspendedMs();
    this.#tick();
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    this.#cancel = this.#options.clock.after(tickMs, () => {
      const suspendedMs = this.#options.suspendedMs();
      const slept = suspendedMs - this.#suspendedMs > sleptMs;
      this.#suspendedMs = suspendedMs;
      this.#tick();
      if (slept) this.#options.woke();
    });
  }
}

/**
 * The suspend counter of this system. On Linux by CLOCK_BOOTTIME, which `/proc/uptime` shows, against CLOCK_MONOTONIC; where
 * that cannot be read by the time of day, for which setting the clock forward looks like a sleep.
 * @param monotonic milliseconds that stand still during a sleep
 * @param uptime the text of `/proc/uptime`; undefined where there is none
 */
export function suspendCounter(
  monotonic: Pick<Clock, 'nowMs'>,
  wallClock: () => number,
  uptime: () => string | undefined = readUptime,
): () => number {
  const bootMs = (): number | undefined => {
    const seconds = /^(\d+(?:\.\d+)?) /.exec(uptime() ?? '')?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1_000;
  };
  return bootMs() === undefined
    ? () => wallClock() - monotonic.nowMs()
    : () => (bootMs() ?? monotonic.nowMs()) - monotonic.nowMs();
}

function readUptime(): string | undefined {
  try {
    return readFileSync('/proc/uptime', 'latin1');
  } catch {
    return undefined;
  }
}
