/** What a node that is known may ask on the control channel, by its kind: flow records, a certificate for its own host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import { acmeController } from './support/acme-controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

test('flow records enter the audit log once, and are acknowledged when they are on disk', async (t) => {
  const controller = await acmeController(t);
  const connector = await TestNode.enrolled(controller, 'connector');
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

test('a node says only what its kind may say', async (t) => {
  const controller = await acmeController(t);
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
    assert.equal(node.faultCode(), 'protocol', JSON.stringify(message));
  }
  const early = new TestNode(controller, 'connector');
  await early.connect();
  early.send({ t: 'receipts', list: [] });
  await early.until(({ t }) => t === 'fault');
  assert.equal(early.faultCode(), 'protocol');
  const newer = await enrolled('device', await controller.key('service', 'ci'));
  newer.send({ t: 'of-a-later-version' });
  newer.send({ t: 'logout', more: true });
  await newer.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended === 'logout');
});

test('the built-in authority certifies a relay for its own host, whatever else it asks', async (t) => {
  const controller = await acmeController(t, { builtInAuthority: true });
  const relay = await TestNode.enrolled(controller, 'relay');
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

test('no public hostname may be that of a relay, nor a wildcard that covers it', async (t) => {
  const controller = await acmeController(t);
  await TestNode.enrolled(controller, 'relay');
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
