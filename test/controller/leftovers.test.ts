/** A controller that ended between a change and its revocation takes the rest back when it starts again. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decideAll } from '../../controller/decisions/act-on-change.ts';
import { revocationsAfter } from '../../controller/decisions/revocations.ts';
import { applyDocument } from '../../controller/organisation/apply-document.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { newId, type Id, type NodeId } from '../../protocol/ids.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

async function acme(t: TestContext): Promise<TestController> {
  const controller = await testController(t);
  const applied = await controller.call('PUT', '/api/v1/document', acmeDocument());
  assert.equal(applied.statusCode, 200, applied.body);
  return controller;
}

test('a right is decided anew after a crash between a change and its revocation', async (t) => {
  const controller = await acme(t);
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  const { context } = controller;
  const { store } = context.organisation(context.firstOrganisation);
  const document = acmeDocument();
  document.policies = [];
  await applyDocument(store, document, {
    secretKey: context.secretKey,
    random: context.random,
    nowMs: context.now(),
    who: 'x',
  });
  assert.equal((await revocationsAfter(store, 0)).length, 0);
  await decideAll(context, context.firstOrganisation);
  assert.equal((await revocationsAfter(store, 0))[0]?.ids.length, 2);
});

test('after a crash between a removal and its revocation nothing of what was removed is honoured', async (t) => {
  const controller = await acme(t);
  const [connector, gone, ended, orphan] = [
    new TestNode(controller, 'connector'),
    new TestNode(controller, 'device'),
    new TestNode(controller, 'device'),
    new TestNode(controller, 'device'),
  ];
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  for (const device of [gone, ended, orphan])
    await device.enrol({ secret: await controller.key('service', 'ci') });
  const { context } = controller;
  const { store } = context.organisation(context.firstOrganisation);
  const sessionOf = (node: TestNode): string => (node.snapshot as DeviceSnapshot).session.id;
  // Each as its own transaction leaves it when the process ends before the next one.
  await store
    .delete('nodes')
    .where('id', '=', connector.id as NodeId)
    .execute();
  await store
    .delete('nodes')
    .where('id', '=', gone.id as NodeId)
    .execute();
  const over = { ended_ms: context.now(), ended_reason: 'logout' };
  await store
    .update('sessions')
    .set(over)
    .where('id', '=', sessionOf(ended) as Id<'ses'>)
    .execute();
  await store
    .update('sessions')
    .set({ subject: newId('svc', context.random(16)) })
    .where('id', '=', sessionOf(orphan) as Id<'ses'>)
    .execute();
  await decideAll(context, context.firstOrganisation);
  const revoked = (await revocationsAfter(store, 0)).flatMap(({ ids }) => ids);
  for (const id of [connector.id, gone.id, sessionOf(ended), sessionOf(orphan)])
    assert.ok(revoked.includes(id), `${id} is not revoked`);
  assert.ok(!revoked.includes(ended.id));
  assert.equal((await store.select('issued_tokens').select('id').execute()).length, 0);
  const epoch = await store.epoch();
  await decideAll(context, context.firstOrganisation);
  assert.equal(await store.epoch(), epoch, 'a second start finds nothing');
});
