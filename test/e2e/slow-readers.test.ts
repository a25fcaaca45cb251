import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowReaders } from '../support/slow-readers.ts';

const mb = 1e6;

test('REL-10 slow readers cost memory within a bound and nobody is lost, and short flows leave nothing', async () => {
  // What the fast one keeps of its speed, and 64 MB, are for the full length: npm run soak -- slow-readers.
  const found = await slowReaders({ flows: 100, seconds: 3, idleSeconds: 2, short: 300 });
  assert.equal(found.lost, '');
  assert.equal(found.answered, 300);
  for (const [program, bytes] of Object.entries(found.growth))
    assert.ok(bytes <= 128 * mb, `${program} held ${bytes / mb} MB above idle`);
  for (const [program, bytes] of Object.entries(found.leaked))
    assert.ok(bytes <= 16 * mb, `${program} kept ${bytes / mb} MB of short flows`);
});
