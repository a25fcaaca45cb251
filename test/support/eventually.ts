/** Waits for something that another process brings about and tells nobody: asks again until it is so. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * The first answer of `ask` that is not undefined, asking again every `everyMs`. Rejects with an Error that says `what`
 * was waited for after `timeoutMs`; what `ask` throws ends the wait at once.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { timeoutMs = 10_000, everyMs = 50 } = {},
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= until) throw new Error(`${what} did not come about within ${timeoutMs} ms`);
    await pause(everyMs);
  }
}
