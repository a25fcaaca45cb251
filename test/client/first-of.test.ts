import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstOf } from '../../client/tunnel/first-of.ts';
import { Fault } from '../../protocol/errors.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Ways that the test lets succeed or fail. */
class Attempts {
  readonly clock = new VirtualClock();
  readonly begun: string[] = [];
  readonly discarded: string[] = [];
  readonly #open = new Map<string, PromiseWithResolvers<string>>();

  run(ways: readonly string[]): ReturnType<typeof firstOf<string, string>> {
    return firstOf({
      ways,
      attempt: (way) => {
        this.begun.push(way);
        const attempt = Promise.withResolvers<string>();
        this.#open.set(way, attempt);
        return attempt.promise;
      },
      discard: (result) => this.discarded.push(result),
      staggerMs: 500,
      clock: this.clock,
    });
  }

  succeed(way: string): void {
    this.#open.get(way)?.resolve(`over ${way}`);
  }

  fail(way: string): void {
    this.#open.get(way)?.reject(new Fault('no-peer'));
  }
}

test('the next way begins when one fails, and after half a second of silence at the latest', async () => {
  const attempts = new Attempts();
  const outcome = attempts.run(['a', 'b', 'c']);
  assert.deepEqual(attempts.begun, ['a']);
  attempts.fail('a');
  await settle();
  assert.deepEqual(attempts.begun, ['a', 'b']);
  attempts.clock.advance(499);
  assert.deepEqual(attempts.begun, ['a', 'b']);
  attempts.clock.advance(1);
  assert.deepEqual(attempts.begun, ['a', 'b', 'c']);
  attempts.succeed('b');
  assert.deepEqual(await outcome, { way: 'b', result: 'over b' });
  attempts.succeed('c');
  await settle();
  assert.deepEqual(attempts.discarded, ['over c'], 'what comes too late is given back');
  assert.equal(attempts.clock.pending, 0);
});

test('without a way there is nothing, and of failures the last is told', async () => {
  assert.equal(await new Attempts().run([]), undefined);
  const attempts = new Attempts();
  const outcome = attempts.run(['a', 'b']);
  attempts.clock.advance(500);
  attempts.fail('b');
  await settle();
  attempts.fail('a');
  assert.equal(((await outcome) as Fault).code, 'no-peer');
  assert.equal(attempts.clock.pending, 0);
});
