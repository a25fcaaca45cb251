import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { SignIn } from '../../controller/enrolment/let-in.ts';
import { acmeController } from './support/acme-controller.ts';
import type { TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

/** A person of the provider, in these groups. */
async function person({ context }: TestController, name: string, groups: string[]): Promise<Id<'usr'>> {
  const id = newId('usr', systemRandom(16));
  await context
    .organisation(context.firstOrganisation)
    .store.insert('people', {
      id,
      issuer: 'https://idp.acme.example',
      subject: name,
      email: `${name}@acme.example`,
      name,
      groups: JSON.stringify(groups),
      created_ms: context.now(),
      signed_in_ms: context.now(),
    })
    .execute();
  return id;
}

const signInOf = (id: Id<'usr'>): SignIn => ({ person: id, amr: ['pwd'], address: '192.0.2.1' });

/** A device that waits for the code its person types. */
async function waitingDevice(controller: TestController): Promise<{ device: TestNode; code: string }> {
  const device = new TestNode(controller, 'device');
  await device.connect();
  device.send(device.enrolMessage({ code: true }));
  await device.until((message) => message.t === 'code');
  return { device, code: device.last('code')?.user_code ?? '' };
}

/** The same, once this person has typed it. */
async function foundDevice(controller: TestController, by: Id<'usr'>) {
  const waiting = await waitingDevice(controller);
  const { attempts, context } = controller;
  const entry = await attempts.enterCode(context.firstOrganisation, waiting.code, {
    person: by,
    address: 'x',
  });
  assert.ok(entry.state === 'found');
  return { ...waiting, entry };
}

const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');

/** A device that waits for its loopback redirect; the secret of the URL its person opens. */
async function loopbackDevice(controller: TestController): Promise<{ device: TestNode; secret: string }> {
  const device = new TestNode(controller, 'device');
  await device.connect();
  device.send(device.enrolMessage({ loopback: { port: 50_123, challenge } }));
  await device.until((message) => message.t === 'open');
  const url = new URL(device.last('open')?.url ?? '');
  assert.equal(url.origin, 'https://access.acme.example:8443');
  return { device, secret: url.searchParams.get('attempt') ?? '' };
}

test('a person lets a device in by typing its code, and it is told what they may use', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context } = controller;
  const alice = await person(controller, 'alice', ['staff', 'not-declared']);
  const { device, code } = await waitingDevice(controller);
  assert.match(code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.doesNotMatch(device.last('code')?.url ?? '', new RegExp(code.replace('-', '.?')));
  const entry = await attempts.enterCode(context.firstOrganisation, ` ${code.toLowerCase()} `, {
    person: alice,
    address: '198.51.100.1',
  });
  assert.ok(entry.state === 'found');
  assert.equal(entry.attempt.device.name, 'laptop');
  assert.equal(entry.attempt.device.address, '192.0.2.1');
  const result = await attempts.approve(entry.attempt, signInOf(alice), { held: false });
  assert.ok(result.state === 'joined');
  await device.until((message) => message.t === 'snapshot');
  assert.equal(device.id, result.device);
  const snapshot = device.snapshot as DeviceSnapshot;
  assert.equal(snapshot.session.kind, 'person');
  assert.equal(snapshot.session.email, 'alice@acme.example');
  assert.deepEqual(
    Object.values(snapshot.resources).map(({ name, state }) => [name, state]),
    [['wiki', 'granted']],
  );
  const again = await attempts.enterCode(context.firstOrganisation, code, { person: alice, address: 'x' });
  assert.equal(again.state, 'wrong', 'a code lets one device in');
});

test('a device that is held gets nothing until an administrator approves it', async (t) => {
  const controller = await acmeController(t);
  const { attempts } = controller;
  const alice = await person(controller, 'alice', ['staff']);
  const { device, entry } = await foundDevice(controller, alice);
  await attempts.approve(entry.attempt, signInOf(alice), { held: true });
  await device.until((message) => message.t === 'snapshot');
  const [wiki] = Object.values((device.snapshot as DeviceSnapshot).resources);
  assert.equal(wiki?.state, 'refused');
  assert.deepEqual(wiki.reasons, [{ name: 'device-not-approved' }]);
  assert.deepEqual(device.last('grants')?.list, []);
  await controller.call('POST', `/api/v1/devices/${device.id}/approve`);
  await device.untilSnapshot<DeviceSnapshot>(({ resources }) =>
    Object.values(resources).every(({ state }) => state === 'granted'),
  );
  assert.equal(device.last('grants')?.list.length, 1);
});

