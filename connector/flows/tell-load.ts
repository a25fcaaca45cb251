/**
 * Tells the controller how many flows are open and whether one was refused for want of a share, so that connectors have the
 * organisation's limit together: each second where there is a limit, now and then otherwise, and only what is new.
 */
import type { FromNode } from '../../protocol/control.ts';
import type { FlowQuota } from './flow-quota.ts';

/** Timers are early and late by some. */
const leastMs = 900;
const unlimitedMs = 5_000;

export interface LoadTellerOptions {
  readonly quota: FlowQuota;
  isLimited(this: void): boolean;
  /** False when it did not go out. */
  send(this: void, message: FromNode): boolean;
}

export class LoadTeller {
  readonly #options: LoadTellerOptions;
  #told = -1;
  /** Whether the controller was told that one was refused: until it hears otherwise, it keeps room for more here. */
  #toldWants = false;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: LoadTellerOptions) {
    this.#options = options;
  }

  /** To be called about each second, with a clock that never goes back. */
  tell(nowMs: number): void {
    const { quota, isLimited, send } = this.#options;
    if (nowMs - this.#toldMs < (isLimited() ? leastMs : unlimitedMs)) return;
    const { flows, wants } = quota;
    if (flows === this.#told && !wants && !this.#toldWants) return;
    if (!send({ t: 'load', flows, wants })) return;
    [this.#told, this.#toldWants, this.#toldMs] = [flows, wants, nowMs];
    quota.isTold();
  }

  /** A conversation begins, with a controller that knows nothing. */
  restart(): void {
    [this.#told, this.#toldMs] = [-1, Number.NEGATIVE_INFINITY];
  }
}
