import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestNode } from '../support/node.ts';
import { testController } from '../support/controller.ts';
import { postureBench, postureDocument, webhookSecret } from './posture-bench.ts';

test('a verdict by the webhook opens and closes what asks for it, at once', async (t) => {
  const bench = await postureBench(t);
  const connector = new TestNode(bench.controller, 'connector');
  await connector.enrol({ secret: await bench.controller.key('connector', 'hq') });
  assert.equal(bench.state('wiki'), 'refused');
  assert.deepEqual(bench.reasons('wiki'), ['allow-matches', 'posture-verdict-unknown']);
  const answer = await bench.say([{ device: bench.device.id, compliant: true }]);
  assert.equal(answer.statusCode, 200, answer.body);
  assert.deepEqual(answer.json(), {
    taken: 1,
    changed: 1,
    outdated: 0,
    unknown: { count: 0, subjects: [] },
  });
  await bench.until('wiki', 'granted');
  // Of two at one instant the worse counts, in whichever order they come.
  const worse = await bench.say([{ device: bench.device.id, compliant: false }]);
  assert.equal(worse.json<{ changed: number }>().changed, 1);
  await bench.until('wiki', 'refused');
  const better = await bench.say([{ device: bench.device.id, compliant: true }]);
  assert.equal(better.json<{ outdated: number }>().outdated, 1);
  assert.equal(bench.state('wiki'), 'refused');
});

test('a verdict that turns revokes the grant before the webhook is answered', async (t) => {
  const bench = await postureBench(t);
  const connector = new TestNode(bench.controller, 'connector');
  await connector.enrol({ secret: await bench.controller.key('connector', 'hq') });
  await bench.say([{ device: bench.device.id, compliant: true }]);
  await bench.until('wiki', 'granted');
  bench.controller.time.ms += 1_000;
  await bench.say([{ device: bench.device.id, compliant: false }]);
  await bench.until('wiki', 'refused');
  assert.deepEqual(bench.reasons('wiki'), ['allow-matches', 'posture-verdict-not-compliant']);
  const revoke = await connector.until((message) => message.t === 'revoke');
  assert.ok(revoke.t === 'revoke' && revoke.reason === 'device');
});

test('a serial number means every device that reports it, however it is written', async (t) => {
  const bench = await postureBench(t);
  const early = await bench.say([{ serial: 'sn 1 a', compliant: true }]);
  assert.deepEqual(early.json<{ unknown: object }>().unknown, { count: 1, subjects: ['SN1A'] });
  assert.equal(bench.state('wiki'), 'refused');
  bench.report({ serial: 'Sn1-a' });
  bench.report({ serial: 'Sn1 A ' });
  await bench.until('wiki', 'granted');
  const sources = await bench.controller.call('GET', '/api/v1/posture/sources');
  const [mdm] = sources.json<{ verdicts: number; unknown: number; heard: string; way: string }[]>();
  assert.deepEqual(
    [mdm?.way, mdm?.verdicts, mdm?.unknown, mdm?.heard],
    ['webhook', 1, 0, '2026-11-20T10:00:00.000Z'],
  );
});

test('the same again changes nothing, an older word does not replace a newer, and no clock makes a verdict fresher', async (t) => {
  const bench = await postureBench(t);
  const { time } = bench.controller;
  const device = bench.device.id;
  const at = (ms: number): string => new Date(time.ms + ms).toISOString();
  await bench.say([{ device, compliant: true, at: at(-60_000) }]);
  await bench.until('wiki', 'granted');
  const same = await bench.say([{ device, compliant: true, at: at(-60_000) }]);
  assert.deepEqual(
    [same.json<{ taken: number }>().taken, same.json<{ outdated: number }>().outdated],
    [0, 1],
  );
  const older = await bench.say([{ device, compliant: false, at: at(-61_000) }]);
  assert.equal(older.json<{ outdated: number }>().outdated, 1);
  assert.equal(bench.state('wiki'), 'granted');
  // Ahead of now it counts from now: five minutes later it is too old.
  await bench.say([{ device, compliant: true, at: at(3_600_000) }]);
  await time.pass(299_000);
  assert.equal(bench.state('wiki'), 'granted');
  await time.pass(2_000);
  await bench.until('wiki', 'refused');
  assert.deepEqual(bench.reasons('wiki'), ['allow-matches', 'posture-verdict-stale']);
  await bench.say([{ device, compliant: true }]);
  await bench.until('wiki', 'granted');
});

test('a verdict is remembered across a restart, and forgotten with its source', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-verdicts-'));
  t.after(() => rm(directory, { recursive: true }));
  const closing: (() => Promise<void>)[] = [];
  const bench = await postureBench({ after: (done) => void closing.push(done) }, postureDocument(), {
    directory,
  });
  await bench.say([{ device: bench.device.id, compliant: true }]);
  await bench.until('wiki', 'granted');
  bench.device.close();
  for (const close of closing.splice(0).toReversed()) await close();

  const controller = await testController(t, { directory });
  const list = async () => (await controller.call('GET', '/api/v1/posture/sources')).json<object[]>();
  assert.equal((await list()).length, 1);
  assert.equal((await list())[0] && JSON.stringify((await list())[0]).includes('"verdicts":1'), true);
  const {
    postureSources: _sources,
    postureProfiles: _profiles,
    policies: _policies,
    ...rest
  } = postureDocument();
  const applied = await controller.call('PUT', '/api/v1/document', rest);
  assert.equal(applied.statusCode, 200, applied.body);
  await controller.call('PUT', '/api/v1/document', postureDocument());
  assert.equal(JSON.stringify(await list()).includes('"verdicts":0'), true);
});

