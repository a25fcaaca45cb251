/**
 * A device that reports its posture without end makes the controller decide a few times a minute and no more, loses none of
 * its last words, and is nobody else's matter.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { testController, type TestController } from '../controller/support/controller.ts';
import { healthyDatabases } from '../controller/support/document.ts';
import { TestNode } from '../controller/support/node.ts';
import { eventually } from '../support/eventually.ts';

interface World {
  readonly controller: TestController;
  readonly device: TestNode;
  /** Reports a version of the kernel, of which those from 6 on are healthy. */
  readonly report: (osVersion: string) => void;
  /** How often the device was decided anew. */
  readonly decided: () => number;
  readonly state: (snapshot: DeviceSnapshot) => string | undefined;
}

async function world(t: TestContext): Promise<World> {
  const controller = await testController(t);
  const document = healthyDatabases();
  assert.equal((await controller.call('PUT', '/api/v1/document', document)).statusCode, 200);
  const device = await TestNode.enrolled(controller, 'device');
  let decided = 0;
  t.after(
    controller.context.bus.subscribe((_organisation, message) => {
      if (message.kind === 'devices' && message.devices.includes(device.id as never)) decided += 1;
    }),
  );
  let seq = 0;
  return {
    controller,
    device,
    report(osVersion) {
      seq += 1;
      device.send({ t: 'posture', seq, at: 0, facts: { os: 'linux', osVersion, clientVersion: '0.1.0' } });
    },
    decided: () => decided,
    state: ({ resources }) => Object.values(resources).find(({ name }) => name === 'databases')?.state,
  };
}

test('a posture that is repeated without end is decided once, and kept fresh', async (t) => {
  const { controller, device, report, decided, state } = await world(t);
  for (let turn = 0; turn < 100; turn += 1) report('6.1.0');
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => state(snapshot) === 'granted');
  await controller.time.pass(1_000);
  assert.equal(decided(), 1);
  // The report of each minute is heard, or the facts would grow too old.
  const before = await postureMs(controller);
  await controller.time.pass(60_000);
  report('6.1.0');
  await eventually('a decision by the facts of now', async () =>
    decided() > 1 && (await postureMs(controller)) > before ? true : undefined,
  );
  assert.equal(decided(), 2);
});

test('a posture that changes without end is decided a few times, and its last word counts', async (t) => {
  const { controller, device, report, decided, state } = await world(t);
  const other = await TestNode.enrolled(controller, 'device');
  for (let turn = 0; turn < 200; turn += 1) report(turn % 2 === 0 ? '6.1.0' : '5.4.0');
  report('6.2.0');
  await eventually('the first are taken', async () => (decided() >= 12 ? true : undefined));
  // Another device is heard at once.
  other.send({
    t: 'posture',
    seq: 1,
    at: 0,
    facts: { os: 'linux', osVersion: '6.1.0', clientVersion: '0.1.0' },
  });
  await other.untilSnapshot<DeviceSnapshot>((snapshot) => state(snapshot) === 'granted');
  assert.equal(decided(), 12);
  await controller.time.pass(5_000);
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => state(snapshot) === 'granted');
  assert.equal(decided(), 13);
  for (let second = 0; second < 60; second += 1) {
    report(second % 2 === 0 ? '5.4.0' : '6.1.0');
    await controller.time.pass(1_000);
  }
  assert.ok(decided() <= 13 + 13, `${decided()} times`);
  report('5.4.1');
  await controller.time.pass(10_000);
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => state(snapshot) === 'refused');
});

async function postureMs({ context }: TestController): Promise<number> {
  const { store } = context.organisation(context.firstOrganisation);
  const row = await store
    .select('nodes')
    .select('posture_ms')
    .where('kind', '=', 'device')
    .executeTakeFirst();
  return row?.posture_ms ?? 0;
}
