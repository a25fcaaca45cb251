/** A controller that ended between a change and its revocation takes the rest back when it starts again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { decideAll } from '../../controller/decisions/act-on-change.ts';
import { revocationsAfter } from '../../controller/decisions/revocations.ts';
import { setSuspended } from '../../controller/operator/suspension.ts';
import { watchOrganisations } from '../../controller/operator/watch-organisations.ts';
import { applyDocument } from '../../controller/organisation/apply-document.ts';
import { setDisabled } from '../../controller/people/disable.ts';
import { openDatabase } from '../../controller/store/database.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { newId, type Id, type NodeId } from '../../protocol/ids.ts';
import { testDatabase } from '../support/servers/test-database.ts';
import { acmeController } from './support/acme-controller.ts';
import type { TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

test('a right is decided anew after a crash between a change and its revocation', async (t) => {
  const controller = await acmeController(t);
  await TestNode.enrolled(controller, 'device');
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
  const controller = await acmeController(t);
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

test('REL-6: what the store failed to revoke after a change is revoked once it answers, though nobody asks again', async (t) => {
  const controller = await acmeController(t);
  const { context, time } = controller;
  const device = await TestNode.enrolled(controller, 'device');
  const { store, reader } = context.organisation(context.firstOrganisation);
  const session = (device.snapshot as DeviceSnapshot).session.id;
  const [account] = (await reader.current()).serviceAccounts;
  assert.ok(account !== undefined);
  const disable = async (): Promise<boolean> =>
    setDisabled(context, context.firstOrganisation, account.id, true, { who: 'test' });
  const back = await withoutRevocations(controller);
  await assert.rejects(disable());
  // The change is there, and asking again does nothing.
  assert.equal(await disable(), true);
  await time.pass(3_000);
  await back();
  assert.equal((await revocationsAfter(store, 0)).length, 0);
  await time.pass(5_000);
  const revoked = (await revocationsAfter(store, 0)).flatMap(({ ids }) => ids);
  assert.ok(revoked.includes(session));
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, 'disabled', 'and its device is told why');
  const epoch = await store.epoch();
  await time.pass(60_000);
  assert.equal(await store.epoch(), epoch, 'once');
});

test('REL-6: a suspension whose revocations the store failed to take ends everything once it answers', async (t) => {
  const controller = await acmeController(t);
  const { context, time } = controller;
  const device = await TestNode.enrolled(controller, 'device');
  const id = context.firstOrganisation;
  const { store } = context.organisation(id);
  const issued = await store
    .select('issued_tokens')
    .select('id')
    .where('node', '=', device.id as NodeId)
    .execute();
  assert.ok(issued.length > 0);
  const stop = watchOrganisations(context, { addressed: () => undefined });
  t.after(() => stop());
  const back = await withoutRevocations(controller);
  await setSuspended(context.store, id, true, { nowMs: time.ms, who: 'test' });
  await time.pass(1_000);
  assert.equal((await store.select('issued_tokens').select('id').execute()).length, issued.length);
  await back();
  await time.pass(5_000);
  const revoked = (await revocationsAfter(store, 0)).flatMap(({ ids }) => ids);
  for (const { id: token } of issued) assert.ok(revoked.includes(token), `${token} is not revoked`);
});

/** Nothing can be revoked until `back` is called: the store says so to whoever tries. */
async function withoutRevocations({ directory }: TestController): Promise<() => Promise<void>> {
  const database = await openDatabase({ directory, url: await testDatabase(directory) });
  const rename = async (from: string, to: string): Promise<void> => {
    await sql.raw(`alter table ${from} rename to ${to}`).execute(database.db);
  };
  await rename('revocations', 'revocations_away');
  return async () => {
    await rename('revocations_away', 'revocations');
    await database.close();
  };
}
