/**
 * Several ways to the same end, tried one after the other without waiting long for any of them: the next begins when one
 * fails, or has not answered for a while. The first that succeeds is taken; what succeeds after it is given back.
 */
import type { Clock } from '../../protocol/clock.ts';
import { toFault, type Fault } from '../../protocol/errors.ts';

export interface FirstOf<Way, Result> {
  readonly ways: readonly Way[];
  /** Rejects when it leads nowhere. */
  attempt(way: Way): Promise<Result>;
  /** For a result that came too late. */
  discard(result: Result): void;
  /** How long one way is waited for alone. */
  readonly staggerMs: number;
  readonly clock: Clock;
  /** Ends it without a result: there are other ways by now. */
  readonly signal?: AbortSignal;
}

/** Resolves with what succeeded first, or with the Fault of the last that failed; undefined when there was no way. */
export function firstOf<Way, Result>(
  options: FirstOf<Way, Result>,
): Promise<{ readonly way: Way; readonly result: Result } | Fault | undefined> {
  const { ways, clock, staggerMs } = options;
  return new Promise((resolve) => {
    let begun = 0;
    let failed = 0;
    let isOver = false;
    let cancel: () => void = () => undefined;
    const end = (outcome: { way: Way; result: Result } | Fault | undefined): void => {
      isOver = true;
      cancel();
      resolve(outcome);
    };
    const lose = (error: unknown): void => {
      failed += 1;
      if (isOver) return;
      if (failed === ways.length) return end(toFault(error));
      // Others that were begun may still answer; the next does not wait for them.
      if (begun === ways.length) return undefined;
      return begin();
    };
    const begin = (): void => {
      cancel();
      const way = ways[begun];
      if (isOver || way === undefined) return;
      begun += 1;
      cancel = clock.after(staggerMs, begin);
      options
        .attempt(way)
        .then((result) => (isOver ? options.discard(result) : end({ way, result })))
        .catch(lose);
    };
    options.signal?.addEventListener('abort', () => {
      if (!isOver) end(undefined);
    });
    if (ways.length === 0) end(undefined);
    else begin();
  });
}
