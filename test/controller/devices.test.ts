/** Devices of people: which wait for an administrator, when one counts as new again, their names, and who hears of them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { OrganisationDocument } from '../../protocol/organisation-document.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { acmeDocument } from './support/document.ts';
import { testController, type TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

const hour = 3_600_000;

interface World extends TestController {
  readonly alice: Id<'usr'>;
}

async function world(t: TestContext, more: Partial<OrganisationDocument> = {}): Promise<World> {
  const controller = await testController(t);
  await apply(controller, more);
  const alice = newId('usr', systemRandom(16));
  await controller.context
    .organisation(controller.context.firstOrganisation)
    .store.insert('people', {
      id: alice,
      issuer: 'https://idp.acme.example',
      subject: 'a1',
      email: 'alice@acme.example',
      name: 'Alice',
      groups: '["staff"]',
      created_ms: controller.time.ms,
      signed_in_ms: controller.time.ms,
    })
    .execute();
  return { ...controller, alice };
}

async function apply(controller: TestController, more: Partial<OrganisationDocument>): Promise<string[]> {
  const answer = await controller.call('PUT', '/api/v1/document', { ...acmeDocument(), ...more });
  assert.equal(answer.statusCode, 200, answer.body);
  return answer
    .json<{ changes: { action: string; kind: string; name: string }[] }>()
    .changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`);
}

/** Signs alice in on the device; whether it waits for an administrator. */
async function signIn(world: World, device: TestNode, from: 'here' | 'elsewhere' = 'here'): Promise<boolean> {
  const { attempts, context, alice } = world;
  await device.connect();
  device.send(device.enrolMessage({ code: true }));
  await device.until((message) => message.t === 'code');
  const by = { person: alice, address: '192.0.2.1' };
  const entry = await attempts.enterCode(context.firstOrganisation, device.last('code')?.user_code ?? '', by);
  assert.ok(entry.state === 'found');
  const result = await attempts.approve(
    entry.attempt,
    { ...by, amr: ['pwd'] },
    { held: from === 'elsewhere' },
  );
  assert.ok(result.state === 'joined');
  await device.until((message) => message.t === 'snapshot');
  return result.held;
}

function snapshot(device: TestNode): DeviceSnapshot {
  return device.snapshot as DeviceSnapshot;
}

function usable(device: TestNode): string[] {
  return Object.values(snapshot(device).resources).flatMap(({ name, state }) =>
    state === 'granted' ? [name] : [],
  );
}

interface Listed {
  id: string;
  name: string;
  approval: string;
  state: string;
  expires?: string;
}

async function listed(acme: World): Promise<Listed[]> {
  return (await acme.call('GET', '/api/v1/devices')).json<Listed[]>();
}

test('devices: approval says which new devices wait: all, those from elsewhere, none', async (t) => {
  for (const [approval, here, elsewhere] of [
    [undefined, false, true],
    ['elsewhere', false, true],
    ['required', true, true],
    ['off', false, false],
  ] as const) {
    const acme = await world(t, approval === undefined ? {} : { devices: { approval } });
    const [near, far] = [new TestNode(acme, 'device'), new TestNode(acme, 'device')];
    assert.equal(await signIn(acme, near), here, `${approval} here`);
    assert.equal(await signIn(acme, far, 'elsewhere'), elsewhere, `${approval} elsewhere`);
    assert.deepEqual(usable(near), here ? [] : ['wiki']);
    assert.deepEqual(usable(far), elsewhere ? [] : ['wiki']);
    if (!here) continue;
    assert.equal((await acme.call('POST', `/api/v1/devices/${near.id}/approve`)).statusCode, 204);
    await near.untilSnapshot<DeviceSnapshot>(() => usable(near).includes('wiki'));
    // What is approved stays so at the next sign-in.
    assert.equal(await signIn(acme, near, 'elsewhere'), false);
  }
});

test('a document that asks approval of every device takes the rights of those that were never approved', async (t) => {
  const acme = await world(t);
  const device = new TestNode(acme, 'device');
  await signIn(acme, device);
  assert.deepEqual(usable(device), ['wiki']);
  assert.deepEqual(await apply(acme, { devices: { approval: 'required' } }), ['created setting devices']);
  await device.untilSnapshot<DeviceSnapshot>(() => usable(device).length === 0);
  const [wiki] = Object.values(snapshot(device).resources);
  assert.deepEqual(wiki?.reasons, [{ name: 'device-not-approved' }]);
  assert.deepEqual(await apply(acme, {}), ['removed setting devices']);
  await device.untilSnapshot<DeviceSnapshot>(() => usable(device).length === 1);
  assert.deepEqual(await apply(acme, {}), []);
});

test('a device on which nobody signed in for so long is let in anew: its approval is gone, and its owner hears of it', async (t) => {
  const acme = await world(t, { devices: { approval: 'required', expireAfter: '30d' } });
  const device = new TestNode(acme, 'device');
  await signIn(acme, device);
  await acme.call('POST', `/api/v1/devices/${device.id}/approve`);
  const [first] = await listed(acme);
  assert.equal(first?.expires, new Date(acme.time.ms + 30 * 24 * hour).toISOString());
  // Just before, it is the same device; from then on it is not.
  acme.time.ms += 30 * 24 * hour - 1;
  assert.equal(await signIn(acme, device), false);
  acme.time.ms += 30 * 24 * hour;
  assert.equal(await signIn(acme, device), true);
  const [again] = await listed(acme);
  assert.deepEqual([again?.id, again?.approval], [first?.id, 'held']);
  const { store } = acme.context.organisation(acme.context.firstOrganisation);
  const row = await store
    .select('nodes')
    .select('acknowledged_ms')
    .where('kind', '=', 'device')
    .executeTakeFirst();
  assert.equal(row?.acknowledged_ms, null);
});

