/**
 * Says ten and two minutes before a person's session ends that it will, once each. Asks no clock in between: a timer waits
 * for the next of the two, and whoever hears anew of the session (a snapshot, a contact that came back after the machine
 * slept) calls `follow` again. A session that was extended starts over.
 */
import type { Clock } from '../../protocol/clock.ts';

/** So long before the end, the first first. */
export const warningsMs = [10 * 60_000, 2 * 60_000] as const;

export interface FollowedSession {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly untilMs: number;
}

export interface SessionWarningsOptions {
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called with how long the session still lasts. */
  warn(leftMs: number): void;
}

export class SessionWarnings {
  readonly #options: SessionWarningsOptions;
  #session: FollowedSession | undefined;
  /** How many of the warnings this session has had, or is past. */
  #given = 0;
  #cancel: () => void = () => undefined;

  constructor(options: SessionWarningsOptions) {
    this.#options = options;
  }

  /** The session as it is known now; undefined when there is none that a person could renew. */
  follow(session: FollowedSession | undefined): void {
    const isSame = session?.id === this.#session?.id && session?.untilMs === this.#session?.untilMs;
    if (!isSame) this.#given = 0;
    this.#session = session;
    this.#look();
  }

  stop(): void {
    this.#cancel();
    this.#session = undefined;
  }

  #look(): void {
    this.#cancel();
    const session = this.#session;
    if (session === undefined) return;
    const leftMs = session.untilMs - this.#options.now();
    if (leftMs <= 0) return;
    const due = warningsMs.filter((warningMs) => leftMs <= warningMs).length;
    // After a sleep both may be due: the later one says it all.
    if (due > this.#given) {
      this.#given = due;
      this.#options.warn(leftMs);
    }
    const next = warningsMs[this.#given];
    if (next === undefined) return;
    this.#cancel = this.#options.clock.after(leftMs - next, () => this.#look());
  }
}
