import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { maxGrantResources, verifyGrant } from '../../protocol/tokens.ts';
import { acmeDocument } from './support/document.ts';
import { testController } from './support/controller.ts';
import { until } from '../support/until.ts';
import { TestNode } from './support/node.ts';

test('more resources than a grant holds come in several grants, each within its bounds', async (t) => {
  const controller = await testController(t);
  const document = acmeDocument();
  const names = Array.from({ length: 700 }, (_, index) => `service-${index}`);
  document.resources?.push(
    ...names.map((name) => ({ name, network: 'hq', address: `${name}.acme.internal`, ports: ['tcp/443'] })),
  );
  document.policies?.push({ name: 'ci-all', allow: { serviceAccounts: ['ci'] }, to: { resources: names } });
  const applied = await controller.call('PUT', '/api/v1/document', document);
  assert.equal(applied.statusCode, 200, applied.body);
  const device = await TestNode.enrolled(controller, 'device');
  const { networks, resources } = device.snapshot as DeviceSnapshot;
  const hq = Object.values(networks).find(({ name }) => name === 'hq')?.id as NetworkId;
  const { card } = await controller.context.card();
  const tokens = device.last('grants')?.list ?? [];
  const granted = new Set<string>();
  let parts = 0;
  for (const token of tokens) {
    assert.ok(token.length <= 16_384);
    const expected = { network: hq, nodeKey: device.nodeKey.publicKey };
    const grant = await verifyGrant(token, card, expected, controller.time.ms / 1_000);
    if (grant === undefined) continue;
    parts += 1;
    const ids = Object.keys(grant.res);
    assert.ok(ids.length <= maxGrantResources);
    for (const id of ids) granted.add(id);
  }
  assert.ok(parts >= 3);
  const due = Object.values(resources).filter(({ net, state }) => net === hq && state === 'granted');
  assert.equal(due.length, 701);
  assert.deepEqual([...granted].toSorted(), due.map(({ id }) => id).toSorted());
});

test('resources that many are granted are stored once, for longer than any grant that names them', async (t) => {
  const controller = await testController(t);
  const document = acmeDocument();
  const names = Array.from({ length: 20 }, (_, index) => `service-${index}`);
  document.resources?.push(
    ...names.map((name) => ({ name, network: 'hq', address: `${name}.acme.internal`, ports: ['tcp/443'] })),
  );
  document.policies?.push({ name: 'ci-all', allow: { serviceAccounts: ['ci'] }, to: { resources: names } });
  await controller.call('PUT', '/api/v1/document', document);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const lists = () => store.select('resource_lists').selectAll().execute();
  const devices = [new TestNode(controller, 'device'), new TestNode(controller, 'device')];
  const secret = await controller.key('service', 'ci', { uses: 9 });
  for (const device of devices) {
    await device.enrol({ secret });
    controller.time.ms += 3 * 3_600_000;
  }
  const [list, ...others] = await lists();
  assert.deepEqual(others, []);
  const grants = await store.select('issued_tokens').selectAll().where('kind', '=', 'grant').execute();
  assert.equal(grants.filter(({ resources }) => resources.includes(list?.hash ?? 'none')).length, 2);
  for (const grant of grants) assert.ok((list?.until_ms ?? 0) > grant.expires_ms);
  // What is read back carries the same: nothing new is signed.
  const first = devices[0]?.last('grants')?.list;
  await devices[0]?.hello();
  assert.deepEqual(devices[0]?.last('grants')?.list, first);
  controller.time.ms += 3 * 86_400_000;
  await new TestNode(controller, 'device').enrol({ secret });
  const [still, ...more] = await lists();
  assert.deepEqual(more, []);
  assert.ok((still?.until_ms ?? 0) > controller.time.ms);
});

test('a device that comes back is given the tokens it had, and new ones past the half of their life', async (t) => {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const device = await TestNode.enrolled(controller, 'device');
  const tokens = (): string[] => [
    ...(device.last('grants')?.list ?? []),
    ...(device.last('tickets')?.list ?? []),
  ];
  const first = tokens();
  assert.equal(first.length, 3);
  controller.time.ms += 11 * 3_600_000;
  await device.hello();
  assert.deepEqual(tokens(), first);
  controller.time.ms += 2 * 3_600_000;
  await device.hello();
  const second = tokens();
  assert.equal(second.length, 3);
  assert.ok(second.every((token) => !first.includes(token)));
});

test('the records hold no token: neither text nor signature', async (t) => {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const device = await TestNode.enrolled(controller, 'device');
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const rows = await store.select('issued_tokens').selectAll().execute();
  const tokens = [...(device.last('grants')?.list ?? []), ...(device.last('tickets')?.list ?? [])];
  assert.equal(rows.filter(({ node }) => node === device.id).length, tokens.length);
  const kept = JSON.stringify(rows);
  for (const token of tokens) for (const part of token.split('.')) assert.ok(!kept.includes(part));
});

test('a grant names the node key it is bound to, and serves with no other and on no other network', async (t) => {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const device = await TestNode.enrolled(controller, 'device');
  const thief = new TestNode(controller, 'device');
  const networks = Object.keys((device.snapshot as DeviceSnapshot).networks) as NetworkId[];
  const { card } = await controller.context.card();
  const nowS = controller.time.ms / 1_000;
  const [token = ''] = device.last('grants')?.list ?? [];
  const opens = (network: NetworkId, nodeKey: Buffer) => verifyGrant(token, card, { network, nodeKey }, nowS);
  const own = await Promise.all(networks.map((network) => opens(network, device.nodeKey.publicKey)));
  assert.equal(own.filter((grant) => grant !== undefined).length, 1);
  for (const network of networks) assert.equal(await opens(network, thief.nodeKey.publicKey), undefined);
});

