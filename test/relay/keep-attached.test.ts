import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { retryDelayMs } from '../../protocol/link/backoff.ts';
import { keepAttached, type AttachState, type KeptAttachment } from '../../protocol/link/keep-attached.ts';
import { labClient, labConnector, RelayLab } from '../support/relay-lab.ts';

const kept: KeptAttachment[] = [];
const labs: RelayLab[] = [];
after(async () => {
  for (const one of kept) one.stop();
  for (const lab of labs) await lab.stop();
});

async function running(): Promise<RelayLab> {
  const lab = new RelayLab();
  labs.push(lab);
  await lab.start();
  return lab;
}

async function keep(lab: RelayLab, ticket?: () => string | undefined) {
  const node = labClient();
  const first = await node.ticket();
  const states: AttachState[] = [];
  const one = keepAttached({
    url: () => lab.url,
    ticket: ticket ?? (() => first),
    relayId: lab.relayId,
    machineKey: node.machineKey,
    clock: systemClock,
    random: systemRandom,
    onState: (state) => states.push(state),
  });
  kept.push(one);
  return { one, node, states };
}

test('a relay that stopped and came back is in use again within a second of listening', async () => {
  const lab = await running();
  const { one, states } = await keep(lab);
  const up = await one.whenUp(2_000);
  await lab.stop();
  await up.closed;
  assert.throws(
    () => one.openCircuit(labConnector().id),
    (error) => error instanceof Fault && error.code === 'unreachable',
  );
  while (!states.some((state) => state.state === 'dialling' && state.attempt >= 4)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await lab.start();
  const listening = performance.now();
  const attachment = await one.whenUp(1_000);
  assert.ok(performance.now() - listening <= 1_000);
  assert.equal(attachment.relayId, lab.relayId);
});

test('without a ticket it waits, and goes on at once when there is one', async () => {
  const lab = await running();
  const held: { ticket?: string } = {};
  const { one, node } = await keep(lab, () => held.ticket);
  assert.equal(one.state.state, 'waiting');
  held.ticket = await node.ticket();
  one.refresh();
  await one.whenUp(2_000);
  assert.equal(one.state.state, 'up');
});

test('stopping ends the attachment and every wait for it', async () => {
  const lab = await running();
  const { one } = await keep(lab);
  const { attachment } = { attachment: await one.whenUp(2_000) };
  one.stop();
  assert.equal((await attachment.closed).code, 'cancelled');
  await assert.rejects(one.whenUp(1_000), (error) => error instanceof Fault && error.code === 'cancelled');
  assert.equal(one.state.state, 'stopped');
});

test('a wait for a relay that is not there ends with timeout, and says what failed', async () => {
  const lab = await running();
  await lab.stop();
  const { one } = await keep(lab);
  await assert.rejects(one.whenUp(200), (error) => error instanceof Fault && error.code === 'timeout');
  assert.ok(one.state.state === 'dialling' && one.state.fault?.code === 'unreachable');
});

test('REL-5 retries are spread evenly below a ceiling: 250 ms first, 400 ms for a minute, then 10 s', () => {
  const drawn = (value: number) => () => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const largest = (attempt: number, downMs: number) =>
    Math.ceil(retryDelayMs(attempt, downMs, drawn(0xffff_ffff)));
  assert.deepEqual(
    [1, 2, 3, 30].map((attempt) => largest(attempt, 0)),
    [250, 400, 400, 400],
  );
  assert.equal(largest(30, 60_000), 10_000);
  assert.equal(retryDelayMs(5, 0, drawn(0)), 0);
  const delays = Array.from({ length: 4_000 }, () => retryDelayMs(3, 0, systemRandom));
  const buckets = [0, 0, 0];
  for (const delay of delays) buckets[Math.floor((delay * 3) / 400)]!++;
  for (const count of buckets) assert.ok(count > 1_150 && count < 1_520, buckets.join(' '));
});
