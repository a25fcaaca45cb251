import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEmbeddedRelay, removeEmbeddedRelay } from '../../controller/embedded-relay.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { Id } from '../../protocol/ids.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

test('the embedded relay is listed at the controller, keeps its id over a restart and cannot be removed', async (t) => {
  const controller = await testController(t);
  const first = await openEmbeddedRelay(controller.context, () => undefined);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const device = await TestNode.enrolled(controller, 'device');
  assert.deepEqual((device.snapshot as DeviceSnapshot).relays, {
    [first.id]: { id: first.id, url: 'https://access.acme.example:8443' },
  });
  first.stop();
  const second = await openEmbeddedRelay(controller.context, () => undefined);
  assert.equal(second.id, first.id);
  assert.equal((await controller.call('DELETE', `/api/v1/relays/${first.id}`)).statusCode, 409);
  second.stop();
  await removeEmbeddedRelay(controller.context);
  assert.deepEqual((await controller.call('GET', '/api/v1/relays')).json(), []);
  const stranger = new TestNode(controller, 'relay');
  stranger.id = first.id;
  await stranger.hello();
  assert.equal(stranger.last('fault')?.code, 'revoked');
});

test('its lease hears of a revocation at once, and of those from before its start', async (t) => {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const session = async (): Promise<Id<'ses'>> => {
    const device = await TestNode.enrolled(controller, 'device');
    return (device.snapshot as DeviceSnapshot).session.id as Id<'ses'>;
  };
  const before = await session();
  await controller.call('DELETE', `/api/v1/sessions/${before}`);
  let changes = 0;
  const relay = await openEmbeddedRelay(controller.context, () => (changes += 1));
  assert.ok(relay.lease.isRevoked(before));
  assert.ok(relay.lease.inContact());
  const open = await session();
  assert.equal(changes, 0);
  await controller.call('DELETE', `/api/v1/sessions/${open}`);
  assert.equal(changes, 1);
  assert.ok(relay.lease.isRevoked(open));
  await controller.time.pass(60_000);
  assert.ok(relay.lease.inContact());
  relay.stop();
  await controller.time.pass(16_000);
  assert.equal(relay.lease.inContact(), false);
});
