import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlServer } from '../../controller/control/control-server.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testController, type TestController } from '../controller/support/controller.ts';
import { TestNode } from '../controller/support/node.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { retainedBytes } from '../support/retained-memory.ts';
import { settle } from '../support/settle.ts';

/** The controller as a node dials it, and every byte that the node has said to it, by channel. */
function tapped(controller: TestController): { controller: TestController; said: Buffer[][] } {
  const said: Buffer[][] = [];
  const control = {
    accept(carrier: Carrier, address: string): void {
      const heard: Buffer[] = [];
      said.push(heard);
      controller.control.accept(
        {
          write: (bytes) => carrier.write(bytes),
          pause: () => carrier.pause(),
          resume: () => carrier.resume(),
          close: (fault) => carrier.close(fault),
          start: (events) =>
            carrier.start({
              data(bytes) {
                heard.push(Buffer.from(bytes));
                events.data(bytes);
              },
              drain: () => events.drain(),
              closed: (fault) => events.closed(fault),
            }),
        },
        address,
      );
    },
  } satisfies Pick<ControlServer, 'accept'>;
  return { controller: { ...controller, control: control as unknown as ControlServer }, said };
}

/** A stranger who plays `messages` to the controller, as from `address`; what it answered, and how it ended. */
function play(controller: TestController, messages: readonly Buffer[], address: string) {
  const { left, right, toLeft } = memoryCarriers();
  const heard = { bytes: 0, ended: false };
  right.start({
    data: (bytes) => (heard.bytes += bytes.length),
    drain: () => {},
    closed: () => (heard.ended = true),
  });
  controller.control.accept(left, address);
  for (const message of messages) toLeft.inject(Buffer.from(message));
  return heard;
}

test('K5 K7 a replayed INIT achieves nothing at the controller: no record, no fencing, bounded memory', async (t) => {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const tap = tapped(controller);
  const device = new TestNode(tap.controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  // The live session: an INIT, a hello and a posture report of a process that is still there.
  await device.hello();
  const recorded = tap.said.at(-1)!;
  await settle();
  const audit = async () => (await controller.call('GET', '/api/v1/audit')).body;
  const devices = async () => (await controller.call('GET', '/api/v1/devices')).body;
  const [auditBefore, devicesBefore] = [await audit(), await devices()];
  assert.ok(auditBefore.includes(device.id), 'the audit log would show what the device does');
  const before = await retainedBytes();

  const replays = Array.from({ length: 300 }, (_, index) =>
    play(controller, recorded.slice(0, 1), `198.51.100.${index % 250}`),
  );
  await settle(10);
  assert.ok(replays.every(({ bytes, ended }) => bytes > 0 && !ended));
  const held = (await retainedBytes()) - before;
  assert.ok(held < 300 * 32_768, `${held / 300} bytes each`);
  assert.equal(controller.control.connected, 1);
  // With everything that the device said after it, in one piece or in many.
  const whole = [
    play(controller, recorded, '192.0.2.7'),
    play(controller, [Buffer.concat(recorded)], '192.0.2.8'),
  ];
  await settle(10);
  assert.ok(whole.every(({ ended }) => ended));
  await controller.time.pass(6_000);
  assert.ok(replays.every(({ ended }) => ended));

  assert.equal(controller.control.connected, 1);
  assert.equal(await audit(), auditBefore);
  assert.equal(await devices(), devicesBefore);
  assert.equal(device.closed, undefined);
  device.heard.length = 0;
  await controller.time.pass(6_000);
  assert.ok(device.last('beat') !== undefined, 'the live channel goes on');
  const left = (await retainedBytes()) - before;
  assert.ok(left < 2_000_000, `${left} bytes stay`);
});
