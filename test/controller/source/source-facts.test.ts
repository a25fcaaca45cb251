/** Where a device or a browser comes from, as decisions see it: from the controller's own view, and never from what is said. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  circumstancesOf,
  entitlements,
  visitorEntitlements,
  type Visitor,
} from '../../../controller/decisions/entitlements.ts';
import { seatOf } from '../../../controller/decisions/seat.ts';
import type { LiveMessage } from '../../../controller/live/bus.ts';
import type { OrganisationState } from '../../../controller/organisation/organisation-state.ts';
import { Countries } from '../../../controller/source/countries.ts';
import { CountryTable } from '../../../controller/source/country-table.ts';
import { pino } from 'pino';
import type { Condition } from '../../../policy/conditions/condition.ts';
import { PolicyIndex } from '../../../policy/policy-index.ts';
import { newId, type DeviceId } from '../../../protocol/ids.ts';
import { eventually } from '../../support/eventually.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { testController, type TestController } from '../support/controller.ts';
import { acmeDocument } from '../support/document.ts';
import { TestNode } from '../support/node.ts';

const file = '192.0.2.0/24,DE\n198.51.100.0/24,FR\n2001:db8::/32,NL\n';

async function withCountries(t: TestContext): Promise<{ controller: TestController; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-countries-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'countries.csv');
  await writeFile(path, file);
  const controller = await testController(t, { countriesFile: path });
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  return { controller, path };
}

async function sourceOfDevice({ context }: TestController, device: string) {
  const { store, reader } = context.organisation(context.firstOrganisation);
  const state = await reader.current();
  const seat = await seatOf(store, state, device as DeviceId);
  if (seat === undefined) throw new Error('no seat');
  return circumstancesOf(state, seat).source;
}

/** Holds where the country is this one; unknown where there is none. */
function fromCountry(country: string): Condition {
  return {
    name: 'session',
    judge: ({ source }) =>
      source?.country === undefined
        ? { met: 'unknown', reason: 'session-too-old' }
        : { met: source.country === country, reason: 'session-fresh' },
    nextChangeMs: () => Number.POSITIVE_INFINITY,
  };
}

function policies(effect: 'allow' | 'deny', country: string): PolicyIndex {
  const always = { doors: ['client', 'web'], fromMs: -Infinity, untilMs: Infinity } as const;
  const who = 'everyone';
  const to = { resources: ['wiki'] };
  return new PolicyIndex([
    { name: 'by-country', effect, who, to, ...always, conditions: [fromCountry(country)] },
    ...(effect === 'deny'
      ? [{ name: 'all', effect: 'allow', who, to, ...always, conditions: [] } as const]
      : []),
  ]);
}

test('a device comes from where its control channel does, with the country of the operator’s file', async (t) => {
  const { controller } = await withCountries(t);
  const node = new TestNode(controller, 'device');
  await node.enrol({ secret: await controller.key('service', 'ci') }, '192.0.2.44');
  assert.deepEqual(await sourceOfDevice(controller, node.id), { address: '192.0.2.44', country: 'DE' });
  await node.hello({}, '::ffff:198.51.100.7');
  assert.deepEqual(await sourceOfDevice(controller, node.id), { address: '198.51.100.7', country: 'FR' });
  await node.hello({}, '203.0.113.9');
  assert.deepEqual(await sourceOfDevice(controller, node.id), { address: '203.0.113.9' });
});

test('a device that returns from another address is decided anew before it is told anything; from the same, it is not', async (t) => {
  const { controller } = await withCountries(t);
  const node = new TestNode(controller, 'device');
  await node.enrol({ secret: await controller.key('service', 'ci') }, '192.0.2.44');
  const told: LiveMessage[] = [];
  const stop = controller.context.bus.subscribe((_organisation, message) => told.push(message));
  t.after(stop);
  const decided = (): number =>
    told.filter((message) => message.kind === 'devices' && message.devices.includes(node.id as DeviceId))
      .length;
  node.close();
  await node.hello({}, '192.0.2.44');
  assert.equal(decided(), 0);
  node.close();
  await node.hello({}, '2001:db8::7');
  assert.equal(decided(), 1);
  assert.deepEqual(await sourceOfDevice(controller, node.id), { address: '2001:db8::7', country: 'NL' });
});

