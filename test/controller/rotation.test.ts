/** A device takes new keys: with proof of the old and the new, at once for every owner, and never half. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decideAll } from '../../controller/decisions/act-on-change.ts';
import { supersededMs } from '../../controller/decisions/superseded.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';
import { encodeKey, newAgreementKey, newSigningKey, sign } from '../../protocol/keys.ts';
import { rotateMessage, type NodeKeys } from '../../protocol/rotation.ts';
import { decodeJwt } from 'jose';

const newKeys = (): NodeKeys => ({ machineKey: newSigningKey(), nodeKey: newAgreementKey() });

async function world(t: TestContext): Promise<{ acme: TestController; device: TestNode }> {
  const acme = await testController(t);
  assert.equal((await acme.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  const device = await TestNode.enrolled(acme, 'device');
  await device.until((message) => message.t === 'grants' && message.list.length > 0);
  return { acme, device };
}

function messageOf(
  { acme, device }: { acme: TestController; device: TestNode },
  next: NodeKeys,
  old = device.machineKey,
) {
  const controlKey = acme.context.keys.control.publicKey;
  const message = rotateMessage({ machineKey: old }, next, {
    handshakeHash: device.handshakeHash,
    controlKey,
  });
  assert.ok(message);
  return message;
}

/** The device's own keys become these, as if it had come back with them. */
function use(device: TestNode, { machineKey, nodeKey }: NodeKeys): void {
  Object.assign(device, { machineKey, nodeKey });
}

test('new keys count at once, the old ones open nothing, and grants and ticket are for the new', async (t) => {
  const { acme, device } = await world(t);
  const old = { machineKey: device.machineKey, nodeKey: device.nodeKey };
  const oldGrant = device.last('grants')?.list[0] ?? '';
  const next = newKeys();
  device.send(messageOf({ acme, device }, next));
  await device.until((message) => message.t === 'rotated');
  await device.until((message) => message.t === 'grants' && !message.list.includes(oldGrant));
  const [grant = ''] = device.last('grants')?.list ?? [];
  assert.deepEqual(decodeJwt(grant)['cnf'], { nk: encodeKey(next.nodeKey.publicKey) });
  assert.deepEqual(decodeJwt(device.last('tickets')?.list[0] ?? '')['cnf'], {
    mk: encodeKey(next.machineKey.publicKey),
  });
  assert.equal(decodeJwt(grant)['ses'], decodeJwt(oldGrant)['ses']);

  const thief = new TestNode(acme, 'device');
  thief.id = device.id;
  use(thief, old);
  await thief.hello();
  assert.equal(thief.last('fault')?.code, 'revoked');
  for (const mixed of [
    { machineKey: old.machineKey, nodeKey: next.nodeKey },
    { machineKey: next.machineKey, nodeKey: old.nodeKey },
  ]) {
    use(thief, mixed);
    await thief.hello();
    assert.equal(thief.last('fault')?.code, 'revoked');
  }
  use(device, next);
  await device.hello();
  assert.equal(device.last('fault'), undefined);
  const [entry] = (await acme.call('GET', '/api/v1/audit?what=device.rotate')).json<{
    entries: { who: string }[];
  }>().entries;
  assert.equal(entry?.who, device.id);
});

test('every proof is needed, over this channel and these keys', async (t) => {
  const { acme, device } = await world(t);
  const next = newKeys();
  const other = newKeys();
  const right = () => messageOf({ acme, device }, next);
  const elsewhere = (): ReturnType<typeof right> => {
    const controlKey = acme.context.keys.control.publicKey;
    const message = rotateMessage(device, next, { handshakeHash: Buffer.alloc(32, 7), controlKey });
    assert.ok(message);
    return message;
  };
  const cases: Record<string, () => Record<string, unknown>> = {
    'not by the old key': () => messageOf({ acme, device }, next, other.machineKey),
    'not by the new machine key': () => ({ ...right(), sig: messageOf({ acme, device }, other).sig }),
    'not by the new node key': () => ({ ...right(), agreed: messageOf({ acme, device }, other).agreed }),
    'a node key of somebody else': () => ({ ...right(), nk: encodeKey(other.nodeKey.publicKey) }),
    'a machine key of somebody else': () => ({ ...right(), mk: encodeKey(other.machineKey.publicKey) }),
    'a low-order node key': () => ({ ...right(), nk: 'A'.repeat(43) }),
    'of another channel': elsewhere,
    'a signature for another use': () => ({
      ...right(),
      old: sign(device.machineKey, 'control', [device.handshakeHash]).toString('base64url'),
    }),
    'keys that are known': () =>
      messageOf({ acme, device }, { machineKey: device.machineKey, nodeKey: device.nodeKey }),
  };
  for (const [name, message] of Object.entries(cases)) {
    await device.hello();
    device.send(message());
    const fault = await device.until(({ t: type }) => type === 'fault' || type === 'rotated');
    assert.ok(fault.t === 'fault' && fault.code === 'protocol', name);
  }
  // A connector has no way to ask at all.
  const connector = await TestNode.enrolled(acme, 'connector');
  connector.send(messageOf({ acme, device: connector }, next));
  assert.ok((await connector.until(({ t: type }) => type === 'fault' || type === 'rotated')).t === 'fault');
  // Nothing of that changed anything.
  await device.hello();
  assert.equal(device.last('fault'), undefined);
});

test('tokens of the old keys are revoked after an hour, also when the controller was started anew meanwhile', async (t) => {
  const { acme, device } = await world(t);
  const connector = await TestNode.enrolled(acme, 'connector');
  const oldGrant = decodeJwt(device.last('grants')?.list[0] ?? '').jti ?? '';
  const next = newKeys();
  device.send(messageOf({ acme, device }, next));
  await device.until((message) => message.t === 'rotated');
  const revoked = () =>
    connector.all('revoke').flatMap(({ ids, reason }) => (ids.includes(oldGrant) ? [reason] : []));
  assert.deepEqual(revoked(), []);
  acme.time.ms += supersededMs - 1_000;
  acme.time.clock.advance(supersededMs - 1_000);
  await connector.hello();
  assert.deepEqual(revoked(), []);
  // A second rotation meanwhile neither hastens nor forgets the first.
  use(device, next);
  await device.hello();
  device.send(messageOf({ acme, device }, newKeys()));
  await device.until((message) => message.t === 'rotated');
  assert.deepEqual(revoked(), []);
  acme.time.ms += 1_000;
  acme.time.clock.advance(1_000);
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(oldGrant));
  assert.deepEqual(revoked(), ['rotated']);

  // Whoever was not there when the hour was over looks at the start.
  acme.time.ms += supersededMs;
  await decideAll(acme.context, acme.context.firstOrganisation);
  const { store } = acme.context.organisation(acme.context.firstOrganisation);
  assert.deepEqual(
    await store.select('issued_tokens').select('id').where('superseded_ms', 'is not', null).execute(),
    [],
  );
});
