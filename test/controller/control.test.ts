import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { decodeKey, encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import { verifyCard, verifyGrant, verifyTicket } from '../../protocol/tokens.ts';
import { acmeDocument } from './support/document.ts';
import { testController, type TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';

async function acme(t: TestContext, options = {}): Promise<TestController> {
  const controller = await testController(t, options);
  const applied = await controller.call('PUT', '/api/v1/document', acmeDocument());
  assert.equal(applied.statusCode, 200, applied.body);
  return controller;
}

const fault = (node: TestNode): string | undefined => node.last('fault')?.code;

test('a connector enrols with a key and is told what it serves, a ticket and everything revoked', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  assert.match(connector.id, /^con_/);
  const snapshot = connector.snapshot as ConnectorSnapshot;
  assert.equal(snapshot.network.name, 'hq');
  assert.deepEqual(
    Object.values(snapshot.resources).map(({ hosts, address, ports, outage }) => ({
      hosts,
      address,
      ports,
      outage,
    })),
    [
      { hosts: ['wiki.acme.internal'], address: 'wiki.acme.internal', ports: ['tcp/80'], outage: 3_600 },
      { hosts: ['*.db.acme.internal'], address: '*.db.acme.internal', ports: ['tcp/5432'], outage: 0 },
    ],
  );
  const { card } = await controller.context.card();
  const ticket = await verifyTicket(
    connector.last('tickets')?.list[0] ?? '',
    card,
    controller.time.ms / 1_000,
  );
  assert.equal(ticket?.sub, connector.id);
  assert.equal(ticket.role, 'connector');
  assert.deepEqual(ticket.meet, [snapshot.network.id]);
  assert.equal(ticket.mk, encodeKey(connector.machineKey.publicKey));
  const shown = connector.last('welcome')?.card ?? '';
  const root = controller.context.keys.root.key.publicKey;
  assert.equal(
    (await verifyCard(shown, root, controller.time.ms / 1_000))?.iss,
    'https://access.acme.example:8443',
  );
});

test('SEC-A11: fifty nodes redeem one key at once, and one of them is in', async (t) => {
  const controller = await acme(t);
  const secret = await controller.key('connector', 'hq');
  const nodes = Array.from({ length: 50 }, () => new TestNode(controller, 'connector'));
  await Promise.all(nodes.map((node, index) => node.enrol({ secret }, `192.0.2.${index}`)));
  const inside = nodes.filter((node) => node.id !== '');
  assert.equal(inside.length, 1);
  assert.ok(nodes.every((node) => inside.includes(node) || fault(node) === 'denied'));
  const listed = (await controller.call('GET', '/api/v1/connectors')).json<unknown[]>();
  assert.equal(listed.length, 1);
});

test('a node whose first answer was lost gets itself back with the key it used', async (t) => {
  const controller = await acme(t);
  const secret = await controller.key('connector', 'hq');
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret });
  const { id } = connector;
  await connector.enrol({ secret });
  assert.equal(connector.id, id);
  const other = new TestNode(controller, 'connector');
  await other.enrol({ secret });
  assert.equal(fault(other), 'denied');
});

test('a key serves only its purpose, until it expires or is deleted', async (t) => {
  const controller = await acme(t);
  const refused = async (kind: 'device' | 'connector' | 'relay', secret: string): Promise<void> => {
    const node = new TestNode(controller, kind);
    await node.enrol({ secret });
    assert.equal(fault(node), 'denied');
    assert.match(node.last('fault')?.message ?? '', /unknown, used up or expired/);
  };
  await refused('relay', await controller.key('connector', 'hq'));
  await refused('connector', await controller.key('relay', 'r1'));
  await refused('connector', await controller.key('service', 'ci'));
  await refused('device', await controller.key('connector', 'hq'));
  await refused('connector', 'pk_nonsense');
  const short = await controller.key('connector', 'hq', { expires: '60s' });
  controller.time.ms += 60_000;
  await refused('connector', short);
  const deleted = await controller.key('connector', 'hq');
  for (const { id } of (await controller.call('GET', '/api/v1/enrolment-keys')).json<{ id: string }[]>()) {
    assert.equal((await controller.call('DELETE', `/api/v1/enrolment-keys/${id}`)).statusCode, 204);
  }
  await refused('connector', deleted);
  const entries = (await controller.call('GET', '/api/v1/audit?what=connector')).json<{
    entries: { result: string }[];
  }>().entries;
  assert.ok(entries.filter(({ result }) => result === 'refused').length >= 4);
});

