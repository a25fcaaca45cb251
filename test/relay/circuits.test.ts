import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { CircuitEnd } from '../support/circuit-end.ts';
import { labClient, labConnector, RelayLab, unknownId } from '../support/relay-lab.ts';
import { until } from '../support/until.ts';

const memoryBytes = 2 * 1_048_576;

let place: RelayLab;
const open: Attachment[] = [];

beforeEach(async () => {
  place = new RelayLab();
  place.memoryBytes = memoryBytes;
  await place.start();
});
afterEach(async () => {
  for (const attachment of open.splice(0)) attachment.close();
  await place.stop();
});

async function attach(
  node: Parameters<RelayLab['attachOptions']>[0],
  taken?: CircuitEnd[],
): Promise<Attachment> {
  const attachment = await attachToRelay({
    ...(await place.attachOptions(node)),
    ...(taken === undefined
      ? {}
      : { onCircuit: (carrier, from) => void taken.push(new CircuitEnd(carrier, from)) }),
  });
  open.push(attachment);
  return attachment;
}

test('a connector that takes no circuits looks to the caller like one that is not there', async () => {
  const connector = labConnector();
  await attach(connector);
  const caller = await attach(labClient());
  const refused = await new CircuitEnd(caller.openCircuit(connector.id)).closed;
  const absent = await new CircuitEnd(caller.openCircuit(unknownId('con'))).closed;
  assert.deepEqual(
    [refused?.code, refused?.message],
    ['no-peer', 'No connector of that network is attached.'],
  );
  assert.deepEqual([absent?.code, absent?.message], [refused?.code, refused?.message]);
  await until(() => place.relay.circuits === 0);
});

test('an end in order passes on what was written before it, and the circuit is gone on both sides', async () => {
  const connector = labConnector();
  const taken: CircuitEnd[] = [];
  await attach(connector, taken);
  const caller = new CircuitEnd((await attach(labClient())).openCircuit(connector.id));
  const bytes = Buffer.alloc(3_000_000, 'abcdefg');
  caller.write(bytes);
  await until(() => taken[0]?.received.length === bytes.length);
  const called = taken[0] as CircuitEnd;
  assert.ok(called.received.equals(bytes));
  called.write('answer');
  called.carrier.close();
  assert.equal(await caller.closed, undefined);
  assert.equal(caller.received.toString(), 'answer');
  await until(() => place.relay.circuits === 0);
});

test('a hop is spoken over its own subprotocol only', async () => {
  const socket = new WebSocket(`${place.url.replace('http', 'ws')}/hop`);
  const [error] = (await once(socket, 'error')) as [Error];
  assert.match(error.message, /400/);
});

test('REL-10 no more is held for stalled circuits than the relay was given: the fullest are cut, the others stand', async () => {
  const connector = labConnector();
  const taken: CircuitEnd[] = [];
  await attach(connector, taken);
  const caller = await attach(labClient());
  const stalled = Array.from({ length: 16 }, () => new CircuitEnd(caller.openCircuit(connector.id)));
  const lively = new CircuitEnd(caller.openCircuit(connector.id));
  await until(() => taken.length === 17);
  for (const end of stalled) end.carrier.pause();
  await Promise.all(taken.slice(0, 16).map((end) => end.fill(32, 500)));
  const cut = taken.filter((end) => end.fault?.code === 'limit').length;
  assert.ok(cut > 0 && cut < 16, `${cut} of 16 were cut`);
  taken[16]?.write('through');
  await until(() => lively.received.toString() === 'through');
});
