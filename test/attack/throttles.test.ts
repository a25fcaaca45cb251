/**
 * Every door that takes a secret, with many sources and many accounts: who guesses is held off and told for how long, who
 * is beside them is not, and nothing grows without end.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryLive } from '../../controller/live/memory-live.ts';
import { Guesses } from '../../controller/guesses.ts';
import { newId, type Id } from '../../protocol/ids.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { encodeApiToken, encodeEnrolmentKey } from '../../protocol/secrets.ts';
import { acmeDocument } from '../controller/support/document.ts';
import { testController, type TestController } from '../controller/support/controller.ts';
import { TestNode } from '../controller/support/node.ts';

const minute = 60_000;

async function acme(t: TestContext): Promise<TestController> {
  const controller = await testController(t);
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  return controller;
}

function wrongKey({ context }: TestController, kind: 'pk' | 'sk' = 'sk'): string {
  const root = context.keys.root.key.publicKey;
  return encodeEnrolmentKey({
    kind,
    root,
    secret: systemRandom(32),
    url: 'https://access.acme.example:8443',
  });
}

/** Tries to join with this key from this address; the fault, or `in`. */
async function join(
  controller: TestController,
  secret: string,
  address: string,
  kind: 'device' | 'connector' = 'device',
): Promise<{ code: string; message: string }> {
  const node = new TestNode(controller, kind);
  await node.enrol({ secret }, address);
  const fault = node.last('fault');
  node.close();
  return { code: fault?.code ?? 'in', message: fault?.message ?? '' };
}

test('keys: twenty different wrong ones hold a source off for ten minutes, one wrong key shown for ever holds nobody off', async (t) => {
  const controller = await acme(t);
  const good = await controller.key('service', 'ci');
  const stale = wrongKey(controller);
  // A runner whose key was deleted comes back without end: the others of its office join all the same.
  for (let count = 0; count < 60; count++)
    assert.equal((await join(controller, stale, '198.51.100.1')).code, 'denied');
  assert.equal((await join(controller, good, '198.51.100.1')).code, 'in');

  for (let count = 0; count < 19; count++)
    assert.equal((await join(controller, wrongKey(controller), '198.51.100.1')).code, 'denied');
  const held = await join(controller, wrongKey(controller), '198.51.100.1');
  assert.equal(held.code, 'busy');
  assert.match(held.message, /wait 10m\./);
  assert.equal((await join(controller, good, '198.51.100.1')).code, 'busy');
  // The same source by another door, a neighbour, and in IPv6 the whole network as one source.
  const pk = await controller.key('connector', 'hq', { uses: 2 });
  assert.equal((await join(controller, pk, '198.51.100.1', 'connector')).code, 'busy');
  assert.equal((await join(controller, good, '198.51.100.2')).code, 'in');
  for (let count = 0; count < 20; count++)
    await join(controller, wrongKey(controller), `2001:db8:1:2::${count + 1}`);
  assert.equal((await join(controller, good, '2001:db8:1:2:ffff::9')).code, 'busy');
  assert.equal((await join(controller, good, '2001:db8:1:3::1')).code, 'in');
  controller.time.ms += 10 * minute;
  assert.equal((await join(controller, good, '198.51.100.1')).code, 'in');
});

test('API tokens: thirty different wrong ones hold a source off with Retry-After, a token that is in use there goes on', async (t) => {
  const controller = await acme(t);
  const [used, unused] = [await controller.token('admin'), await controller.token('auditor')];
  const ask = (token: string, remoteAddress = '198.51.100.1') =>
    controller.app.inject({
      url: '/api/v1/networks',
      remoteAddress,
      headers: { authorization: `Bearer ${token}` },
    });
  const wrong = () => encodeApiToken({ kind: 'at', secret: systemRandom(32) });
  const mistyped = wrong();
  for (let count = 0; count < 100; count++) assert.equal((await ask(mistyped)).statusCode, 401);
  assert.equal((await ask(used)).statusCode, 200);
  for (let count = 0; count < 28; count++) assert.equal((await ask(wrong())).statusCode, 401);
  // What is no token at all counts as well.
  assert.equal((await ask('at_nonsense')).statusCode, 401);
  for (const token of [wrong(), mistyped, unused, 'nonsense']) {
    const held = await ask(token);
    assert.equal(held.statusCode, 429, token);
    assert.equal(held.headers['retry-after'], '600');
    assert.match(held.json<{ detail: string }>().detail, /Too many tries\. Wait 10m\./);
  }
  assert.equal((await ask(used)).statusCode, 200);
  assert.equal((await ask(unused, '198.51.100.2')).statusCode, 200);
  controller.time.ms += 10 * minute;
  assert.equal((await ask(unused)).statusCode, 200);
  // A token that was deleted is known no more, however recently it was good.
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  await store.delete('api_tokens').where('role', '=', 'auditor').execute();
  assert.equal((await ask(unused)).statusCode, 401);
});

