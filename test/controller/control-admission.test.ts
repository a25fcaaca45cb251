/** Who is let in on the control channel, by which keys and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import { decodeKey, encodeKey, newAgreementKey, newSigningKey } from '../../protocol/keys.ts';
import { verifyCard, verifyTicket } from '../../protocol/tokens.ts';
import { acmeController } from './support/acme-controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';

test('a connector enrols with a key and is told what it serves, a ticket and everything revoked', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
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
  const controller = await acmeController(t);
  const secret = await controller.key('connector', 'hq');
  const nodes = Array.from({ length: 50 }, () => new TestNode(controller, 'connector'));
  await Promise.all(nodes.map((node, index) => node.enrol({ secret }, `192.0.2.${index}`)));
  const inside = nodes.filter((node) => node.id !== '');
  assert.equal(inside.length, 1);
  assert.ok(nodes.every((node) => inside.includes(node) || node.faultCode() === 'denied'));
  const listed = (await controller.call('GET', '/api/v1/connectors')).json<unknown[]>();
  assert.equal(listed.length, 1);
});

test('a node whose first answer was lost gets itself back with the key it used', async (t) => {
  const controller = await acmeController(t);
  const secret = await controller.key('connector', 'hq');
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret });
  const { id } = connector;
  await connector.enrol({ secret });
  assert.equal(connector.id, id);
  const other = new TestNode(controller, 'connector');
  await other.enrol({ secret });
  assert.equal(other.faultCode(), 'denied');
});

test('a key serves only its purpose, until it expires or is deleted', async (t) => {
  const controller = await acmeController(t);
  const refused = async (kind: 'device' | 'connector' | 'relay', secret: string): Promise<void> => {
    const node = new TestNode(controller, kind);
    await node.enrol({ secret });
    assert.equal(node.faultCode(), 'denied');
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
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  await connector.hello();
  assert.ok(connector.snapshot !== undefined);

  const otherMachine = new TestNode(controller, 'connector');
  otherMachine.id = connector.id;
  otherMachine.nodeKey = connector.nodeKey;
  await otherMachine.hello();
  assert.equal(otherMachine.faultCode(), 'revoked');
  await otherMachine.hello({ mk: encodeKey(connector.machineKey.publicKey) });
  assert.equal(otherMachine.faultCode(), 'revoked');

  const { nodeKey } = connector;
  connector.nodeKey = newAgreementKey();
  await connector.hello();
  assert.equal(connector.faultCode(), 'revoked');
  connector.nodeKey = nodeKey;
  await connector.hello({ kind: 'relay' });
  assert.equal(connector.faultCode(), 'revoked');
  await connector.hello({ node: 'con_00000000000000000000000000' });
  assert.equal(connector.faultCode(), 'revoked');
});

test('hello comes once on a channel', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  await connector.hello();
  assert.equal(connector.faultCode(), undefined);
  connector.send(connector.helloMessage());
  await connector.until(({ t: type }) => type === 'fault');
  assert.equal(connector.faultCode(), 'protocol');
});

test('an enrolment names the very node key that its channel proves', async (t) => {
  const controller = await acmeController(t);
  const connector = new TestNode(controller, 'connector');
  const secret = await controller.key('connector', 'hq');
  await connector.connect();
  connector.send(connector.enrolMessage({ secret, nk: encodeKey(newAgreementKey().publicKey) }));
  await connector.until(({ t: type }) => type === 'fault');
  assert.equal(connector.faultCode(), 'denied');
  await connector.enrol({ secret });
  assert.equal(connector.faultCode(), undefined);
});

test('REL-6: a verifier that knows a newer epoch than the store is let in, and the operator is told', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
  const behind = async () =>
    (await controller.call('GET', '/api/v1/audit?what=store.behind')).json<{
      entries: { who: string; result: string; detail: object }[];
    }>().entries;
  const epoch = connector.last('snapshot')?.epoch ?? 0;
  await connector.hello({ epoch });
  assert.deepEqual(await behind(), []);
  await connector.hello({ epoch: epoch + 7 });
  assert.equal(connector.faultCode(), undefined);
  const [entry] = await behind();
  assert.deepEqual(
    [entry?.who, entry?.result, entry?.detail],
    [connector.id, 'failed', { epoch: epoch + 7, own: epoch }],
  );
});

test('an enrolment whose proof was made for another channel is refused', async (t) => {
  const controller = await acmeController(t);
  const connector = new TestNode(controller, 'connector');
  const secret = await controller.key('connector', 'hq');
  await connector.connect();
  const old = connector.enrolMessage({ secret });
  await connector.connect();
  connector.send(old);
  await connector.until((message) => message.t === 'fault');
  assert.equal(connector.faultCode(), 'denied');
  await connector.connect();
  connector.send(connector.enrolMessage({ secret, mk: encodeKey(newSigningKey().publicKey) }));
  await connector.until((message) => message.t === 'fault');
  assert.equal(connector.faultCode(), 'denied');
  // The key was not used up by any of it.
  await connector.enrol({ secret });
  assert.equal(connector.faultCode(), undefined);
});

test('T3: a newer process of a device fences the older; the older one coming back suspends the device', async (t) => {
  const controller = await acmeController(t);
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
  const controller = await acmeController(t);
  const device = await TestNode.enrolled(controller, 'device');
  for (let turn = 0; turn < 3; turn++) await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
  device.boot = Buffer.alloc(16, 7).toString('base64url');
  await device.hello();
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('a blocked device is out at once and stays out, an unapproved one loses what needs approval', async (t) => {
  const controller = await acmeController(t);
  const document = acmeDocument();
  document.policies?.push({
    name: 'wiki-needs',
    require: 'everyone',
    to: { resources: ['wiki'] },
    when: { deviceApproved: true },
  });
  await controller.call('PUT', '/api/v1/document', document);
  const connector = await TestNode.enrolled(controller, 'connector');
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
  assert.equal(device.faultCode(), 'denied');
  await device.enrol({ secret });
  assert.equal(device.faultCode(), 'denied');
  await post('unblock');
  await device.enrol({ secret });
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('SEC-D7 an address that takes all places of strangers loses the oldest of them: others sign in, and who is about to stays', async (t) => {
  const controller = await acmeController(t);
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
  const controller = await acmeController(t);
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
  assert.equal(silent.faultCode(), 'busy');
  assert.equal(known.closed, undefined);
  assert.equal(controller.control.connected, 1);
});

test('a node that stays silent after the handshake is let go', async (t) => {
  const controller = await acmeController(t);
  const node = new TestNode(controller, 'connector');
  await node.connect();
  node.send({ t: 'of-a-later-version' });
  await settle();
  await controller.time.pass(11_000);
  await node.until((message) => message.t === 'fault' && message.code === 'timeout');
  assert.ok(decodeKey(encodeKey(node.nodeKey.publicKey)) !== undefined);
});