test('hello needs the very keys that enrolled', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  await connector.hello();
  assert.ok(connector.snapshot !== undefined);

  const otherMachine = new TestNode(controller, 'connector');
  otherMachine.id = connector.id;
  otherMachine.nodeKey = connector.nodeKey;
  await otherMachine.hello();
  assert.equal(fault(otherMachine), 'revoked');
  await otherMachine.hello({ mk: encodeKey(connector.machineKey.publicKey) });
  assert.equal(fault(otherMachine), 'revoked');

  const { nodeKey } = connector;
  connector.nodeKey = newAgreementKey();
  await connector.hello();
  assert.equal(fault(connector), 'revoked');
  connector.nodeKey = nodeKey;
  await connector.hello({ kind: 'relay' });
  assert.equal(fault(connector), 'revoked');
  await connector.hello({ node: 'con_00000000000000000000000000' });
  assert.equal(fault(connector), 'revoked');
});

test('hello comes once on a channel', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  await connector.hello();
  assert.equal(fault(connector), undefined);
  connector.send(connector.helloMessage());
  await connector.until(({ t: type }) => type === 'fault');
  assert.equal(fault(connector), 'protocol');
});

test('an enrolment names the very node key that its channel proves', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  const secret = await controller.key('connector', 'hq');
  await connector.connect();
  connector.send(connector.enrolMessage({ secret, nk: encodeKey(newAgreementKey().publicKey) }));
  await connector.until(({ t: type }) => type === 'fault');
  assert.equal(fault(connector), 'denied');
  await connector.enrol({ secret });
  assert.equal(fault(connector), undefined);
});

test('REL-6: a verifier that knows a newer epoch than the store is let in, and the operator is told', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const behind = async () =>
    (await controller.call('GET', '/api/v1/audit?what=store.behind')).json<{
      entries: { who: string; result: string; detail: object }[];
    }>().entries;
  const epoch = connector.last('snapshot')?.epoch ?? 0;
  await connector.hello({ epoch });
  assert.deepEqual(await behind(), []);
  await connector.hello({ epoch: epoch + 7 });
  assert.equal(fault(connector), undefined);
  const [entry] = await behind();
  assert.deepEqual(
    [entry?.who, entry?.result, entry?.detail],
    [connector.id, 'failed', { epoch: epoch + 7, own: epoch }],
  );
});

test('an enrolment whose proof was made for another channel is refused', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  const secret = await controller.key('connector', 'hq');
  await connector.connect();
  const old = connector.enrolMessage({ secret });
  await connector.connect();
  connector.send(old);
  await connector.until((message) => message.t === 'fault');
  assert.equal(fault(connector), 'denied');
  await connector.connect();
  connector.send(connector.enrolMessage({ secret, mk: encodeKey(newSigningKey().publicKey) }));
  await connector.until((message) => message.t === 'fault');
  assert.equal(fault(connector), 'denied');
  // The key was not used up by any of it.
  await connector.enrol({ secret });
  assert.equal(fault(connector), undefined);
});

test('a service signs in with its key and is told what it may use, without an address of the network', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const relay = new TestNode(controller, 'relay');
  await relay.enrol({ secret: await controller.key('relay', 'r1') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
  const both = acmeDocument();
  both.policies?.push({ name: 'ci-db', allow: { serviceAccounts: ['ci'] }, to: { tags: ['prod'] } });
  await controller.call('PUT', '/api/v1/document', both);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'lab') });
  const relay = new TestNode(controller, 'relay');
  await relay.enrol({ secret: await controller.key('relay', 'r1') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
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
  const controller = await acme(t);
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  device.send({ t: 'logout' });
  const after = await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  assert.equal(after.session.ended, 'logout');
  await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, 'logout');
  assert.deepEqual(device.last('grants')?.list, []);
});