test('a shorter length of sessions, or of devices, brings the end of open ones forward, and ends what is past it', async (t) => {
  const acme = await world(t);
  const device = new TestNode(acme, 'device');
  await signIn(acme, device);
  const startedS = Math.floor(acme.time.ms / 1_000);
  assert.equal(snapshot(device).session.until, startedS + 12 * 3_600);
  await apply(acme, { sessions: { length: '2h' } });
  await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.until === startedS + 2 * 3_600);
  // A longer one is for the next sign-in: nobody stays for longer than they were told.
  await apply(acme, { sessions: { length: '10h' } });
  const { store } = acme.context.organisation(acme.context.firstOrganisation);
  const row = await store.select('sessions').select('until_ms').executeTakeFirst();
  assert.equal(row?.until_ms, (startedS + 2 * 3_600) * 1_000);
  const ended: string[] = [];
  acme.context.bus.subscribe((_organisation, message) => {
    if (message.kind === 'revoked') ended.push(message.revocation.reason, ...message.revocation.ids);
  });
  acme.time.ms += hour;
  const { id } = snapshot(device).session;
  await apply(acme, { sessions: { length: '30m' } });
  assert.ok(ended.includes('expired') && ended.includes(id), ended.join());
  await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended === 'expired');
  assert.deepEqual(usable(device), []);
  // The session of a service account is as long as its key.
  const service = await TestNode.enrolled(acme, 'device');
  await apply(acme, { sessions: { length: '5m' }, devices: { expireAfter: '1d' } });
  acme.time.ms += 48 * hour;
  await apply(acme, { sessions: { length: '6m' }, devices: { expireAfter: '1d' } });
  assert.equal(snapshot(service).session.ended, undefined);
});

test('a name that somebody gave a device outlives what it calls itself', async (t) => {
  const acme = await world(t);
  const device = new TestNode(acme, 'device');
  await signIn(acme, device);
  const rename = (name: unknown, id = device.id) =>
    acme.call('POST', `/api/v1/devices/${id}/rename`, { name });
  assert.equal((await rename('Alice’s work laptop')).statusCode, 204);
  await device.untilSnapshot<DeviceSnapshot>((now) => now.device.name === 'Alice’s work laptop');
  await signIn(acme, device);
  assert.deepEqual(
    (await listed(acme)).map(({ name }) => name),
    ['Alice’s work laptop'],
  );
  for (const bad of ['', ' ', ' a', 'a ', 'a\u0000b', 'a\u202eb', 'x'.repeat(65), 7, null])
    assert.equal((await rename(bad)).statusCode, 400, JSON.stringify(bad));
  assert.equal((await rename('a', 'dev_00000000000000000000000000')).statusCode, 404);
  assert.equal((await listed(acme))[0]?.name, 'Alice’s work laptop');
});

test('every new device is news on the others of its owner, until they say that they know it; a second copy is an alarm', async (t) => {
  const acme = await world(t);
  const [laptop, phone] = [new TestNode(acme, 'device'), new TestNode(acme, 'device')];
  await signIn(acme, laptop);
  assert.deepEqual(snapshot(laptop).news, []);
  await signIn(acme, phone);
  await laptop.untilSnapshot<DeviceSnapshot>(({ news }) => news?.length === 1);
  const [news] = snapshot(laptop).news ?? [];
  assert.deepEqual(
    [news?.device, news?.what, news?.name, news?.address],
    [phone.id, 'new', 'laptop', '192.0.2.1'],
  );
  const { store } = acme.context.organisation(acme.context.firstOrganisation);
  await store.update('nodes').set({ acknowledged_ms: acme.time.ms }).execute();
  await acme.context.publish(acme.context.firstOrganisation, { kind: 'person', person: acme.alice });
  await laptop.untilSnapshot<DeviceSnapshot>(({ news: left }) => left?.length === 0);

  // The phone's state is copied: the copy takes over, and then the first one comes back.
  const copied = phone.boot;
  phone.boot = systemRandom(16).toString('base64url');
  await phone.hello();
  phone.boot = copied;
  await phone.hello();
  await laptop.untilSnapshot<DeviceSnapshot>(({ news: left }) => left?.[0]?.what === 'suspended');
  assert.equal(snapshot(phone).session.ended, 'fenced');
  assert.equal((await listed(acme)).find(({ id }) => id === phone.id)?.state, 'suspended');
  const alarms = await store
    .select('audit')
    .select(['what', 'cause'])
    .where('what', '=', 'device.suspend')
    .execute();
  assert.deepEqual(
    alarms.map(({ cause }) => cause),
    ['fenced'],
  );
  // The owner signs in again, and all is well.
  await signIn(acme, phone);
  await laptop.untilSnapshot<DeviceSnapshot>(
    ({ news: left }) => left?.every(({ what }) => what !== 'suspended') === true,
  );
  assert.deepEqual(usable(phone), ['wiki']);
});