test('an office behind one address lets in as many devices as come, while starts that lead nowhere are held off', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context } = controller;
  const organisation = context.firstOrganisation;
  const alice = await person(controller, 'alice', ['staff']);
  const claim = (name: string): Parameters<typeof attempts.startDeviceCode>[1] => ({
    mk: name.padEnd(43, 'A'),
    nk: name.padEnd(43, 'B'),
    name,
    os: 'Linux',
    version: '0.1.0',
    boot: name.padEnd(22, 'C'),
    address: '192.0.2.7',
  });
  for (let index = 0; index < 40; index++) {
    const started = await attempts.startDeviceCode(organisation, claim(`laptop${index}`));
    assert.ok(started, `device ${index}`);
    const by = { person: alice, address: 'x' };
    const entry = await attempts.enterCode(organisation, started.userCode, by);
    assert.ok(entry.state === 'found');
    assert.equal((await attempts.approve(entry.attempt, signInOf(alice), { held: false })).state, 'joined');
  }
  for (let index = 0; index < 30; index++)
    assert.ok(await attempts.startDeviceCode(organisation, claim(`x${index}`)));
  assert.equal(await attempts.startDeviceCode(organisation, claim('x30')), undefined);
});

test('five wrong codes lock the person for a while, wherever they are', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context, time } = controller;
  const organisation = context.firstOrganisation;
  const alice = await person(controller, 'alice', []);
  const bob = await person(controller, 'bob', []);
  const { code } = await waitingDevice(controller);
  for (const triesLeft of [4, 3, 2, 1, 0]) {
    const wrong = await attempts.enterCode(organisation, 'BBBB-BBBB', { person: alice, address: 'a' });
    assert.deepEqual(wrong, { state: 'wrong', triesLeft });
  }
  const elsewhere = { person: alice, address: 'b' };
  assert.equal((await attempts.enterCode(organisation, code, elsewhere)).state, 'locked');
  assert.equal((await attempts.enterCode(organisation, code, { person: bob, address: 'a' })).state, 'found');
  time.ms += 15 * 60_000;
  const fresh = await waitingDevice(controller);
  assert.equal(
    (await attempts.enterCode(organisation, fresh.code, { person: alice, address: 'a' })).state,
    'found',
  );
});

test('a code ends after five minutes, and the device is told to try again', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context } = controller;
  const alice = await person(controller, 'alice', ['staff']);
  const { device, code, entry } = await foundDevice(controller, alice);
  // The secure channel itself is renewed every two minutes and needs both ends to be awake for it.
  await controller.time.pass(5 * 60_000);
  await device.until((message) => message.t === 'fault' && message.code === 'timeout');
  assert.equal(
    (await attempts.enterCode(context.firstOrganisation, code, { person: alice, address: 'x' })).state,
    'wrong',
  );
  assert.deepEqual(await attempts.approve(entry.attempt, signInOf(alice), { held: false }), {
    state: 'gone',
  });
});

test('a person who refuses ends the wait', async (t) => {
  const controller = await acmeController(t);
  const { attempts } = controller;
  const alice = await person(controller, 'alice', ['staff']);
  const { device, entry } = await foundDevice(controller, alice);
  await attempts.refuse(entry.attempt);
  await device.until((message) => message.t === 'fault' && message.code === 'denied');
});

test('a loopback login needs code, verifier and the key of the device that began it', async (t) => {
  const controller = await acmeController(t);
  const { attempts } = controller;
  const alice = await person(controller, 'alice', ['staff']);
  const begin = async (): Promise<{ device: TestNode; code: string }> => {
    const { device, secret } = await loopbackDevice(controller);
    const attempt = await attempts.findLoopback(secret);
    assert.ok(attempt !== undefined);
    const authorised = await attempts.authorise(attempt, signInOf(alice));
    assert.equal(authorised?.port, 50_123);
    assert.equal(await attempts.authorise(attempt, signInOf(alice)), undefined, 'once');
    assert.equal(await attempts.findLoopback(secret), undefined);
    return { device, code: authorised.code };
  };
  const refused = async (device: TestNode, code: string, proof: string): Promise<void> => {
    device.send({ t: 'login', code, verifier: proof });
    await device.until((message) => message.t === 'fault');
    assert.equal(device.last('fault')?.code, 'expired');
  };
  const right = await begin();
  right.device.send({ t: 'login', code: right.code, verifier });
  await right.device.until((message) => message.t === 'snapshot');
  assert.equal((right.device.snapshot as DeviceSnapshot).session.name, 'alice');

  const wrongVerifier = await begin();
  await refused(wrongVerifier.device, wrongVerifier.code, 'w'.repeat(43));
  const otherDevice = await begin();
  const thief = new TestNode(controller, 'device');
  thief.nodeKey = newAgreementKey();
  await thief.connect();
  await refused(thief, otherDevice.code, verifier);
  await refused(otherDevice.device, otherDevice.code, verifier);
  const late = await begin();
  controller.time.ms += 60_000;
  await refused(late.device, late.code, verifier);
});