test('a revocation comes before the beat that names it, also when the channel slept through it', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
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
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  const { session } = device.snapshot as DeviceSnapshot;
  connector.close();
  await controller.call('DELETE', `/api/v1/sessions/${session.id}`);
  await connector.hello();
  const snapshot = connector.last('snapshot');
  assert.ok(snapshot?.revoked.includes(session.id) === true);
  assert.equal(snapshot.epoch, 1);
});

test('more revocations than a message holds reach a connector that was away and one that was there', async (t) => {
  const controller = await acme(t);
  const here = new TestNode(controller, 'connector');
  await here.enrol({ secret: await controller.key('connector', 'hq') });
  const away = new TestNode(controller, 'connector');
  await away.enrol({ secret: await controller.key('connector', 'hq') });
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

test('T3: a newer process of a device fences the older; the older one coming back suspends the device', async (t) => {
  const controller = await acme(t);
  const device = new TestNode(controller, 'device');
  const secret = await controller.key('service', 'ci');
  await device.enrol({ secret });
  const copy = new TestNode(controller, 'device');
  Object.assign(copy, { machineKey: device.machineKey, nodeKey: device.nodeKey, id: device.id });
  await copy.hello();
  assert.ok((copy.last('grants')?.list.length ?? 0) > 0);
  await device.until((message) => message.t === 'fault' && message.code === 'fenced');
  await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, 'fenced');
  assert.deepEqual(device.last('grants')?.list, []);
  await copy.hello();
  assert.equal((copy.snapshot as DeviceSnapshot).session.ended, 'fenced');
  const [listed] = (await controller.call('GET', '/api/v1/devices')).json<{ state: string }[]>();
  assert.equal(listed?.state, 'suspended');
  await device.enrol({ secret });
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('a process that reconnects with its own boot id is not a copy', async (t) => {
  const controller = await acme(t);
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  for (let turn = 0; turn < 3; turn++) await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
  device.boot = Buffer.alloc(16, 7).toString('base64url');
  await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('a blocked device is out at once and stays out, an unapproved one loses what needs approval', async (t) => {
  const controller = await acme(t);
  const document = acmeDocument();
  document.policies?.push({
    name: 'wiki-needs',
    require: 'everyone',
    to: { resources: ['wiki'] },
    when: { deviceApproved: true },
  });
  await controller.call('PUT', '/api/v1/document', document);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  const secret = await controller.key('service', 'ci');
  await device.enrol({ secret });
  const post = (what: string) => controller.call('POST', `/api/v1/devices/${device.id}/${what}`);
  assert.equal((await post('unapprove')).statusCode, 204);
  const refused = await device.untilSnapshot<DeviceSnapshot>(({ resources }) =>
    Object.values(resources).some(({ name, state }) => name === 'wiki' && state === 'refused'),
  );
  const wiki = Object.values(refused.resources).find(({ name }) => name === 'wiki');
  assert.ok(wiki?.reasons.some(({ name }) => name === 'device-not-approved'));
  await connector.until((message) => message.t === 'revoke');
  await post('approve');
  await device.untilSnapshot<DeviceSnapshot>(({ resources }) =>
    Object.values(resources).every(({ state }) => state === 'granted'),
  );
  await post('block');
  const blocked = await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  assert.equal(blocked.session.ended, 'blocked');
  await device.hello();
  assert.equal(fault(device), 'denied');
  await device.enrol({ secret });
  assert.equal(fault(device), 'denied');
  await post('unblock');
  await device.enrol({ secret });
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('a removed node is revoked, told and unknown afterwards', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const relay = new TestNode(controller, 'relay');
  await relay.enrol({ secret: await controller.key('relay', 'r1') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
  await controller.call('DELETE', `/api/v1/connectors/${connector.id}`);
  await connector.until((message) => message.t === 'fault' && message.code === 'revoked');
  const revoke = await relay.until((message) => message.t === 'revoke');
  assert.ok(revoke.t === 'revoke' && revoke.ids.includes(connector.id) && revoke.ids.length === 2);
  await device.untilSnapshot<DeviceSnapshot>(({ networks }) =>
    Object.values(networks).every(({ connectors }) => connectors.length === 0),
  );
  await connector.hello();
  assert.equal(fault(connector), 'revoked');
  await controller.call('DELETE', `/api/v1/devices/${device.id}`);
  await device.until((message) => message.t === 'fault' && message.code === 'revoked');
});

test('time alone closes a schedule: the grant ends with it and the device is told without a change', async (t) => {
  const controller = await acme(t);
  const document = acmeDocument();
  document.policies?.push({
    name: 'wiki-hours',
    require: 'everyone',
    to: { resources: ['wiki'] },
    when: { schedule: { zone: 'UTC', hours: '09:00-10:01' } },
  });
  await controller.call('PUT', '/api/v1/document', document);
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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
  const controller = await acme(t);
  const document = acmeDocument();
  document.policies?.push({
    name: 'ci-db',
    allow: { serviceAccounts: ['ci'] },
    to: { tags: ['prod'] },
    when: { posture: ['healthy'] },
  });
  await controller.call('PUT', '/api/v1/document', document);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const device = new TestNode(controller, 'device');
  await device.enrol({ secret: await controller.key('service', 'ci') });
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

test('flow records enter the audit log once, and are acknowledged when they are on disk', async (t) => {
  const controller = await acme(t);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') });
  const wiki = Object.values((connector.snapshot as ConnectorSnapshot).resources)[0];
  const record = (seq: number, event: string, more = {}) => ({
    seq,
    at: controller.time.ms,
    event,
    flow: 'f',
    resource: wiki?.id,
    host: 'wiki.acme.internal',
    port: 80,
    ...more,
  });
  connector.send({
    t: 'receipts',
    list: [record(1, 'open'), record(2, 'refused', { code: 'port-not-listed' })],
  });
  await connector.until((message) => message.t === 'received' && message.seq === 2);
  connector.send({ t: 'receipts', list: [record(2, 'refused'), record(3, 'close', { bytesUp: 7 })] });
  await connector.until((message) => message.t === 'received' && message.seq === 3);
  // A connector whose log was lost asks by none where its numbers have to go on.
  connector.send({ t: 'receipts', list: [] });
  await connector.until(() => connector.all('received').length === 3);
  assert.equal(connector.last('received')?.seq, 3);
  const { entries } = (await controller.call('GET', '/api/v1/audit?what=flow')).json<{
    entries: { what: string; resource: string; reasons: string[]; detail: { seq: number } }[];
  }>();
  assert.deepEqual(
    entries.map(({ what, resource, reasons, detail }) => [what, resource, reasons.join(), detail.seq]),
    [
      ['flow.open', 'wiki', '', 1],
      ['flow.refused', 'wiki', 'port-not-listed', 2],
      ['flow.close', 'wiki', '', 3],
    ],
  );
});

test('SEC-D7 an address that takes all places of strangers loses the oldest of them: others sign in, and who is about to stays', async (t) => {
  const controller = await acme(t);
  const patient = new TestNode(controller, 'device');
  await patient.connect('192.0.2.2');
  const ends: (string | undefined)[] = [];
  for (let at = 0; at < 1_100; at++) {
    const { left, right } = memoryCarriers();
    right.start({ data: () => undefined, drain: () => undefined, closed: (fault) => ends.push(fault?.code) });
    controller.control.accept(left, '192.0.2.66');
  }
  await settle();
  assert.equal(ends.length, 101);
  assert.deepEqual([...new Set(ends)], ['busy']);
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'hq') }, '192.0.2.3');
  assert.match(connector.id, /^con_/);
  patient.send(patient.enrolMessage({ secret: await controller.key('service', 'ci') }));
  await patient.until((message) => message.t === 'snapshot');
});

test('SEC-D7 many who shake hands and say nothing are cut as well, and whoever is known counts no more', async (t) => {
  const controller = await acme(t);
  const known = new TestNode(controller, 'connector');
  await known.enrol({ secret: await controller.key('connector', 'hq') }, '192.0.2.66');
  const silent = new TestNode(controller, 'device');
  await silent.connect('192.0.2.66');
  // What it says proves its key, and nobody knows the word.
  silent.send({ t: 'nothing' });
  await settle();
  for (let at = 0; at < 1_000; at++) {
    const { left, right } = memoryCarriers();
    right.start({ data: () => undefined, drain: () => undefined, closed: () => undefined });
    controller.control.accept(left, '192.0.2.66');
  }
  await until(() => silent.closed !== undefined);
  assert.equal(fault(silent), 'busy');
  assert.equal(known.closed, undefined);
  assert.equal(controller.control.connected, 1);
});

test('a node says only what its kind may say', async (t) => {
  const controller = await acme(t);
  const enrolled = async (kind: 'device' | 'connector' | 'relay', secret: string): Promise<TestNode> => {
    const node = new TestNode(controller, kind);
    await node.enrol({ secret });
    return node;
  };
  const cases = [
    [await enrolled('device', await controller.key('service', 'ci')), { t: 'receipts', list: [] }],
    [await enrolled('device', await controller.key('service', 'ci')), { t: 'certify', key: 'AAAA' }],
    [await enrolled('connector', await controller.key('connector', 'hq')), { t: 'logout' }],
    [await enrolled('relay', await controller.key('relay', 'r1')), { t: 'receipts', list: [] }],
    [await enrolled('device', await controller.key('service', 'ci')), { t: 'posture', seq: -1 }],
  ] as const;
  for (const [node, message] of cases) {
    node.send(message);
    await node.until(({ t }) => t === 'fault');
    assert.equal(fault(node), 'protocol', JSON.stringify(message));
  }
  const early = new TestNode(controller, 'connector');
  await early.connect();
  early.send({ t: 'receipts', list: [] });
  await early.until(({ t }) => t === 'fault');
  assert.equal(fault(early), 'protocol');
  const newer = await enrolled('device', await controller.key('service', 'ci'));
  newer.send({ t: 'of-a-later-version' });
  newer.send({ t: 'logout', more: true });
  await newer.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended === 'logout');
});

test('the built-in authority certifies a relay for its own host, whatever else it asks', async (t) => {
  const controller = await acme(t, { builtInAuthority: true });
  const relay = new TestNode(controller, 'relay');
  await relay.enrol({ secret: await controller.key('relay', 'r1') });
  const { X509Certificate, generateKeyPairSync } = await import('node:crypto');
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  relay.send({ t: 'certify', key: spki.toString('base64url') });
  const answer = await relay.until((message) => message.t === 'certificate');
  assert.ok(answer.t === 'certificate');
  const certificate = new X509Certificate(answer.pem);
  assert.equal(certificate.subjectAltName, 'DNS:relay.acme.example');
  assert.equal(certificate.ca, false);
  assert.ok(certificate.publicKey.equals(pair.publicKey));
  assert.ok(certificate.verify(new X509Certificate(controller.context.authority?.pem ?? '').publicKey));
});

test('a node that stays silent after the handshake is let go', async (t) => {
  const controller = await acme(t);
  const node = new TestNode(controller, 'connector');
  await node.connect();
  node.send({ t: 'of-a-later-version' });
  await settle();
  await controller.time.pass(11_000);
  await node.until((message) => message.t === 'fault' && message.code === 'timeout');
  assert.ok(decodeKey(encodeKey(node.nodeKey.publicKey)) !== undefined);
});

test('no public hostname may be that of a relay, nor a wildcard that covers it', async (t) => {
  const controller = await acme(t);
  const relay = new TestNode(controller, 'relay');
  await relay.enrol({ secret: await controller.key('relay', 'r1') });
  const apply = (hostname: string): ReturnType<typeof controller.call> => {
    const document = acmeDocument();
    const resources = (document.resources ?? []).map((resource) =>
      resource.name === 'wiki'
        ? { ...resource, web: { hostname, origin: 'http://wiki.acme.internal:80' } }
        : resource,
    );
    return controller.call('PUT', '/api/v1/document', { ...document, resources });
  };
  for (const hostname of ['relay.acme.example', '*.acme.example']) {
    const refused = await apply(hostname);
    assert.equal(refused.statusCode, 422, hostname);
    assert.match(refused.body, /the name of the controller or of a relay/);
  }
  assert.equal((await apply('wiki.acme.example')).statusCode, 200);
});
