/** What nodes are told of rights on the control channel: granted, taken away at once, and told again to whoever was away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { encodeKey } from '../../protocol/keys.ts';
import { verifyGrant, verifyTicket } from '../../protocol/tokens.ts';
import { acmeController } from './support/acme-controller.ts';
import { acmeDocument, healthyDatabases } from './support/document.ts';
import { TestNode } from './support/node.ts';
import { settle } from '../support/settle.ts';

test('a service signs in with its key and is told what it may use, without an address of the network', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const relay = await TestNode.enrolled(controller, 'relay');
  const device = await TestNode.enrolled(controller, 'device');
  const snapshot = device.snapshot as DeviceSnapshot;
  assert.equal(snapshot.session.kind, 'service');
  assert.equal(snapshot.session.name, 'ci');
  assert.deepEqual(snapshot.zones, ['acme.internal']);
  assert.deepEqual(
    Object.values(snapshot.resources).map(({ name, state, hosts }) => ({ name, state, hosts })),
    [
      { name: 'wiki', state: 'granted', hosts: ['wiki.acme.internal'] },
      { name: 'printer', state: 'granted', hosts: ['printer.acme.internal'] },
    ],
  );
  assert.doesNotMatch(JSON.stringify(device.heard), /10\.20\.0\.9/);
  const hq = Object.values(snapshot.networks).find(({ name }) => name === 'hq');
  assert.deepEqual(hq?.connectors, [
    { id: connector.id, nk: encodeKey(connector.nodeKey.publicKey), relays: [relay.id] },
  ]);
  assert.deepEqual(Object.values(snapshot.relays), [
    { id: relay.id, url: 'https://relay.acme.example:8444' },
  ]);

  const { card } = await controller.context.card();
  const nowS = controller.time.ms / 1_000;
  const grants = await Promise.all(
    (device.last('grants')?.list ?? []).map((token) =>
      verifyGrant(token, card, { network: hq?.id as NetworkId, nodeKey: device.nodeKey.publicKey }, nowS),
    ),
  );
  const grant = grants.find((each) => each !== undefined);
  const wiki = Object.values(snapshot.resources).find(({ name }) => name === 'wiki');
  assert.equal(grants.length, 2);
  assert.deepEqual(Object.keys(grant?.res ?? {}), [wiki?.id]);
  assert.equal(grant?.dev, device.id);
  assert.equal(grant.exp - grant.iat, 24 * 3_600);
  assert.deepEqual(grant.cav, [{ until: grant.exp, out: 3_600 }]);
  const ticket = await verifyTicket(device.last('tickets')?.list[0] ?? '', card, nowS);
  assert.deepEqual(ticket?.meet.toSorted(), Object.keys(snapshot.networks).toSorted());
});

test('a policy that is taken away revokes before it answers, and the device hears why', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const wiki = Object.values((device.snapshot as DeviceSnapshot).resources).find(
    ({ name }) => name === 'wiki',
  );
  const document = acmeDocument();
  document.policies = (document.policies ?? []).map((policy) =>
    policy.name === 'ci-wiki' ? { ...policy, to: { resources: ['printer'] } } : policy,
  );
  const before = performance.now();
  assert.equal((await controller.call('PUT', '/api/v1/document', document)).statusCode, 200);
  const revoke = await connector.until((message) => message.t === 'revoke');
  assert.ok(performance.now() - before < 500);
  assert.ok(revoke.t === 'revoke');
  assert.match(revoke.ids.join(), /^tok_[0-9a-z]+$/);
  assert.equal(
    revoke.epoch,
    await controller.context.organisation(controller.context.firstOrganisation).store.epoch(),
  );
  const after = await device.untilSnapshot<DeviceSnapshot>(
    ({ resources }) => resources[wiki?.id ?? ''] === undefined,
  );
  assert.deepEqual(
    Object.values(after.resources).map(({ name }) => name),
    ['printer'],
  );
  assert.equal(device.last('grants')?.list.length, 1);
  const ended = (await controller.call('GET', '/api/v1/audit?what=access')).json<{
    entries: { resource: string; reasons: string[]; cause: string }[];
  }>().entries;
  assert.deepEqual(
    ended.map(({ resource, reasons, cause }) => ({ resource, reasons, cause })),
    [{ resource: 'wiki', reasons: ['no-allow'], cause: 'policy' }],
  );
});

test('of a grant that names several resources only the lost one is revoked', async (t) => {
  const controller = await acmeController(t);
  const both = acmeDocument();
  both.policies?.push({ name: 'ci-db', allow: { serviceAccounts: ['ci'] }, to: { tags: ['prod'] } });
  await controller.call('PUT', '/api/v1/document', both);
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const grants = device.last('grants')?.list;
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const revoke = await connector.until((message) => message.t === 'revoke');
  assert.ok(revoke.t === 'revoke');
  const databases = Object.values((connector.snapshot as ConnectorSnapshot).resources).find(
    ({ outage }) => outage === 0,
  );
  assert.equal(revoke.ids.length, 1);
  assert.match(revoke.ids[0] ?? '', new RegExp(`^tok_[0-9a-z]+/${databases?.id}$`));
  await device.untilSnapshot<DeviceSnapshot>(({ resources }) => resources[databases?.id ?? ''] === undefined);
  assert.deepEqual(device.last('grants')?.list, grants, 'the rest of the grant stands');
});

test('a resource that leads elsewhere ends its flows and is granted anew', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const first = device.last('grants')?.list ?? [];
  const document = acmeDocument();
  for (const resource of document.resources ?? []) if (resource.name === 'wiki') resource.ports = ['tcp/443'];
  await controller.call('PUT', '/api/v1/document', document);
  await connector.until((message) => message.t === 'revoke');
  await device.until(
    (message) => message.t === 'grants' && message.list.some((token) => !first.includes(token)),
  );
  const patched = await connector.untilSnapshot<ConnectorSnapshot>(({ resources }) =>
    Object.values(resources).some(({ ports }) => ports.includes('tcp/443')),
  );
  assert.equal(patched.kind, 'connector');
});

test('ending a session revokes it everywhere and tells the device', async (t) => {
  const controller = await acmeController(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'lab') });
  const relay = await TestNode.enrolled(controller, 'relay');
  const device = await TestNode.enrolled(controller, 'device');
  const { session } = device.snapshot as DeviceSnapshot;
  assert.equal((await controller.call('DELETE', `/api/v1/sessions/${session.id}`)).statusCode, 204);
  for (const node of [connector, relay]) {
    const revoke = await node.until((message) => message.t === 'revoke');
    assert.ok(revoke.t === 'revoke' && revoke.ids.includes(session.id));
    assert.ok(
      revoke.ids.some((id) => id.startsWith('tok_')),
      'the ticket is named, for relays',
    );
  }
  const after = await device.untilSnapshot<DeviceSnapshot>(
    (snapshot) => snapshot.session.ended !== undefined,
  );
  assert.equal(after.session.ended, 'ended-by-administrator');
  assert.deepEqual(device.last('grants')?.list, []);
  assert.deepEqual(device.last('tickets')?.list, []);
  assert.ok(Object.values(after.resources).every(({ state }) => state === 'refused'));
  assert.equal((await controller.call('DELETE', `/api/v1/sessions/${session.id}`)).statusCode, 404);

  // Signing in again on the same channel begins a new session of the same device.
  const { id } = device;
  device.heard.length = 0;
  device.send(device.enrolMessage({ secret: await controller.key('service', 'ci') }));
  await device.until((message) => message.t === 'snapshot');
  assert.equal(device.id, id);
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('deleting a service key ends the sessions it began', async (t) => {
  const controller = await acmeController(t);
  const device = new TestNode(controller, 'device');
  const other = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  const [key] = (await controller.call('GET', '/api/v1/enrolment-keys')).json<{ id: string }[]>();
  await other.enrol({ secret: await controller.key('service', 'ci') });
  await controller.call('DELETE', `/api/v1/enrolment-keys/${key?.id}`);
  const after = await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  assert.equal(after.session.ended, 'key-deleted');
  await settle();
  assert.equal((other.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('logout ends the session and the device stays known', async (t) => {
  const controller = await acmeController(t);
  const device = await TestNode.enrolled(controller, 'device');
  device.send({ t: 'logout' });
  const after = await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  assert.equal(after.session.ended, 'logout');
  await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, 'logout');
  assert.deepEqual(device.last('grants')?.list, []);
});

test('a revocation comes before the beat that names it, also when the channel slept through it', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const { session } = device.snapshot as DeviceSnapshot;
  // As another controller of the cluster would: stored, and no word on the bus.
  const { storeRevocations } = await import('../../controller/decisions/revocations.ts');
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const [stored] = await store.transaction((tx) =>
    storeRevocations(tx, [session.id], 'test', controller.time.ms),
  );
  await controller.time.pass(5_000);
  const beat = await connector.until(
    (message) => message.t === 'beat' && message.epoch >= (stored?.epoch ?? 0),
  );
  const at = connector.heard.findIndex(
    (message) => message.t === 'revoke' && message.epoch === stored?.epoch,
  );
  assert.ok(at >= 0 && at < connector.heard.indexOf(beat));
});

test('a node has a beat with its snapshot and then every five seconds, and none while the store does not answer', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  await connector.until((message) => message.t === 'beat');
  await controller.time.pass(16_000);
  await connector.until(() => connector.all('beat').length >= 4);
  assert.equal(connector.all('beat').length, 4);
  assert.equal(connector.last('beat')?.now, Math.floor((controller.time.ms - 1_000) / 1_000));
  await controller.context.store.close();
  await controller.time.pass(16_000);
  assert.equal(connector.all('beat').length, 4);
});

test('a connector that was away is told everything revoked meanwhile', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const { session } = device.snapshot as DeviceSnapshot;
  connector.close();
  await controller.call('DELETE', `/api/v1/sessions/${session.id}`);
  await connector.hello();
  const snapshot = connector.last('snapshot');
  assert.ok(snapshot?.revoked.includes(session.id) === true);
  assert.equal(snapshot.epoch, 1);
});

test('more revocations than a message holds reach a connector that was away and one that was there', async (t) => {
  const controller = await acmeController(t);
  const here = await TestNode.enrolled(controller, 'connector');
  const away = await TestNode.enrolled(controller, 'connector');
  away.close();
  const { storeRevocations } = await import('../../controller/decisions/revocations.ts');
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const ids = Array.from({ length: 60_000 }, (_, index) => `tok_${String(index).padStart(26, '0')}`);
  await store.transaction((tx) => storeRevocations(tx, ids, 'policy', controller.time.ms));
  await controller.time.pass(5_000);
  const last = await here.until((message) => message.t === 'beat' && message.epoch === 12);
  const heard = here.heard
    .slice(0, here.heard.indexOf(last))
    .flatMap((each) => (each.t === 'revoke' ? each.ids : []));
  assert.deepEqual(new Set(heard), new Set(ids));
  await away.hello();
  const told = away.heard.flatMap((each) => {
    if (each.t === 'revoke') return each.ids;
    return each.t === 'snapshot' ? each.revoked : [];
  });
  assert.deepEqual(new Set(told), new Set(ids));
});

test('a removed node is revoked, told and unknown afterwards', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const relay = await TestNode.enrolled(controller, 'relay');
  const device = await TestNode.enrolled(controller, 'device');
  await controller.call('DELETE', `/api/v1/connectors/${connector.id}`);
  await connector.until((message) => message.t === 'fault' && message.code === 'revoked');
  const revoke = await relay.until((message) => message.t === 'revoke');
  assert.ok(revoke.t === 'revoke' && revoke.ids.includes(connector.id) && revoke.ids.length === 2);
  await device.untilSnapshot<DeviceSnapshot>(({ networks }) =>
    Object.values(networks).every(({ connectors }) => connectors.length === 0),
  );
  await connector.hello();
  assert.equal(connector.faultCode(), 'revoked');
  await controller.call('DELETE', `/api/v1/devices/${device.id}`);
  await device.until((message) => message.t === 'fault' && message.code === 'revoked');
});

test('time alone closes a schedule: the grant ends with it and the device is told without a change', async (t) => {
  const controller = await acmeController(t);
  const document = acmeDocument();
  document.policies?.push({
    name: 'wiki-hours',
    require: 'everyone',
    to: { resources: ['wiki'] },
    when: { schedule: { zone: 'UTC', hours: '09:00-10:01' } },
  });
  await controller.call('PUT', '/api/v1/document', document);
  const device = await TestNode.enrolled(controller, 'device');
  const open = Object.values((device.snapshot as DeviceSnapshot).resources).find(
    ({ name }) => name === 'wiki',
  );
  assert.equal(open?.until, Date.parse('2026-11-20T10:01:00Z') / 1_000);
  await controller.time.pass(61_000);
  const closed = await device.untilSnapshot<DeviceSnapshot>(
    ({ resources }) => resources[open?.id ?? '']?.state === 'refused',
  );
  assert.ok(closed.resources[open?.id ?? '']?.reasons.some(({ name }) => name === 'schedule-closed'));
});

test('posture that was missing opens what asks for it, and posture that turns bad closes it', async (t) => {
  const controller = await acmeController(t);
  const document = healthyDatabases();
  await controller.call('PUT', '/api/v1/document', document);
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  const state = ({ resources }: DeviceSnapshot) =>
    Object.values(resources).find(({ name }) => name === 'databases')?.state;
  assert.equal(state(device.snapshot as DeviceSnapshot), 'refused');
  const report = (osVersion: string, seq: number): void =>
    device.send({ t: 'posture', seq, at: 0, facts: { os: 'linux', osVersion, clientVersion: '0.1.0' } });
  report('6.1.0-13-amd64', 1);
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => state(snapshot) === 'granted');
  report('5.4.0', 2);
  await device.untilSnapshot<DeviceSnapshot>((snapshot) => state(snapshot) === 'refused');
  const revoke = await connector.until((message) => message.t === 'revoke');
  assert.ok(revoke.t === 'revoke' && /^tok_[0-9a-z]+$/.test(revoke.ids[0] ?? ''));
});
