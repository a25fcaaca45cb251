/** SEC-A17 over many mixed requests; at full length by `npm run soak -- web-canary`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { times } from '../support/length.ts';
import { twoPeople } from '../support/web-canary.ts';

test('SEC-A17: of many mixed, cut and irregular exchanges none gives a person what was for another', async () => {
  const count = times(900, 100_000);
  const { sent, whole, leaks } = await twoPeople(count);
  assert.deepEqual(leaks, []);
  assert.equal(Object.keys(sent).length, 10);
  // What is cut on purpose aside, most came through: the run tested something.
  assert.ok(whole > count / 2, `${whole} of ${count} came whole`);
});
