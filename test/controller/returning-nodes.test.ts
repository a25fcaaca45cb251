/** Nodes that come back at the same time: what they write shares commits, and each is judged as if it came alone. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { admitNode } from '../../controller/control/admit-node.ts';
import { ScopedStore } from '../../controller/store/scoped-store.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { encodeKey, newAgreementKey, newSigningKey, sign } from '../../protocol/keys.ts';
import type { Hello } from '../../protocol/control.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { NodeId } from '../../protocol/ids.ts';
import { settle } from '../support/settle.ts';
import { acmeController } from './support/acme-controller.ts';
import type { TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

async function connectors(controller: TestController, count: number): Promise<TestNode[]> {
  const nodes: TestNode[] = [];
  for (let made = 0; made < count; made += 1) {
    const node = new TestNode(controller, 'connector');
    await node.enrol({ secret: await controller.key('connector', made % 2 === 0 ? 'hq' : 'lab') });
    nodes.push(node);
  }
  for (const node of nodes) node.close();
  await settle();
  return nodes;
}

/** Counts the transactions of every organisation from now on. */
function countTransactions(t: TestContext): { begun: number } {
  const counted = { begun: 0 };
  const own = Object.getOwnPropertyDescriptor(ScopedStore.prototype, 'transaction');
  assert.ok(own !== undefined);
  const asked = own.value as (this: ScopedStore, ...given: unknown[]) => unknown;
  Object.defineProperty(ScopedStore.prototype, 'transaction', {
    ...own,
    value(this: ScopedStore, ...given: unknown[]) {
      counted.begun += 1;
      return asked.apply(this, given);
    },
  });
  t.after(() => Object.defineProperty(ScopedStore.prototype, 'transaction', own));
  return counted;
}

test('connectors that say hello at once share transactions, and each has a channel and a picture of its own', async (t) => {
  const controller = await acmeController(t);
  const nodes = await connectors(controller, 24);
  const counted = countTransactions(t);
  await Promise.all(nodes.map((node) => node.hello()));
  for (const [place, node] of nodes.entries()) {
    const snapshot = node.snapshot as ConnectorSnapshot | undefined;
    assert.equal(snapshot?.network.name, place % 2 === 0 ? 'hq' : 'lab');
    assert.equal(Object.keys(snapshot.peers).length, 11);
    assert.ok(!(node.id in snapshot.peers));
    assert.equal(node.all('tickets').length, 1);
  }
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const channels = await store.select('channels').select(['node', 'number']).execute();
  assert.deepEqual(
    new Map(channels.map(({ node, number }) => [node as string, number])),
    new Map(nodes.map(({ id }) => [id, 2])),
  );
  // Alone each would take one to be let in and one to be looked at.
  assert.ok(counted.begun <= nodes.length / 2, `${counted.begun} transactions`);
});

/** A transaction of the organisation for which all others wait, until it goes on. */
function hold(store: ScopedStore): { goOn: () => void; holding: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { goOn: resolve, holding: store.transaction(() => promise) };
}

test('a node that goes while its hello waits for others is not listed', async (t) => {
  const controller = await acmeController(t);
  const [node] = (await connectors(controller, 1)) as [TestNode];
  const { context, control } = controller;
  const { store } = context.organisation(context.firstOrganisation);
  const { goOn, holding } = hold(store);
  await node.connect();
  node.send(node.helloMessage());
  await settle();
  node.close();
  await settle();
  goOn();
  await holding;
  await settle();
  assert.equal(control.connected, 0);
  assert.ok(!context.presence.isOnline(node.id as NodeId));
  await node.hello();
  assert.equal(control.connected, 1);
});

/** A hello of this node as the controller's admission sees it, with a handshake of its own. */
function helloOf(
  { id, machineKey, nodeKey }: Pick<TestNode, 'id' | 'machineKey' | 'nodeKey'>,
  change: Partial<Hello> = {},
): Parameters<typeof admitNode> extends [unknown, ...infer Rest] ? Rest : never {
  const handshakeHash = systemRandom(32);
  const hello: Hello = {
    t: 'hello',
    kind: 'connector',
    node: id,
    boot: systemRandom(16).toString('base64url'),
    version: '0.1.0',
    mk: encodeKey(machineKey.publicKey),
    sig: sign(machineKey, 'control', [handshakeHash]).toString('base64url'),
    ...change,
  };
  return [hello, { peerKey: nodeKey.publicKey, handshakeHash, address: '192.0.2.1' }];
}

test('of hellos that share a commit each is judged alone: strangers, other keys, and one that comes twice', async (t) => {
  const { context, ...controller } = await acmeController(t);
  const [first, second] = (await connectors({ context, ...controller }, 2)) as [TestNode, TestNode];
  const { machineKey, nodeKey } = first;
  const admissions = await Promise.all([
    admitNode(context, ...helloOf(first)),
    admitNode(context, ...helloOf(first, { sig: Buffer.alloc(64).toString('base64url') })),
    admitNode(context, ...helloOf({ id: first.id, machineKey, nodeKey: newAgreementKey() })),
    admitNode(context, ...helloOf({ id: first.id, machineKey: newSigningKey(), nodeKey })),
    admitNode(context, ...helloOf(second)),
    admitNode(context, ...helloOf(first)),
  ]);
  assert.deepEqual(
    admissions.map((admission) =>
      admission.state === 'admitted' ? [admission.node.id, admission.channel] : admission.state,
    ),
    [[first.id, 2], 'unknown', 'unknown', 'unknown', [second.id, 2], [first.id, 3]],
  );
});

test('a node that is blocked or removed while its hello waits for others is not let in', async (t) => {
  const { context, ...controller } = await acmeController(t);
  const [blocked, removed, other] = (await connectors({ context, ...controller }, 3)) as [
    TestNode,
    TestNode,
    TestNode,
  ];
  const { store } = context.organisation(context.firstOrganisation);
  const { goOn, holding } = hold(store);
  const states = [blocked, removed, other].map((node) => admitNode(context, ...helloOf(node)));
  await settle();
  const done = Promise.all([
    store
      .update('nodes')
      .set({ state: 'blocked' })
      .where('id', '=', blocked.id as NodeId)
      .execute(),
    store
      .delete('nodes')
      .where('id', '=', removed.id as NodeId)
      .execute(),
  ]);
  await settle();
  goOn();
  await Promise.all([holding, done]);
  assert.deepEqual(
    (await Promise.all(states)).map(({ state }) => state),
    ['blocked', 'unknown', 'admitted'],
  );
  const channels = await store
    .select('channels')
    .select('number')
    .where('node', '=', blocked.id as NodeId)
    .execute();
  assert.deepEqual(
    channels.map(({ number }) => number),
    [1],
  );
});