test('what the country gives, a device has at its address and loses at another', async (t) => {
  const { controller } = await withCountries(t);
  const node = new TestNode(controller, 'device');
  await node.enrol({ secret: await controller.key('service', 'ci') }, '192.0.2.44');
  const { store, reader } = controller.context.organisation(controller.context.firstOrganisation);
  const wiki = async (index: PolicyIndex): Promise<string | undefined> => {
    const state: OrganisationState = { ...(await reader.current()), policies: index };
    const seat = await seatOf(store, state, node.id as DeviceId);
    if (seat === undefined) throw new Error('no seat');
    const list = entitlements(state, seat, controller.time.ms);
    return list.find(({ resource }) => resource.definition.name === 'wiki')?.state;
  };
  const [allow, deny] = [policies('allow', 'DE'), policies('deny', 'DE')];
  assert.deepEqual([await wiki(allow), await wiki(deny)], ['granted', 'refused']);
  await node.hello({}, '198.51.100.7');
  assert.deepEqual([await wiki(allow), await wiki(deny)], ['refused', 'granted']);
  // From where nothing is known of: neither an allow nor an escape from a deny.
  await node.hello({}, '203.0.113.9');
  assert.deepEqual([await wiki(allow), await wiki(deny)], ['refused', 'refused']);
});

test('a browser has to be allowed both where it signed in and where it asks from', async (t) => {
  const controller = await testController(t);
  await controller.call('PUT', '/api/v1/document', acmeDocument());
  const { reader } = controller.context.organisation(controller.context.firstOrganisation);
  const state = { ...(await reader.current()), countries: CountryTable.parse(file) };
  const visitor: Omit<Visitor, 'addresses'> = {
    subject: { kind: 'person', id: newId('usr', Buffer.alloc(16)), name: 'Alice', groups: [] },
    session: { startedMs: controller.time.ms, amr: [] },
  };
  const wiki = (index: PolicyIndex, ...addresses: string[]): string | undefined =>
    visitorEntitlements(
      { ...state, policies: index },
      { ...visitor, addresses },
      controller.time.ms,
      'client',
    ).find(({ resource }) => resource.definition.name === 'wiki')?.state;
  const [here, there] = ['192.0.2.1', '198.51.100.1'];
  const [allow, deny] = [policies('allow', 'DE'), policies('deny', 'DE')];
  assert.equal(wiki(allow, here, here), 'granted');
  assert.equal(wiki(allow, here, '192.0.2.77'), 'granted');
  assert.equal(wiki(allow, there, here), 'refused');
  assert.equal(wiki(allow, here, there), 'refused');
  assert.equal(wiki(allow, here, 'not an address'), 'refused');
  assert.equal(wiki(allow), 'refused');
  assert.equal(wiki(deny, there, there), 'granted');
  assert.equal(wiki(deny, there, here), 'refused');
  assert.equal(wiki(deny, here, there), 'refused');
});

test('a file that changes is read again and everyone is decided anew', async (t) => {
  const { controller, path } = await withCountries(t);
  const node = new TestNode(controller, 'device');
  await node.enrol({ secret: await controller.key('service', 'ci') }, '192.0.2.44');
  const told = new Set<string>();
  const stop = controller.context.bus.subscribe((_organisation, { kind }) => void told.add(kind));
  t.after(stop);
  await controller.time.pass(12_000);
  assert.equal(told.size, 0, 'nothing was written, so nothing is decided');
  await writeFile(path, '# now elsewhere\n192.0.2.0/24,SE\n');
  await eventually('a decision by the new file', async () => {
    await controller.time.pass(5_000);
    return told.has('devices') || undefined;
  });
  assert.deepEqual(await sourceOfDevice(controller, node.id), { address: '192.0.2.44', country: 'SE' });
});

test('a new file that is wrong, or gone, leaves the old one in force and says so in the log', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-countries-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'countries.csv');
  await writeFile(path, file);
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  let decided = 0;
  const changed = async (): Promise<void> => void (decided += 1);
  const countries = await Countries.open({ path, clock: new VirtualClock(), log, changed });
  t.after(() => countries.close());
  await countries.check();
  assert.deepEqual([logged, decided], [[], 0]);

  await writeFile(path, '192.0.2.0/24,SE\nnonsense\n');
  await countries.check();
  assert.equal(countries.countryOf('192.0.2.1'), 'DE');
  assert.match(logged.at(-1) ?? '', /"level":50.*line 2: is not of the form/);
  await countries.check();
  assert.equal(logged.length, 1, 'once for each new file');

  await rm(path);
  await countries.check();
  assert.equal(countries.countryOf('192.0.2.1'), 'DE');
  assert.match(logged.at(-1) ?? '', /"level":50.*cannot be read \(ENOENT\)/);
  assert.equal(decided, 0);

  await writeFile(path, '192.0.2.0/24,SE\n');
  await countries.check();
  assert.equal(countries.countryOf('192.0.2.1'), 'SE');
  assert.equal(countries.countryOf('198.51.100.1'), undefined);
  assert.equal(decided, 1);
});

test('a file that is wrong at the start stops the start, with the line', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-countries-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'countries.csv');
  await writeFile(path, `${file}10.0.0.0/8,Germany\n`);
  await assert.rejects(
    testController(t, { countriesFile: path }),
    /countries\.csv: line 4: is not of the form/,
  );
  await assert.rejects(
    testController(t, { countriesFile: join(folder, 'nowhere.csv') }),
    /nowhere\.csv cannot be read \(ENOENT\)/,
  );
});
