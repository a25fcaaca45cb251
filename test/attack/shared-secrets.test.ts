/**
 * SEC-G9: nothing that one node holds lets another in, and no key is for a whole organisation. Each is for one network,
 * relay or account, for a time and a number of uses, and each node has keys and tokens of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { encodeKey } from '../../protocol/keys.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testController } from '../controller/support/controller.ts';
import { TestNode } from '../controller/support/node.ts';

const purposes = [
  ['connector', 'hq', 'connector'],
  ['connector', 'lab', 'connector'],
  ['relay', 'r1', 'relay'],
  ['service', 'ci', 'device'],
  ['service', 'cd', 'device'],
] as const;

async function acme(t: Parameters<typeof testController>[0]) {
  const controller = await testController(t);
  const document = acmeDocument();
  const applied = await controller.call('PUT', '/api/v1/document', {
    ...document,
    serviceAccounts: [...(document.serviceAccounts ?? []), { name: 'cd', groups: ['automation'] }],
  });
  assert.equal(applied.statusCode, 200, applied.body);
  return controller;
}

test('SEC-G9 no secret, key or token that one node was given is another’s, and each token is bound to its own key', async (t) => {
  const controller = await acme(t);
  const nodes: TestNode[] = [];
  for (const [purpose, name, kind] of [...purposes, ...purposes]) {
    const node = new TestNode(controller, kind);
    const more = purpose === 'relay' ? { url: `https://${name}-${nodes.length}.acme.example` } : {};
    await node.enrol({ secret: await controller.key(purpose, name), ...more });
    assert.notEqual(node.id, '');
    nodes.push(node);
  }
  const tokens = nodes.flatMap((node) => [
    ...(node.last('tickets')?.list ?? []),
    ...(node.last('grants')?.list ?? []),
  ]);
  assert.ok(tokens.length >= 8);
  assert.equal(new Set(tokens).size, tokens.length);
  for (const node of nodes) {
    for (const ticket of node.last('tickets')?.list ?? [])
      assert.deepEqual(decodeJwt(ticket)['cnf'], { mk: encodeKey(node.machineKey.publicKey) });
    for (const grant of node.last('grants')?.list ?? [])
      assert.deepEqual(decodeJwt(grant)['cnf'], { nk: encodeKey(node.nodeKey.publicKey) });
  }
  // Nor does the store hold a secret that would do for two: every hash, key and token stands once.
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const rows = await store.select('nodes').select(['mk', 'nk']).execute();
  const keys = rows.flatMap(({ mk, nk }) => [mk, nk]);
  assert.equal(new Set(keys).size, keys.length);
  const hashes = await store.select('enrolment_keys').select(['hash', 'target']).execute();
  assert.equal(new Set(hashes.map(({ hash }) => hash)).size, hashes.length);
});

test('SEC-G9 a key lets in what it was made for, once and for a day unless more was asked, and goes alone when it is deleted', async (t) => {
  const controller = await acme(t);
  const join = async (secret: string, kind: 'connector' | 'relay' | 'device'): Promise<TestNode> => {
    const node = new TestNode(controller, kind);
    await node.enrol({ secret, ...(kind === 'relay' ? { url: 'https://r.acme.example' } : {}) });
    return node;
  };
  const keys = new Map<string, string>();
  for (const [purpose, name] of purposes) keys.set(name, await controller.key(purpose, name));
  // Never for another kind of node, and without being used up by the try.
  for (const [purpose, name, own] of purposes)
    for (const kind of ['connector', 'relay', 'device'] as const)
      if (kind !== own)
        assert.equal((await join(keys.get(name) ?? '', kind)).last('fault')?.code, 'denied', purpose);
  // Where it leads stands on the server: a key for one network joins that one, whatever the node says.
  const connector = await join(keys.get('lab') ?? '', 'connector');
  const snapshot = connector.snapshot;
  assert.ok(snapshot?.kind === 'connector' && snapshot.network.name === 'lab');
  assert.equal((await join(keys.get('lab') ?? '', 'connector')).last('fault')?.code, 'denied');
  controller.time.ms += 24 * 3_600_000;
  for (const [name, kind] of [
    ['hq', 'connector'],
    ['r1', 'relay'],
  ] as const)
    assert.equal((await join(keys.get(name) ?? '', kind)).last('fault')?.code, 'denied', name);
  // The key of a service ends when it is deleted, with what it let in; its neighbour's does not.
  const [ci, cd] = [await join(keys.get('ci') ?? '', 'device'), await join(keys.get('cd') ?? '', 'device')];
  const listed = (await controller.call('GET', '/api/v1/enrolment-keys')).json<
    { id: string; name: string }[]
  >();
  const id = listed.find(({ name }) => name === 'ci')?.id;
  assert.equal((await controller.call('DELETE', `/api/v1/enrolment-keys/${id}`)).statusCode, 204);
  const isOver = (node: TestNode): boolean =>
    node.snapshot?.kind === 'device' && node.snapshot.session.ended === 'key-deleted';
  await ci.until(() => isOver(ci));
  assert.equal(isOver(cd), false);
  assert.equal((await join(keys.get('ci') ?? '', 'device')).last('fault')?.code, 'denied');
  // And there is no way to ask for a key without saying for what.
  for (const body of [
    {},
    { purpose: 'connector' },
    { purpose: 'organisation', name: 'acme' },
    { name: 'hq' },
  ])
    assert.equal((await controller.call('POST', '/api/v1/enrolment-keys', body)).statusCode, 400);
});
