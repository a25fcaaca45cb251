/** Endpoints that connectors publish: who is told of which, and who is not. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { directEndpoints } from '../../controller/decisions/direct-endpoints.ts';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import { formatEndpoint, parseEndpoint } from '../../protocol/endpoints.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import { parseName } from '../../protocol/names.ts';
import { testController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

/** Two service accounts: `ci` may use hq, `cd` the lab alone. */
function document(change: Partial<OrganisationDocument> = {}): OrganisationDocument {
  return {
    ...acmeDocument(),
    serviceAccounts: [{ name: 'ci' }, { name: 'cd' }],
    policies: [
      { name: 'ci-wiki', allow: { serviceAccounts: ['ci'] }, to: { resources: ['wiki'] } },
      { name: 'cd-printer', allow: { serviceAccounts: ['cd'] }, to: { resources: ['printer'] } },
    ],
    ...change,
  };
}

async function world(t: TestContext) {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', document())).statusCode, 200);
  const [ci, cd] = [new TestNode(controller, 'device'), new TestNode(controller, 'device')];
  await ci.enrol({ secret: await controller.key('service', 'ci') });
  await cd.enrol({ secret: await controller.key('service', 'cd') });
  const connector = await TestNode.enrolled(controller, 'connector');
  return { controller, ci, cd, connector };
}

function directOf(snapshot: DeviceSnapshot): string[] | undefined {
  return Object.values(snapshot.networks)
    .find(({ name }) => name === 'hq')
    ?.connectors.at(0)?.direct;
}

test('an endpoint that a connector publishes reaches the devices with a grant on its network, and nobody else', async (t) => {
  const { ci, cd, connector } = await world(t);
  connector.send({ t: 'publish', direct: ['HQ.acme.example.:7443', '203.0.113.9:7443'] });
  const told = ['hq.acme.example:7443', '203.0.113.9:7443'];
  assert.deepEqual(
    directOf(await ci.untilSnapshot<DeviceSnapshot>((snapshot) => directOf(snapshot) !== undefined)),
    told,
  );
  await connector.untilSnapshot<ConnectorSnapshot>(({ direct }) => direct?.length === 2);
  assert.ok(!JSON.stringify(cd.heard).includes('7443'));
  assert.ok(!JSON.stringify(cd.heard).includes('hq.acme.example'));
  connector.send({ t: 'publish', direct: [] });
  await ci.untilSnapshot<DeviceSnapshot>((snapshot) => directOf(snapshot) === undefined);
});

test('private addresses are told where the network allows it, as soon as it does and as long', async (t) => {
  const { controller, ci, connector } = await world(t);
  connector.send({ t: 'publish', direct: ['10.20.0.2:7443', '203.0.113.9:7443'] });
  const seen = await ci.untilSnapshot<DeviceSnapshot>((snapshot) => directOf(snapshot) !== undefined);
  assert.deepEqual(directOf(seen), ['203.0.113.9:7443']);
  const networks = [{ name: 'hq', lanCandidates: true }, { name: 'lab' }];
  await controller.call('PUT', '/api/v1/document', document({ networks }));
  await ci.untilSnapshot<DeviceSnapshot>((snapshot) => directOf(snapshot)?.length === 2);
  await connector.untilSnapshot<ConnectorSnapshot>(({ direct }) => direct?.length === 2);
  await controller.call('PUT', '/api/v1/document', document());
  await ci.untilSnapshot<DeviceSnapshot>((snapshot) => directOf(snapshot)?.length === 1);
});

test('only a connector publishes, within bounds', async (t) => {
  const { ci, connector, controller } = await world(t);
  ci.send({ t: 'publish', direct: ['203.0.113.9:7443'] });
  await ci.until((message) => message.t === 'fault' && message.code === 'protocol');
  connector.send({ t: 'publish', direct: Array.from({ length: 5 }, (_, port) => `203.0.113.9:${port + 1}`) });
  await connector.until((message) => message.t === 'fault' && message.code === 'protocol');
  const again = await TestNode.enrolled(controller, 'connector');
  again.send({ t: 'publish', direct: ['no endpoint', '203.0.113.9:7443', '203.0.113.9:7443', 'hq:0'] });
  const { direct } = await again.untilSnapshot<ConnectorSnapshot>(({ direct: told }) => told?.length !== 0);
  assert.deepEqual(direct, ['203.0.113.9:7443']);
});

const network = 'net_00000000000000000000000000' as NetworkId;

/** Whether devices are told of this endpoint. */
function isTold(host: string, lan: boolean): boolean {
  const text = formatEndpoint({ host, port: 7_443 });
  const state = {
    networks: [{ id: network, name: 'hq' }],
    document: { organisation: 'acme', networks: [{ name: 'hq', lanCandidates: lan }] },
    zones: [parseName('acme.internal')!],
  };
  return directEndpoints({ direct: JSON.stringify([text]), network }, state).length === 1;
}

test('names and public addresses are told, private ones only with lanCandidates, and what leads nowhere never', () => {
  for (const host of ['hq.acme.example', '203.0.113.9', '198.18.1.200', '2001:db8::1', '2a00:1450::1'])
    assert.deepEqual([isTold(host, false), isTold(host, true)], [true, true], host);
  for (const host of [
    ...['10.0.0.1', '172.31.255.1', '192.168.1.1', '100.64.0.1', '100.111.1.1', '127.0.0.1', '::1'],
    ...['fd00::1', '::ffff:10.0.0.1', '::ffff:7f00:1'],
  ])
    assert.deepEqual([isTold(host, false), isTold(host, true)], [false, true], host);
  for (const host of [
    ...['0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::', 'fe80::1', 'ff02::1'],
    ...['64:ff9b::a00:1', '2002:a00:1::', '2001:0:a00:1::'],
    // A connector could otherwise make devices ask others about them.
    ...['acme.internal', 'wiki.acme.internal'],
  ])
    assert.deepEqual([isTold(host, false), isTold(host, true)], [false, false], host);
});

test('an endpoint has one form', () => {
  const forms: Record<string, string | undefined> = {
    'Hq.Acme.Example:7443': 'hq.acme.example:7443',
    '203.0.113.9:1': '203.0.113.9:1',
    '[2001:DB8:0:0::1]:65535': '[2001:db8::1]:65535',
    '203.0.113.9': undefined,
    '203.0.113.9:0': undefined,
    '203.0.113.9:65536': undefined,
    '203.0.113.9:07': undefined,
    '127.1:7443': undefined,
    '0x7f.1:7443': undefined,
    '2001:db8::1:7443': undefined,
    '[fe80::1%eth0]:7443': undefined,
    '[203.0.113.9]:7443': undefined,
    'https://hq.acme.example:7443': undefined,
    'hq.acme.example:7443/x': undefined,
    ':7443': undefined,
    '': undefined,
  };
  for (const [text, form] of Object.entries(forms)) {
    const endpoint = parseEndpoint(text);
    assert.equal(endpoint === undefined ? undefined : formatEndpoint(endpoint), form, text);
  }
});
