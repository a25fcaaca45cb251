/** A name for which there should be a certificate: whether it is being tried, what went wrong, and when it is tried again. */
import { AcmeProblem, problemText } from './acme-problem.ts';

/** After a failure; three times as long after each further one, with jitter. CAs allow few failures an hour. */
const firstDelayMs = 60_000;
export const longestDelayMs = 3_600_000;

export class WantedName {
  readonly name: string;
  /** Epoch milliseconds before which it is not tried again. */
  notBeforeMs = 0;
  /** Under way, up to and with its order. */
  trying: Promise<void> | undefined;
  isOrdering = false;
  #failures = 0;
  #problem: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** What went wrong last, and what to do; undefined while nothing has. */
  get problem(): string | undefined {
    return this.#problem;
  }

  succeeded(): void {
    this.notBeforeMs = 0;
    this.#failures = 0;
    this.#problem = undefined;
  }

  /** @param fraction from 0 to 1, at random */
  failed(error: unknown, nowMs: number, fraction: number): void {
    this.#failures += 1;
    this.#problem = problemText(error);
    this.notBeforeMs = nowMs + tryAgainMs(this.#failures, error, fraction);
  }
}

/** How long to wait after so many failures in a row, the last of which was `error`. @param fraction from 0 to 1, at random */
export function tryAgainMs(failures: number, error: unknown, fraction: number): number {
  const delayMs = Math.min(firstDelayMs * 3 ** Math.min(failures - 1, 10), longestDelayMs);
  const asked = error instanceof AcmeProblem ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(delayMs * (0.75 + fraction / 2), asked);
}