test('codes: five wrong ones hold a person off wherever they are, thirty an address, and a right one forgives the person alone', async (t) => {
  const controller = await acme(t);
  const { attempts, context } = controller;
  const people = Array.from({ length: 9 }, () => newId('usr', systemRandom(16)));
  const device = {
    mk: 'A',
    nk: 'B',
    name: 'laptop',
    os: 'linux',
    version: '1',
    boot: 'C',
    address: '192.0.2.9',
  };
  const code = (await attempts.startDeviceCode(context.firstOrganisation, device))?.userCode ?? '';
  const wrong = (code.startsWith('B') ? 'C' : 'B') + code.slice(1);
  const enter = async (text: string, person: Id<'usr'>, address: string): Promise<string> =>
    (await attempts.enterCode(context.firstOrganisation, text, { person, address })).state;
  const office = '198.51.100.1';
  for (const person of people.slice(0, 6)) {
    for (let count = 0; count < 4; count++) assert.equal(await enter(wrong, person, office), 'wrong');
    assert.equal(await enter(code, person, office), 'found');
  }
  const [alice, bob, carol] = [people[0], people[6], people[7]];
  assert.ok(alice && bob && carol);
  for (let count = 0; count < 5; count++) assert.equal(await enter(wrong, bob, office), 'wrong');
  assert.equal(await enter(code, bob, office), 'locked');
  assert.equal(await enter(code, bob, '203.0.113.1'), 'locked');
  assert.equal(await enter(code, carol, office), 'found');
  assert.equal(await enter(wrong, carol, office), 'wrong');
  // Thirty of the office: everybody there waits, and elsewhere nobody.
  assert.equal(await enter(code, alice, office), 'locked');
  assert.equal(await enter(code, alice, '203.0.113.1'), 'found');
  controller.time.ms += 15 * minute;
  const fresh = (await attempts.startDeviceCode(context.firstOrganisation, device))?.userCode ?? '';
  assert.equal(await enter(fresh, bob, office), 'found');
});

test('device sign-ins: thirty that nobody finishes hold an address off, with how long, and the next address is free', async (t) => {
  const controller = await acme(t);
  const begin = async (address: string): Promise<string> => {
    const node = new TestNode(controller, 'device');
    await node.connect(address);
    node.send(node.enrolMessage({ code: true }));
    const answer = await node.until(({ t: type }) => type === 'code' || type === 'fault');
    node.close();
    return answer.t === 'fault' ? `${answer.code} ${answer.message}` : answer.t;
  };
  for (let count = 0; count < 30; count++) assert.equal(await begin(`2001:db8::${count + 1}`), 'code');
  assert.equal(await begin('2001:db8::ffff'), 'busy Too many tries from this address; wait 10m.');
  assert.equal(await begin('2001:db8:0:1::1'), 'code');
  controller.time.ms += 10 * minute;
  assert.equal(await begin('2001:db8::ffff'), 'code');
});

test('what is remembered of guesses is bounded, from however many sources they come', () => {
  let nowMs = 0;
  const guesses = new Guesses(
    memoryLive(() => nowMs),
    'guesses',
    { limit: 3, windowMs: 1_000 },
  );
  const before = process.memoryUsage().heapUsed;
  for (let source = 0; source < 200_000; source++)
    guesses.wrong(`10.${source >> 16}.${(source >> 8) & 255}.${source & 255}`, `secret ${source}`);
  const grownMB = (process.memoryUsage().heapUsed - before) / 1_048_576;
  assert.ok(grownMB < 64, `${grownMB.toFixed(0)} MB`);
  for (const secret of ['a', 'b', 'b', 'b']) guesses.wrong('192.0.2.1', secret);
  assert.equal(guesses.waitMs('192.0.2.1', nowMs), undefined);
  guesses.wrong('192.0.2.1', 'c');
  assert.equal(guesses.waitMs('192.0.2.1', nowMs), 1_000);
  assert.equal(guesses.waitMs('192.0.2.2', nowMs), undefined);
  nowMs = 1_000;
  assert.equal(guesses.waitMs('192.0.2.1', nowMs), undefined);
});
