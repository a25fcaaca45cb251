/** Waits for what real sockets do in their own time. */
import assert from 'node:assert/strict';

/** Resolves once `condition` holds; fails after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `not within 10 s: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