test('a right that a schedule ends is never promised beyond it, by grant or by caveat', async (t) => {
  const controller = await testController(t);
  const document = acmeDocument();
  document.policies?.push({
    name: 'hours',
    require: 'everyone',
    to: { resources: ['wiki'] },
    when: { schedule: { zone: 'Europe/Berlin', hours: '09:00-18:00' } },
  });
  await controller.call('PUT', '/api/v1/document', document);
  const device = await TestNode.enrolled(controller, 'device');
  const end = Date.parse('2026-11-20T18:00:00+01:00') / 1_000;
  const { networks } = device.snapshot as DeviceSnapshot;
  const hq = Object.values(networks).find(({ name }) => name === 'hq')?.id as NetworkId;
  const { card } = await controller.context.card();
  for (const token of device.last('grants')?.list ?? []) {
    const expected = { network: hq, nodeKey: device.nodeKey.publicKey };
    const grant = await verifyGrant(token, card, expected, controller.time.ms / 1_000);
    if (grant === undefined) continue;
    assert.equal(grant.exp, end);
    assert.deepEqual(grant.cav, [{ until: end, out: 3_600 }]);
  }
});

test('posture that is reported each minute renews a grant only when half of it has passed', async (t) => {
  const controller = await testController(t);
  const document = acmeDocument();
  document.policies = [
    {
      name: 'ci-wiki',
      allow: { serviceAccounts: ['ci'] },
      to: { resources: ['wiki'] },
      when: { posture: ['healthy'] },
    },
  ];
  await controller.call('PUT', '/api/v1/document', document);
  const device = await TestNode.enrolled(controller, 'device');
  const report = async (seq: number): Promise<void> => {
    device.send({ t: 'posture', seq, at: 0, facts: { os: 'linux', osVersion: '6.1', clientVersion: '1' } });
    await controller.time.pass(1_000);
  };
  await report(1);
  await device.until((message) => message.t === 'grants' && message.list.length === 1);
  const [first] = device.last('grants')?.list ?? [];
  for (let minute = 2; minute <= 3; minute++) {
    await controller.time.pass(59_000);
    await report(minute);
  }
  assert.equal(device.last('grants')?.list[0], first);
  for (let minute = 4; minute <= 5; minute++) {
    await controller.time.pass(59_000);
    await report(minute);
  }
  await device.until(
    (message) => message.t === 'grants' && message.list.length === 1 && message.list[0] !== first,
  );
  // Reports stop: the right ends by itself five minutes after the last.
  await controller.time.pass(301_000);
  await device.untilSnapshot<DeviceSnapshot>(({ resources }) =>
    Object.values(resources).every(({ state }) => state === 'refused'),
  );
});

test('what a grant tells of its holder behind a public hostname is revoked when it holds no more, and a new grant follows', async (t) => {
  const controller = await testController(t);
  const apply = async (groups: string[]): Promise<void> => {
    const document = acmeDocument();
    const [wiki] = document.resources ?? [];
    assert.ok(wiki?.name === 'wiki');
    wiki.web = {
      hostname: 'wiki.acme.example',
      origin: 'http://wiki.acme.internal:80',
      rules: [{ paths: ['/jobs/*'], effect: 'require', groups: ['automation'] }],
    };
    document.serviceAccounts = [{ name: 'ci', groups }];
    const applied = await controller.call('PUT', '/api/v1/document', document);
    assert.equal(applied.statusCode, 200, applied.body);
  };
  await apply(['automation']);
  const device = await TestNode.enrolled(controller, 'device');
  const connector = await TestNode.enrolled(controller, 'connector');
  const { card } = await controller.context.card();
  const told = async (): Promise<{ id: string; groups: readonly string[] }[]> => {
    const { networks } = device.snapshot as DeviceSnapshot;
    const hq = Object.values(networks).find(({ name }) => name === 'hq')?.id as NetworkId;
    const expected = { network: hq, nodeKey: device.nodeKey.publicKey };
    const list = device.last('grants')?.list ?? [];
    const grants = await Promise.all(
      list.map((token) => verifyGrant(token, card, expected, controller.time.ms / 1_000)),
    );
    return grants.flatMap((grant) =>
      grant === undefined ? [] : [{ id: grant.jti, groups: grant.who.groups }],
    );
  };
  const [before] = await told();
  assert.deepEqual(before?.groups, ['automation']);
  assert.equal(connector.last('revoke'), undefined);
  const first = device.last('grants')?.list.join();
  await apply([]);
  await until(() => connector.last('revoke') !== undefined);
  const { ids = [], narrowed = [] } = connector.last('revoke') ?? {};
  const taken = [...ids, ...narrowed.flatMap(({ grants }) => grants)];
  assert.ok(
    taken.some((id) => id.startsWith(before?.id ?? 'none')),
    JSON.stringify({ ids, narrowed }),
  );
  await until(() => device.last('grants')?.list.join() !== first);
  assert.deepEqual(
    (await told()).filter(({ id }) => id !== before?.id).map(({ groups }) => groups),
    [[]],
  );
});
