import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceSnapshot } from '../../../protocol/snapshot.ts';
import { TestNode } from '../support/node.ts';
import { postureBench, postureDocument } from './posture-bench.ts';

interface Outcome {
  readonly devices: number;
  readonly blocked: number;
  readonly list: {
    readonly id: string;
    readonly met: boolean | 'unknown';
    readonly checks: { readonly name: string; readonly met: boolean }[];
  }[];
}

test('a dry run says which devices a profile would block and by which check, and changes nothing', async (t) => {
  const bench = await postureBench(t);
  const { controller } = bench;
  const silent = await TestNode.enrolled(controller, 'device');
  bench.report({ firewall: true, diskEncryption: false });
  await bench.until('databases', 'granted');
  const ask = async (profile: unknown) => controller.call('POST', '/api/v1/posture/dry-run', { profile });
  const byName = (await ask('healthy')).json<Outcome>();
  assert.deepEqual([byName.devices, byName.blocked], [2, 1]);
  const told = byName.list.find(({ id }) => id === bench.device.id);
  assert.deepEqual(
    [told?.met, told?.checks.map(({ name }) => name)],
    [true, ['posture-met', 'posture-firewall-on']],
  );
  const untold = byName.list.find(({ id }) => id === silent.id);
  assert.deepEqual([untold?.met, untold?.checks.map(({ name }) => name)], ['unknown', ['posture-unknown']]);

  const before = (await controller.call('GET', '/api/v1/document')).body;
  const written = await ask({ name: 'stricter', linux: { diskEncryption: true, firewall: true } });
  const stricter = written.json<Outcome>();
  assert.deepEqual([stricter.devices, stricter.blocked], [2, 2]);
  const failing = stricter.list
    .find(({ id }) => id === bench.device.id)
    ?.checks.filter(({ met }) => !met)
    .map(({ name }) => name);
  assert.deepEqual(failing, ['posture-disk-not-encrypted']);
  assert.equal((await controller.call('GET', '/api/v1/document')).body, before);

  await controller.call('POST', `/api/v1/devices/${silent.id}/block`);
  assert.equal((await ask('healthy')).json<Outcome>().devices, 1, 'a device that is blocked already');
});

test('a profile that could not stand in a document is refused with what is wrong, and an unknown name is not found', async (t) => {
  const { controller } = await postureBench(t);
  const ask = async (profile: unknown) => controller.call('POST', '/api/v1/posture/dry-run', { profile });
  assert.equal((await ask('nobody')).statusCode, 404);
  const wrong: [unknown, RegExp][] = [
    [{ name: 'p' }, /at least one system/],
    [{ name: 'p', linux: { firewal: true } }, /did you mean \\"firewall\\"/],
    [{ name: 'p', verdicts: ['nobody'] }, /\\"nobody\\" is not declared/],
    [{ name: 'p', linux: { screenLock: '999999d' } }, /at most a year/],
    [{ name: 'p', linux: { antivirus: ['norton'] } }, /no product that devices can tell/],
    [{ name: 'p', linux: {}, freshness: '999999d' }, /at most a year/],
    [7, /./],
    [undefined, /profile is missing/],
  ];
  for (const [profile, says] of wrong) {
    const answer = await ask(profile);
    assert.equal(answer.statusCode, 422, answer.body);
    assert.match(answer.body, says);
  }
});

test('a device is told exactly what profiles ask of its system, and which resources need it', async (t) => {
  const document = postureDocument();
  document.postureProfiles?.push(
    { name: 'unused', linux: { secureBoot: true, processes: ['auditd'], files: ['/etc/acme'] } },
    { name: 'apple', macos: { automaticUpdates: true } },
  );
  const bench = await postureBench(t, document);
  const wanted = () => (bench.device.snapshot as DeviceSnapshot).posture;
  const names = () => wanted()?.checks.map(({ check }) => check);
  assert.ok(names()?.includes('automaticUpdates'), 'before its first report any system is asked');
  bench.report({});
  await bench.device.untilSnapshot<DeviceSnapshot>(
    ({ posture }) => posture?.checks.some(({ check }) => check === 'automaticUpdates') === false,
  );
  assert.deepEqual(names(), ['system', 'firewall', 'secureBoot', 'processes', 'files', 'serial']);
  assert.deepEqual([wanted()?.processes, wanted()?.files], [['auditd'], ['/etc/acme']]);
  const needs = Object.fromEntries(
    (wanted()?.checks ?? []).map(({ check, resources }) => [check, resources]),
  );
  assert.deepEqual(needs['firewall'], ['databases']);
  assert.deepEqual(needs['serial'], ['printer']);
  assert.deepEqual(needs['secureBoot'], []);
});

test('of a report the controller keeps what it knows, and refuses what is out of bounds', async (t) => {
  const bench = await postureBench(t);
  const known = { firewall: true, processes: [{ name: 'a', running: true, more: 'x' }] } as never;
  bench.report({ ...(known as object), unheardOf: 'x'.repeat(10_000) } as never);
  await bench.until('databases', 'granted');
  const answer = await bench.controller.call('GET', '/api/v1/posture/devices');
  const [device] = answer.json<{ facts: object; checks: { name: string; met: boolean }[] }[]>();
  assert.deepEqual(device?.facts, {
    os: 'linux',
    clientVersion: '0.1.0',
    firewall: true,
    processes: [{ name: 'a', running: true }],
  });
  assert.deepEqual(
    device?.checks.filter(({ met }) => met).map(({ name }) => name),
    ['posture-met', 'posture-firewall-on'],
  );
  for (const facts of [
    { serial: 'x'.repeat(65) },
    { antivirus: Array.from({ length: 17 }, () => 'clamav') },
    { processes: Array.from({ length: 33 }, () => ({ name: 'a', running: true })) },
    { screenLockAfter: -1 },
  ]) {
    const other = new TestNode(bench.controller, 'device');
    await other.enrol({ secret: await bench.controller.key('service', 'ci') });
    other.send({ t: 'posture', seq: 0, at: 0, facts: { os: 'linux', clientVersion: '1', ...facts } });
    const fault = await other.until((message) => message.t === 'fault');
    assert.ok(fault.t === 'fault' && fault.code === 'protocol', JSON.stringify(facts).slice(0, 80));
  }
});

test('a device is asked anew when a profile comes that no policy uses yet, and decided anew when its serial number is struck off', async (t) => {
  const bench = await postureBench(t);
  const { controller } = bench;
  bench.report({ serial: 'ACME0002' });
  await bench.until('printer', 'granted');
  const document = postureDocument();
  document.postureProfiles?.push({ name: 'unused', linux: { automaticUpdates: true } });
  await controller.call('PUT', '/api/v1/document', document);
  await bench.device.untilSnapshot<DeviceSnapshot>(
    ({ posture }) => posture?.checks.some(({ check }) => check === 'automaticUpdates') === true,
  );
  const connector = new TestNode(controller, 'connector');
  await connector.enrol({ secret: await controller.key('connector', 'lab') });
  await controller.call('PUT', '/api/v1/document', { ...document, serials: ['ACME0001'] });
  await bench.until('printer', 'refused');
  assert.deepEqual(
    bench.reasons('printer').filter((name) => name.startsWith('posture-serial')),
    ['posture-serial-not-known'],
  );
  await connector.until((message) => message.t === 'revoke');
});