test('what a login leaves in the store lets nobody in', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context } = controller;
  const alice = await person(controller, 'alice', ['staff']);
  const { code } = await waitingDevice(controller);
  const { secret } = await loopbackDevice(controller);
  const attempt = await attempts.findLoopback(secret);
  assert.ok(attempt !== undefined);
  const authorised = await attempts.authorise(attempt, signInOf(alice));
  const { store } = context.organisation(context.firstOrganisation);
  const rows = JSON.stringify(await store.select('login_attempts').selectAll().execute());
  const plain = code.replace('-', '');
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
  // A code of eight letters behind a plain hash would be found in minutes, so even its hash must not be there.
  for (const text of [code, plain, secret, authorised?.code ?? '', sha256(plain), sha256(code)]) {
    assert.equal(rows.includes(text), false);
  }
});

test('one address cannot start attempts without end', async (t) => {
  const controller = await acmeController(t);
  const claim = {
    mk: '',
    nk: '',
    name: 'n',
    os: 'linux',
    version: '1',
    boot: '',
    address: '203.0.113.9',
  };
  const organisation = controller.context.firstOrganisation;
  let started = 0;
  while ((await controller.attempts.startDeviceCode(organisation, claim)) !== undefined) started += 1;
  assert.equal(started, 30);
  const elsewhere = await controller.attempts.startDeviceCode(organisation, {
    ...claim,
    address: '203.0.113.10',
  });
  assert.ok(elsewhere !== undefined);
});

test('a person whose groups change loses at once what the group gave', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context } = controller;
  const alice = await person(controller, 'alice', ['staff']);
  const connector = await TestNode.enrolled(controller, 'connector');
  const { device, entry } = await foundDevice(controller, alice);
  await attempts.approve(entry.attempt, signInOf(alice), { held: false });
  await device.until((message) => message.t === 'snapshot');
  const { store } = context.organisation(context.firstOrganisation);
  await store.update('people').set({ groups: '[]' }).where('id', '=', alice).execute();
  await context.publish(context.firstOrganisation, { kind: 'person', person: alice });
  await connector.until((message) => message.t === 'revoke');
  await device.untilSnapshot<DeviceSnapshot>(({ resources }) => Object.keys(resources).length === 0);
});

test('another person on the same machine gets a device of their own, and the first is signed out', async (t) => {
  const controller = await acmeController(t);
  const { attempts, context } = controller;
  const { device, code } = await waitingDevice(controller);
  const enter = async (name: string, text: string): Promise<void> => {
    const id = await person(controller, name, ['staff']);
    const entry = await attempts.enterCode(context.firstOrganisation, text, { person: id, address: name });
    assert.ok(entry.state === 'found');
    await attempts.approve(entry.attempt, signInOf(id), { held: false });
  };
  await enter('alice', code);
  await device.until((message) => message.t === 'snapshot');
  const first = device.id;
  await controller.call('POST', `/api/v1/devices/${first}/approve`);
  device.heard.length = 0;
  device.send(device.enrolMessage({ code: true }));
  await device.until((message) => message.t === 'code');
  await enter('bob', device.last('code')?.user_code ?? '');
  await device.until((message) => message.t === 'snapshot');
  assert.notEqual(device.id, first);
  assert.equal((device.snapshot as DeviceSnapshot).session.name, 'bob');
  assert.equal(
    (device.snapshot as DeviceSnapshot).device.approved,
    false,
    'approval does not pass to another person',
  );
  const sessions = (await controller.call('GET', '/api/v1/sessions')).json<unknown[]>();
  assert.equal(sessions.length, 1);
});
