import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ConnectorBench, outcome, removeBenches } from './support/connector-bench.ts';

let bench: ConnectorBench;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  bench = new ConnectorBench(clock);
  await bench.start();
});
afterEach(() => bench.close());
after(removeBenches);

/** Replays these messages to the connector over a carrier of their own; how it ended so far. */
async function replay(messages: readonly Buffer[], source: string): Promise<{ state: string }> {
  const ended = { state: 'pending' };
  const { right, toRight } = memoryCarriers();
  bench.accept(right, source).then(
    () => (ended.state = 'accepted'),
    (error: unknown) => (ended.state = (error as { code: string }).code),
  );
  for (const message of messages) toRight.inject(Buffer.from(message));
  await settle(6);
  return ended;
}

test('K5 K7 a replayed INIT achieves nothing at the connector: no session, no record, and the live one goes on', async () => {
  const { session, pair } = await bench.dial([await bench.grant()]);
  const stream = session.openStream(bench.request());
  stream.write('before ');
  await stream.accepted();
  const recorded = [...pair.toRight.sent];
  const records = bench.records().length;
  const replays = await Promise.all(
    Array.from({ length: 200 }, () => replay(recorded.slice(0, 1), 'dev_copy')),
  );
  assert.deepEqual([...new Set(replays.map(({ state }) => state))].toSorted(), ['busy', 'pending']);
  // And with everything that followed it: the connector has other keys now.
  for (let index = 0; index < 10; index++) {
    assert.equal((await replay(recorded, 'dev_other')).state, 'protocol');
  }
  clock.advance(5_000);
  await settle();
  assert.deepEqual([...new Set(replays.map(({ state }) => state))].toSorted(), ['busy', 'timeout']);
  assert.equal(bench.served, 1);
  assert.equal(bench.records().length, records);
  stream.end('and after');
  const heard: Buffer[] = [];
  for await (const bytes of stream) heard.push(bytes as Buffer);
  assert.equal(Buffer.concat(heard).toString(), 'before and after');
  assert.equal(await outcome(session, bench.request()), 'accepted');
});

test('K5 what one session said is worth nothing in another of the same device', async () => {
  const first = await bench.dial([await bench.grant()]);
  await outcome(first.session, bench.request());
  const second = await bench.dial([await bench.grant()]);
  const said = first.pair.toRight.sent.at(-1)!;
  second.pair.toRight.inject(Buffer.from(said));
  await settle();
  assert.equal(second.session.hasPath, false);
  assert.equal(await outcome(first.session, bench.request()), 'accepted');
});
