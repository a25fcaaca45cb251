/** How often a source of verdicts is asked, and how long it is left alone after failures. */
import { parseDuration } from '../../protocol/durations.ts';

export const defaultEveryMs = 60_000;
/** After failures it is asked ever more rarely, up to this, or to its own interval where that is longer. */
const longestBackOffMs = 15 * 60_000;

/** Milliseconds until the next question. `failures`: how many in a row there were. */
export function nextPollMs(every: string | undefined, failures: number): number {
  const everyMs = (every === undefined ? undefined : parseDuration(every)) ?? defaultEveryMs;
  return Math.min(everyMs * 2 ** Math.min(failures, 16), Math.max(longestBackOffMs, everyMs));
}
