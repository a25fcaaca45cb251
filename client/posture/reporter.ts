/** Sends what this device reports: when a channel opens, when something changed, and each minute so that it stays fresh. */
import type { Posture } from '../../protocol/control.ts';
import { readFacts } from './facts.ts';

const everyMs = 60_000;

export class PostureReporter {
  readonly #send: (message: Posture) => boolean;
  readonly #wallClock: () => number;
  #timer: NodeJS.Timeout | undefined;
  #seq = 0;

  /** @param send false when there is no channel; the next report comes anyway */
  constructor(send: (message: Posture) => boolean, wallClock: () => number) {
    this.#send = send;
    this.#wallClock = wallClock;
  }

  /** Reports now and from now on. */
  start(): void {
    this.stop();
    void this.#report();
    this.#timer = setInterval(() => void this.#report(), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #report(): Promise<void> {
    const facts = await readFacts();
    if (facts === undefined) return;
    this.#send({ t: 'posture', seq: this.#seq, at: Math.floor(this.#wallClock() / 1_000), facts });
    this.#seq += 1;
  }
}
