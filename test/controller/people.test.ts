/** People and service accounts that an administrator locks out, and sessions that one ends. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SignIn } from '../../controller/enrolment/let-in.ts';
import { PersonDisabled } from '../../controller/login/record-sign-in.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { Id } from '../../protocol/ids.ts';
import { corpSignIn } from './support/corp-sign-in.ts';
import { acmeController } from './support/acme-controller.ts';
import { testController, type TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

/** Signs alice in with a browser. */
function signIn({ context }: TestController) {
  return corpSignIn(context, 'a1', {
    name: 'Alice Example',
    email: 'alice@acme.example',
    idToken: 'an.id.token',
  });
}

/** Waits for a typed code with a device and lets it in as this person; the outcome for the person. */
async function letIn(controller: TestController, device: TestNode, person: Id<'usr'>): Promise<string> {
  const { attempts, context } = controller;
  await device.connect();
  device.send(device.enrolMessage({ code: true }));
  await device.until((message) => message.t === 'code');
  const by = { person, address: '192.0.2.1' };
  const code = device.last('code')?.user_code ?? '';
  const entry = await attempts.enterCode(context.firstOrganisation, code, by);
  assert.ok(entry.state === 'found');
  const signedIn: SignIn = { ...by, amr: ['pwd'] };
  const result = await attempts.approve(entry.attempt, signedIn, { held: false });
  if (result.state === 'joined') await device.until((message) => message.t === 'snapshot');
  return result.state;
}

async function connected(controller: TestController): Promise<TestNode> {
  const connector = await TestNode.enrolled(controller, 'connector');
  return connector;
}

interface Account {
  id: string;
  email?: string;
  name: string;
  disabled: boolean;
  sessions: number;
}

async function accounts(controller: TestController, path: string): Promise<Account[]> {
  return (await controller.call('GET', `/api/v1/${path}`)).json<Account[]>();
}

test('a person who is disabled loses every session at once, with that cause, and no sign-in gets through until enabled', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-people-'));
  t.after(() => rm(directory, { recursive: true }));
  const controller = await acmeController(t, { directory });
  const { context } = controller;
  const connector = await connected(controller);
  const { person, session } = await signIn(controller);
  const device = new TestNode(controller, 'device');
  assert.equal(await letIn(controller, device, person), 'joined');
  const deviceSession = (device.snapshot as DeviceSnapshot).session.id;
  assert.deepEqual(
    (await accounts(controller, 'people')).map(({ email, disabled, sessions }) => [
      email,
      disabled,
      sessions,
    ]),
    [['alice@acme.example', false, 2]],
  );

  assert.equal((await controller.call('POST', `/api/v1/people/${person}/disable`)).statusCode, 204);
  const revoked = await connector.until(
    (message) => message.t === 'revoke' && message.ids.includes(deviceSession),
  );
  assert.ok(revoked.t === 'revoke' && revoked.reason === 'disabled' && revoked.ids.includes(session));
  const told = await device.untilSnapshot<DeviceSnapshot>(({ session: own }) => own.ended !== undefined);
  assert.equal(told.session.ended, 'disabled');
  assert.deepEqual(
    Object.values(told.resources).filter(({ state }) => state === 'granted'),
    [],
  );

  // Neither door lets them in: the browser's, a new device's, the old device's.
  await assert.rejects(signIn(controller), PersonDisabled);
  assert.equal(await letIn(controller, new TestNode(controller, 'device'), person), 'disabled');
  assert.equal(await letIn(controller, device, person), 'disabled');
  assert.equal((await accounts(controller, 'people'))[0]?.sessions, 0);

  // It is in the store, not in the memory of the process.
  const again = await testController(t, { directory });
  again.time.ms = controller.time.ms;
  await assert.rejects(signIn(again), PersonDisabled);
  assert.equal((await accounts(again, 'people'))[0]?.disabled, true);

  assert.equal((await controller.call('POST', `/api/v1/people/${person}/enable`)).statusCode, 204);
  assert.equal((await signIn(controller)).person, person);
  assert.equal(await letIn(controller, device, person), 'joined');
  const { store } = context.organisation(context.firstOrganisation);
  const entries = await store.select('audit').select(['what', 'result', 'reasons']).execute();
  const of = (what: string) => entries.filter((entry) => entry.what === what);
  assert.equal(of('person.disable').length, 1);
  assert.equal(of('person.enable').length, 1);
  assert.deepEqual(
    of('sign-in').map(({ result, reasons }) => `${result} ${reasons}`),
    ['done []', 'refused ["disabled"]', 'refused ["disabled"]', 'done []'],
  );
});

