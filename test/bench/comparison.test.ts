/** What a bench's figures become: the median of the ratios, and a run that means nothing is void. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgePeer, median, quantile, type Result, type Round } from '../../bench/comparison.ts';
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
  const result: Result = { kind: 'ratio', name: 'a.b', unit: 'Gbit/s', rounds };
  const json = asJson([result]) as { ratios: object; rows: object[] };
  assert.deepEqual(json.ratios, { 'a.b': 1.5 });
  const [row] = json.rows as [{ min: number; max: number }];
  assert.deepEqual([row.min, row.max], [1, 4]);
  assert.match(asTable([result]), /^a\.b +Gbit\/s .* 1\.50 +1\.00–4\.00$/m);
});

test('a figure of ours alone stands among the rows, and is no ratio', () => {
  const result: Result = { kind: 'figure', name: 'c.MB', unit: 'MB', values: [80, 120, 90] };
  assert.deepEqual(asJson([result]), {
    schema: 'postern.bench/v1',
    ratios: {},
    rows: [{ name: 'c.MB', unit: 'MB', value: 90, min: 80, max: 120 }],
  });
  assert.match(asTable([result]), /^c\.MB +MB +90\.00 +80\.00–120$/m);
});

test('a quantile lies between two values by their distance', () => {
  const hundred = Array.from({ length: 101 }, (_, index) => index);
  assert.equal(quantile(hundred, 0.99), 99);
  assert.equal(quantile([0, 10], 0.75), 7.5);
});

test('a peer below half its usual share of kernel TCP voids the run', () => {
  const taken = rounds.map(({ peer }) => ({ peer, kernel: 40 }));
  assert.doesNotThrow(() => judgePeer(taken, 'the peer', 0.1));
  assert.throws(() => judgePeer(taken, 'the peer', 0.11), /void: the peer reached 0\.0500 of kernel TCP/);
});
