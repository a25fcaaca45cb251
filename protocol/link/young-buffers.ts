/**
 * Frees the buffers of what has passed over a hop before there are so many of them that V8 collects its whole heap. It counts
 * memory outside the heap, but looks for what of it is free only when the young generation is full, which bytes alone hardly
 * fill, or in a full collection.
 */

/** V8 begins a full collection after 64 MiB; what passes lies in two to three buffers, one after the other. */
const everyBytes = 16 * 1_024 * 1_024;

/** A counter of bytes that came or went, which calls `collect` for each `everyBytes`. */
export function collectEvery(bytes: number, collect: () => void): (passed: number) => void {
  let waiting = 0;
  return (passed) => {
    waiting += passed;
    if (waiting < bytes) return;
    waiting = 0;
    collect();
  };
}

/** There with `--expose-gc`, which the launcher gives to programs that gain by it. */
const { gc } = globalThis;

/** So many bytes came or went. */
export const countPassed = collectEvery(everyBytes, () => gc?.({ type: 'minor', execution: 'sync' }));