test('who does not know the secret is not told whether there is such a source, and is let try twenty times', async (t) => {
  const bench = await postureBench(
    t,
    postureDocument([{ name: 'asked', poll: { url: 'http://127.0.0.1:9/', token: webhookSecret } }]),
  );
  const verdicts = [{ device: bench.device.id, compliant: true }];
  const from = (remoteAddress: string, secret: string | undefined, source = 'mdm') =>
    bench.controller.app.inject({
      method: 'POST',
      url: `/api/v1/posture/${source}`,
      remoteAddress,
      ...(secret === undefined ? {} : { headers: { authorization: `Bearer ${secret}` } }),
      payload: { verdicts },
    });
  const [wrong, missing, other] = [
    await from('192.0.2.7', 'wrong'),
    await from('192.0.2.7', webhookSecret, 'nobody'),
    // The token that the controller shows to a source lets nobody in.
    await from('192.0.2.7', webhookSecret, 'asked'),
  ];
  assert.deepEqual([wrong.statusCode, missing.statusCode, other.statusCode], [401, 401, 401]);
  assert.equal(wrong.body, missing.body);
  assert.equal((await from('192.0.2.7', undefined)).statusCode, 401);
  assert.equal((await from('192.0.2.7', await bench.controller.token('admin'))).statusCode, 403);
  for (let tries = 3; tries < 20; tries += 1)
    assert.equal((await from('192.0.2.7', 'wrong')).statusCode, 401);
  assert.equal((await from('192.0.2.7', webhookSecret)).statusCode, 429);
  assert.equal((await from('192.0.2.8', webhookSecret)).statusCode, 200);
  bench.controller.time.ms += 10 * 60_000;
  assert.equal((await from('192.0.2.7', webhookSecret)).statusCode, 200);
});

test('what has not its form is refused whole, with the place and the remedy', async (t) => {
  const bench = await postureBench(t);
  const device = bench.device.id;
  const wrong: [verdicts: object[], says: RegExp][] = [
    [[{ device, compliant: 'yes' }], /true or false/],
    [[{ device, complient: true }], /unknown key \\"complient\\"; did you mean \\"compliant\\"/],
    [[{ compliant: true }], /exactly one of serial and device/],
    [[{ device, serial: 'X1', compliant: true }], /exactly one of serial and device/],
    [[{ serial: '   ', compliant: true }], /exactly one of serial and device/],
    [[{ device: 'usr_x', compliant: true }], /does not have the form/],
    [[{ device, compliant: true, at: 'yesterday' }], /is no instant/],
    [[{ device, compliant: true }, { compliant: true }], /exactly one of serial and device/],
    [Array.from({ length: 10_001 }, () => ({ serial: 'X', compliant: true })), /items/],
  ];
  for (const [verdicts, says] of wrong) {
    const answer = await bench.say(verdicts);
    assert.equal(answer.statusCode, 400, answer.body);
    assert.match(answer.body, says);
  }
  const large = await bench.controller.app.inject({
    method: 'POST',
    url: '/api/v1/posture/mdm',
    headers: { authorization: `Bearer ${webhookSecret}`, 'content-type': 'application/json' },
    payload: `{"verdicts":[${' '.repeat(1_048_576)}]}`,
  });
  assert.equal(large.statusCode, 413);
  assert.equal(bench.state('wiki'), 'refused');
});

test('a serial number of the list opens what asks for one, and what the device reports is all that is known', async (t) => {
  const bench = await postureBench(t);
  bench.report({});
  await bench.device.until(() => bench.reasons('printer').includes('posture-serial-unknown'));
  bench.report({ serial: 'acme0003' });
  await bench.device.until(() => bench.reasons('printer').includes('posture-serial-not-known'));
  bench.report({ serial: 'acme 0002' });
  await bench.until('printer', 'granted');
  bench.report({ serial: 'AC-ME0001' });
  bench.report({});
  await bench.until('printer', 'refused');
});

test('secrets of sources stand in no document, no audit entry and no answer, and changing one is a change', async (t) => {
  const bench = await postureBench(t);
  const { controller } = bench;
  const document = await controller.call('GET', '/api/v1/document');
  const audit = await controller.call('GET', '/api/v1/audit');
  assert.ok(document.body.includes('"mdm"') && audit.body.includes('posture source'));
  assert.equal((document.body + audit.body).includes(webhookSecret), false);
  const row = await controller.context
    .organisation(controller.context.firstOrganisation)
    .store.select('posture_sources')
    .selectAll()
    .executeTakeFirstOrThrow();
  assert.equal(Buffer.from(row.secret ?? []).includes(webhookSecret), false);
  const apply = async (wanted: object) =>
    (await controller.call('PUT', '/api/v1/document', wanted)).json<{ changes: object[] }>().changes;
  assert.deepEqual(await apply(postureDocument()), []);
  const changed = {
    ...postureDocument(),
    postureSources: [{ name: 'mdm', webhook: { secret: 'x'.repeat(16) } }],
  };
  assert.deepEqual(await apply(changed), [{ action: 'changed', kind: 'posture source', name: 'mdm' }]);
  assert.equal((await bench.say([])).statusCode, 401);
  assert.equal((await bench.say([], 'x'.repeat(16))).statusCode, 200);
});
