/**
 * Time and randomness as arguments, so that tests hold both in their hands. Programs pass `systemClock` and
 * `systemRandom`; nothing below the programs reads a clock or draws a byte by itself.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Monotonic milliseconds; says nothing about the time of day. */
  nowMs(): number;
  /** Runs `run` once after `ms` milliseconds; the returned function cancels it and may be called at any time. */
  after(ms: number, run: () => void): () => void;
}

/** Draws that many random bytes into a buffer of the caller's own. */
export type Random = (bytes: number) => Buffer;

/** What a timer of Node takes; it runs what lies further ahead at once. */
const longestMs = 2 ** 31 - 1;

/** The clock of this process. Its timers keep the process alive until they ran or were cancelled. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const wait = (leftMs: number): NodeJS.Timeout =>
      leftMs <= longestMs
        ? setTimeout(run, leftMs)
        : setTimeout(() => {
            timer = wait(leftMs - longestMs);
          }, longestMs);
    let timer = wait(ms);
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = (bytes) => randomBytes(bytes);
