import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { attachToRelay } from '../../protocol/link/attachment.ts';
import { keepAttached, type KeptAttachment } from '../../protocol/link/keep-attached.ts';
import { CircuitEnd } from '../support/circuit-end.ts';
import { labClient, labConnector, RelayLab, type LabNode } from '../support/relay-lab.ts';
import { until } from '../support/until.ts';
import type { ConnectorId, DeviceId } from '../../protocol/ids.ts';

let place: RelayLab;
const kept: KeptAttachment[] = [];

beforeEach(async () => {
  place = new RelayLab();
  await place.start();
});
afterEach(async () => {
  for (const one of kept.splice(0)) one.stop();
  await place.stop();
});

async function keep(
  node: LabNode<DeviceId | ConnectorId>,
  taken: CircuitEnd[] = [],
): Promise<KeptAttachment> {
  const ticket = await node.ticket();
  const one = keepAttached({
    relayId: place.relayId,
    url: () => place.url,
    ticket: () => ticket,
    machineKey: node.machineKey,
    onCircuit: (carrier, from) => void taken.push(new CircuitEnd(carrier, from)),
    clock: systemClock,
    random: systemRandom,
  });
  kept.push(one);
  await one.whenUp(5_000);
  return one;
}

test('REL-7 a relay that drains tells its nodes, takes nobody new, and is done when the last circuit has gone', async () => {
  const connector = labConnector();
  const taken: CircuitEnd[] = [];
  const called = await keep(connector, taken);
  const caller = await keep(labClient());
  const circuit = new CircuitEnd(caller.openCircuit(connector.id));
  await until(() => taken.length === 1);
  const progress = { isDone: false };
  const since = performance.now();
  const done = place.relay.drain().then(() => {
    progress.isDone = true;
  });
  await until(() => caller.state.state === 'draining' && called.state.state === 'draining');
  assert.throws(() => caller.openCircuit(connector.id), { code: 'unreachable' });
  await assert.rejects(attachToRelay(await place.attachOptions(labClient())), { code: 'unreachable' });
  circuit.write('still');
  await until(() => taken[0]?.received.toString() === 'still');
  assert.equal(progress.isDone, false);
  circuit.carrier.close();
  taken[0]?.carrier.close();
  await done;
  assert.ok(performance.now() - since < 1_500);
});

test('REL-7 a relay whose nodes cannot move waits a moment for them, and no longer', async () => {
  const connector = labConnector();
  const taken: CircuitEnd[] = [];
  await keep(connector, taken);
  const caller = await keep(labClient());
  void new CircuitEnd(caller.openCircuit(connector.id));
  await until(() => taken.length === 1);
  const since = performance.now();
  await place.relay.drain();
  const waitedMs = performance.now() - since;
  assert.ok(waitedMs >= 1_400 && waitedMs < 4_000, `${waitedMs} ms`);
  assert.equal(place.relay.circuits, 1);
});
