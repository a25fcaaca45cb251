/** Rights as numbers, what a device is told of networks it may not use, whom a grant names, and revocations each once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RevocationFeed } from '../../controller/control/revocation-feed.ts';
import { rightsOf, storedRights } from '../../controller/decisions/issued-tokens.ts';
import { storeRevocations } from '../../controller/decisions/revocations.ts';
import { promisesMore, rightsByNetwork, serves, type Right } from '../../controller/decisions/rights.ts';
import type { Resource } from '../../controller/organisation/organisation-state.ts';
import type { FromController } from '../../protocol/control.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { newId, type NetworkId, type ResourceId } from '../../protocol/ids.ts';
import { verifyGrant } from '../../protocol/tokens.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const dayMs = 24 * 3_600_000;
const net = newId('net', Buffer.alloc(16));
const res = (seed: number): ResourceId => newId('res', Buffer.alloc(16, seed));

function resource(seed: number, outage?: string): Resource {
  const definition = {
    name: `r${seed}`,
    network: 'hq',
    address: `r${seed}.acme.internal`,
    ports: ['tcp/443'],
    ...(outage === undefined ? {} : { outage }),
  };
  return { id: res(seed), network: { id: net, name: 'hq' }, definition };
}

test('an issued right promises more when it lasts longer, beyond a second for rounding, or outlives contact longer', () => {
  const due: Right = { until: 1_000, out: 60 };
  const cases: [issued: Right | undefined, due: Right | undefined, more: boolean][] = [
    [{ until: 1_000, out: 60 }, due, false],
    [{ until: 1_001, out: 60 }, due, false],
    [{ until: 1_002, out: 60 }, due, true],
    [{ until: 999, out: 60 }, due, false],
    [{ until: 1_000, out: 61 }, due, true],
    [{ until: 1_000, out: 59 }, due, false],
    [{ until: 1, out: 0 }, undefined, true],
    [undefined, due, false],
  ];
  for (const [issued, now, more] of cases)
    assert.equal(promisesMore(issued, now), more, JSON.stringify([issued, now]));
});

test('a right ends with the decision, the session, or a day, whichever comes first', () => {
  const untilOf = (untilMs: number | undefined, sessionUntilMs: number): number | undefined => {
    const entry = {
      resource: resource(1, '0s'),
      state: 'granted',
      known: true,
      reasons: [],
      judged: [],
      ...(untilMs === undefined ? {} : { untilMs }),
    } as const;
    const right = rightsByNetwork([entry], sessionUntilMs, nowMs).get(net)?.get(res(1));
    assert.equal(right?.out, 0);
    return right.until;
  };
  assert.equal(untilOf(nowMs + 5_000, nowMs + 9_000), (nowMs + 5_000) / 1_000);
  assert.equal(untilOf(nowMs + 9_000, nowMs + 5_000), (nowMs + 5_000) / 1_000);
  assert.equal(untilOf(undefined, nowMs + 5_999), (nowMs + 5_000) / 1_000);
  assert.equal(untilOf(undefined, nowMs + 9 * dayMs), (nowMs + dayMs) / 1_000);
  const refused = { resource: resource(1), state: 'refused', known: true, reasons: [], judged: [] } as const;
  assert.equal(rightsByNetwork([refused], nowMs + dayMs, nowMs).size, 0);
});

test('an issued right serves while its allowance is the same and at least half of the time is left', () => {
  const nowS = nowMs / 1_000;
  const due = { until: nowS + 1_000, out: 60 };
  assert.ok(serves(due, due, nowMs));
  assert.ok(serves({ until: nowS + 500, out: 60 }, due, nowMs));
  assert.ok(!serves({ until: nowS + 499, out: 60 }, due, nowMs));
  assert.ok(!serves({ until: nowS + 1_000, out: 59 }, due, nowMs));
});

test('stored rights read back as they were, those of an earlier version too', () => {
  const rights = new Map([
    [res(1), { until: 5, out: 60 }],
    [res(2), { until: 5, out: 60 }],
    [res(3), { until: 6, out: 60 }],
    [res(4), { until: 5, out: 0 }],
  ]);
  assert.deepEqual(rightsOf(storedRights(rights)), rights);
  assert.deepEqual(rightsOf(storedRights(new Map())), new Map());
  const lists = new Map();
  const first = JSON.stringify(Object.fromEntries(rights));
  assert.deepEqual(rightsOf({ resources: first, lists }), rights);
  const then = JSON.stringify([[5, 60, [res(1), res(2), res(3)]]]);
  assert.deepEqual([...rightsOf({ resources: then, lists }).keys()], [res(1), res(2), res(3)]);
});

test('many resources are stored once under a name of their own, whoever is granted them until when', () => {
  const many = [1, 2, 3, 4].map((number) => res(number));
  const granted = (until: number) => storedRights(new Map(many.map((id) => [id, { until, out: 60 }])));
  const [one, other] = [granted(5), granted(6)];
  assert.deepEqual(one.lists, other.lists);
  assert.deepEqual([...one.lists.values()], [many]);
  assert.ok(!one.resources.includes(res(1)));
  assert.deepEqual(rightsOf(other).get(res(4)), { until: 6, out: 60 });
  // A grant never counts as one that carries nothing.
  assert.throws(() => rightsOf({ ...one, lists: new Map() }));
});

test('a device hears of connectors only where it may use something, and a grant names no group but those about its network', async (t) => {
  const controller = await testController(t);
  const document = acmeDocument();
  document.serviceAccounts = [{ name: 'ci', groups: ['automation', 'sre', 'staff'] }];
  // Of hq it knows the databases, which it may not use without a posture; the printer in lab is all it has.
  document.policies = [
    { name: 'printer', allow: { groups: ['automation'] }, to: { resources: ['printer'] } },
    { name: 'sre-db', allow: { groups: ['sre'] }, to: { tags: ['prod'] }, when: { posture: ['healthy'] } },
  ];
  assert.equal((await controller.call('PUT', '/api/v1/document', document)).statusCode, 200);
  const connectors = new Map<string, string>();
  for (const network of ['hq', 'lab']) {
    const connector = new TestNode(controller, 'connector');
    await connector.enrol({ secret: await controller.key('connector', network) });
    connectors.set(network, connector.id);
  }
  const device = await TestNode.enrolled(controller, 'device');
  const { networks, resources } = device.snapshot as DeviceSnapshot;
  assert.deepEqual(
    Object.values(resources).map(({ name, state }) => [name, state]),
    [
      ['databases', 'refused'],
      ['printer', 'granted'],
    ],
  );
  const told = Object.values(networks).map(({ name, connectors: list }) => [name, list.map(({ id }) => id)]);
  assert.deepEqual(told, [
    ['hq', []],
    ['lab', [connectors.get('lab')]],
  ]);
  const { card } = await controller.context.card();
  const lab = Object.values(networks).find(({ name }) => name === 'lab')?.id as NetworkId;
  const [token = ''] = device.last('grants')?.list ?? [];
  const expected = { network: lab, nodeKey: device.nodeKey.publicKey };
  const grant = await verifyGrant(token, card, expected, controller.time.ms / 1_000);
  assert.deepEqual(grant?.who.groups, ['automation']);
});

test('a verifier is told each revocation once, in order, whether it is offered, read, or both', async (t) => {
  const controller = await testController(t);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const sent: number[] = [];
  let reads = 0;
  const counted = new Proxy(store, {
    get(of, name) {
      if (name === 'select') reads += 1;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? (value as () => unknown).bind(of) : value;
    },
  });
  const feed = new RevocationFeed(counted, 'as-it-is', (message: FromController) => {
    if (message.t === 'revoke') sent.push(message.epoch);
  });
  const revoke = async (id: string) => {
    const [stored] = await store.transaction((tx) =>
      storeRevocations(tx, [id], 'policy', controller.time.ms),
    );
    if (stored === undefined) throw new Error('nothing was stored');
    return stored;
  };
  const first = await revoke('tok_1');
  feed.offer(first);
  assert.deepEqual(sent, [], 'the snapshot is not out yet');
  await feed.begin(first.epoch);
  assert.deepEqual(sent, [], 'the snapshot had it');
  feed.offer(first);
  const second = await revoke('tok_2');
  feed.offer(second);
  const before = reads;
  feed.offer(second);
  feed.offer(first);
  assert.deepEqual(sent, [2]);
  assert.equal(reads, before, 'what is out is not looked up again');
  // The third is another controller's, of which nothing was offered here.
  await revoke('tok_3');
  const fourth = await revoke('tok_4');
  feed.offer(fourth);
  await feed.catchUp();
  feed.offer(fourth);
  while (!feed.covers(4)) await feed.catchUp();
  assert.deepEqual(sent, [2, 3, 4]);
  assert.equal(feed.newest, 4);
});