test('a service account that is disabled loses its sessions, and its key lets nothing in until it is enabled', async (t) => {
  const controller = await acmeController(t);
  const device = new TestNode(controller, 'device');
  const key = await controller.key('service', 'ci', { uses: 2 });
  await device.enrol({ secret: key });
  const [ci] = await accounts(controller, 'service-accounts');
  assert.deepEqual([ci?.name, ci?.disabled, ci?.sessions], ['ci', false, 1]);
  const path = `/api/v1/service-accounts/${ci?.id}`;
  assert.equal((await controller.call('POST', `${path}/disable`)).statusCode, 204);
  const told = await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  assert.equal(told.session.ended, 'disabled');
  // A refused try uses up nothing of the key.
  for (let tries = 0; tries < 3; tries++) {
    const other = new TestNode(controller, 'device');
    await other.enrol({ secret: key });
    assert.equal(other.last('fault')?.message, 'An administrator has disabled this account.');
  }
  assert.equal((await controller.call('POST', `${path}/enable`)).statusCode, 204);
  await device.enrol({ secret: key });
  assert.equal((device.snapshot as DeviceSnapshot).session.ended, undefined);
});

test('an administrator signs a person out everywhere and ends one session, and what is not there is not found', async (t) => {
  const controller = await acmeController(t);
  const { person } = await signIn(controller);
  const device = new TestNode(controller, 'device');
  await letIn(controller, device, person);
  const listed = (await controller.call('GET', '/api/v1/sessions')).json<Record<string, string>[]>();
  assert.deepEqual(
    listed.map(({ kind, subjectName, deviceName, provider }) => [kind, subjectName, deviceName, provider]),
    [
      ['browser', 'alice@acme.example', undefined, 'corp'],
      ['device', 'alice@acme.example', 'laptop', undefined],
    ],
  );
  const ended = await controller.call('DELETE', `/api/v1/people/${person}/sessions`);
  assert.deepEqual(ended.json(), { ended: 2 });
  const told = await device.untilSnapshot<DeviceSnapshot>(({ session }) => session.ended !== undefined);
  assert.equal(told.session.ended, 'ended-by-administrator');
  // Signed out is not locked out.
  assert.equal(await letIn(controller, device, person), 'joined');
  const missing = person.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  for (const [method, url] of [
    ['POST', `/api/v1/people/${missing}/disable`],
    ['POST', '/api/v1/people/nobody/disable'],
    ['POST', `/api/v1/service-accounts/${person}/disable`],
    ['DELETE', `/api/v1/people/${missing}/sessions`],
  ] as const)
    assert.equal((await controller.call(method, url)).statusCode, 404, url);
});

test('what a provider gave for a session is kept sealed while that lasts, and no longer', async (t) => {
  const controller = await acmeController(t);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const kept = () =>
    store.select('sessions').select(['id', 'id_token']).where('id_token', 'is not', null).execute();
  const first = await signIn(controller);
  const [row] = await kept();
  assert.equal(row?.id, first.session);
  assert.ok(row.id_token !== null && !Buffer.from(row.id_token).includes('an.id.token'));
  // It runs out by itself; the next sign-in of anybody forgets what was kept for it.
  controller.time.ms += 12 * 3_600_000;
  const second = await signIn(controller);
  assert.deepEqual(
    (await kept()).map(({ id }) => id),
    [second.session],
  );
  await controller.call('DELETE', `/api/v1/sessions/${second.session}`);
  assert.deepEqual(await kept(), []);
});
