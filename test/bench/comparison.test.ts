/** What a bench's figures become: the median of the ratios, and a run that means nothing is void. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgePeer, median, type Round } from '../../bench/comparison.ts';
import { asJson, asTable } from '../../bench/report.ts';

const rounds: Round[] = [
  { ours: 3, peer: 2, reference: 40 },
  { ours: 2, peer: 2, reference: 40 },
  { ours: 8, peer: 2, reference: 40 },
];

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.throws(() => median([]));
});

test('the ratio is the median of the rounds’ ratios, with the least and the greatest beside it', () => {
  const json = asJson([{ name: 'a.b', unit: 'Gbit/s', rounds }]) as { ratios: object; rows: object[] };
  assert.deepEqual(json.ratios, { 'a.b': 1.5 });
  const [row] = json.rows as [{ min: number; max: number }];
  assert.deepEqual([row.min, row.max], [1, 4]);
  assert.match(asTable([{ name: 'a.b', unit: 'Gbit/s', rounds }]), /^a\.b +Gbit\/s .* 1\.50 +1\.00–4\.00$/m);
});

test('a peer below half its usual share of kernel TCP voids the run', () => {
  assert.doesNotThrow(() => judgePeer(rounds, 'the peer', 0.1));
  assert.throws(() => judgePeer(rounds, 'the peer', 0.11), /void: the peer reached 0\.0500 of kernel TCP/);
});
