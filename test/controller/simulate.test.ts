/** The simulator: the same decision as everywhere else, for whoever and whenever an administrator asks about. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { simulationText } from '../../cli/why-simulated.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Simulation, SimulationRequest } from '../../protocol/simulation.ts';
import { corpSignIn } from './support/corp-sign-in.ts';
import { testController, type TestController } from './support/controller.ts';
import { acmeDocument } from './support/document.ts';
import { TestNode } from './support/node.ts';

interface World {
  readonly controller: TestController;
  readonly node: TestNode;
  readonly ask: (request: SimulationRequest) => Promise<Simulation>;
  /** The first issue of a request that is refused. */
  readonly refused: (request: object) => Promise<string>;
}

/** A service account with a device, and a person who has signed in with a browser. */
async function world(t: TestContext): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-simulate-'));
  t.after(() => rm(folder, { recursive: true }));
  const countriesFile = join(folder, 'countries.csv');
  await writeFile(countriesFile, '192.0.2.0/24,DE\n198.51.100.0/24,FR\n');
  const controller = await testController(t, { countriesFile });
  const { context } = controller;
  const document = acmeDocument();
  document.policies = [
    ...(document.policies ?? []),
    {
      name: 'office-hours',
      require: 'everyone',
      to: { resources: ['wiki'] },
      when: { schedule: { zone: 'UTC', hours: '08:00-20:00' }, mfa: '12h' },
    },
    { name: 'no-sre', deny: { groups: ['sre'] }, to: { resources: ['printer'] } },
  ];
  assert.equal((await controller.call('PUT', '/api/v1/document', document)).statusCode, 200);
  const node = new TestNode(controller, 'device');
  await node.enrol({ secret: await controller.key('service', 'ci') }, '192.0.2.9');
  await corpSignIn(context, 'a1', {
    name: 'Alice',
    email: 'alice@acme.example',
    authMs: controller.time.ms,
    address: '198.51.100.4',
  });
  const post = (payload: object) => controller.call('POST', '/api/v1/simulate', payload);
  return {
    controller,
    node,
    async ask(request) {
      const answer = await post(request);
      assert.equal(answer.statusCode, 200, answer.body);
      return answer.json<Simulation>();
    },
    async refused(request) {
      const answer = await post(request);
      assert.equal(answer.statusCode, 400, answer.body);
      const [issue] = answer.json<Problem>().issues ?? [];
      return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
    },
  };
}

test('for a service account on its device it says what the device itself is told', async (t) => {
  const { controller, node, ask } = await world(t);
  const { resources } = node.snapshot as DeviceSnapshot;
  const told = new Map(Object.values(resources).map(({ name, state }) => [name, state]));
  for (const { name } of acmeDocument().resources ?? []) {
    const { decision, known } = await ask({ resource: name, service: 'ci' });
    assert.equal(decision === 'allow' ? 'granted' : known ? 'refused' : undefined, told.get(name), name);
  }
  const wiki = await ask({ resource: 'wiki', service: 'ci' });
  assert.deepEqual(wiki.device, { id: node.id, name: 'laptop' });
  assert.deepEqual(wiki.source, { address: '192.0.2.9', country: 'DE' });
  assert.equal(wiki.session.basis, 'device');
  assert.deepEqual(wiki.subject.groups, ['automation']);
  assert.equal(wiki.at, new Date(controller.time.ms).toISOString());
  // By id and by host as by name.
  assert.deepEqual(await ask({ resource: wiki.resource.id, service: wiki.subject.id ?? '' }), wiki);
  assert.deepEqual(await ask({ resource: 'Wiki.acme.internal', service: 'ci', device: 'laptop' }), wiki);
});

test('the trace holds every policy, and of those about the question every condition with its remedy', async (t) => {
  const { ask } = await world(t);
  const { policies, reasons, decision } = await ask({ resource: 'wiki', user: 'alice@acme.example' });
  assert.equal(decision, 'deny');
  assert.deepEqual(
    policies.map(({ policy, state }) => [policy, state]),
    [
      ['staff-wiki', 'selected'],
      ['ci-wiki', 'not-selected'],
      ['sre-db', 'not-selected'],
      ['office-hours', 'selected'],
      ['no-sre', 'not-selected'],
    ],
  );
  const hours = policies[3];
  assert.ok(hours?.state === 'selected');
  assert.deepEqual(
    hours.conditions.map(({ condition, met, reason }) => [condition, met, reason]),
    [
      ['mfa', false, 'mfa-missing'],
      ['schedule', true, 'schedule-open'],
    ],
  );
  assert.match(hours.conditions[0]?.fix ?? '', /second factor/);
  assert.deepEqual(policies[4], {
    policy: 'no-sre',
    effect: 'deny',
    state: 'not-selected',
    because: ['who', 'to'],
  });
  // Administrators see which policy a reason comes from, whatever its effect.
  assert.ok(reasons.some(({ name, policy }) => name === 'mfa-missing' && policy === 'office-hours'));
});

test('time, source, factors, groups and door are what the question supposes', async (t) => {
  const { ask } = await world(t);
  const alice = { resource: 'wiki', user: 'alice@acme.example' } as const;
  const decided = async (more: Partial<SimulationRequest>): Promise<string> =>
    (await ask({ ...alice, ...more })).decision;
  assert.equal(await decided({}), 'deny');
  assert.equal(await decided({ mfa: '1h' }), 'allow');
  assert.equal(await decided({ mfa: '12h' }), 'deny');
  assert.equal(await decided({ mfa: '1h', at: '2026-11-20T19:59:59Z' }), 'allow');
  assert.equal(await decided({ mfa: '1h', at: '2026-11-20T20:00:00Z' }), 'deny');
  assert.equal(await decided({ mfa: '1h', at: '2026-11-20T09:30:00+01:00' }), 'allow');
  assert.equal(await decided({ mfa: '1h', groups: ['sre'] }), 'deny');
  const { until, source } = await ask({ ...alice, mfa: '1h', source: '::ffff:192.0.2.7' });
  assert.equal(until, '2026-11-20T20:00:00.000Z');
  assert.deepEqual(source, { address: '192.0.2.7', country: 'DE' });
  assert.deepEqual((await ask(alice)).source, { address: '198.51.100.4', country: 'FR' });
  assert.equal((await ask({ resource: 'wiki', service: 'ci', mfa: '1h', door: 'web' })).decision, 'deny');
  const database = { resource: 'db1.db.acme.internal', groups: ['sre'] };
  assert.equal((await ask(database)).resource.name, 'databases');
  const linux = { os: 'linux', clientVersion: '1' } as const;
  assert.equal((await ask(database)).reasons.at(-1)?.name, 'posture-unknown');
  assert.equal((await ask({ ...database, posture: { ...linux, osVersion: '5.9' } })).decision, 'deny');
  assert.equal((await ask({ ...database, posture: { ...linux, osVersion: '6.1' } })).decision, 'allow');
});

test('somebody made up has a sign-in that is assumed, and says so; a person who signed in has theirs', async (t) => {
  const { ask } = await world(t);
  const made = await ask({ resource: 'printer', groups: ['sre', 'staff'] });
  assert.deepEqual(made.subject, { kind: 'person', name: 'somebody', groups: ['sre', 'staff'] });
  assert.deepEqual([made.session.basis, made.session.amr], ['assumed', ['pwd']]);
  assert.equal(made.device, null);
  assert.match(simulationText(made), /a sign-in at that moment is assumed/);
  const named = await ask({ resource: 'wiki', user: 'zoe@acme.example', groups: ['staff'] });
  assert.equal(named.subject.email, 'zoe@acme.example');
  assert.equal((await ask({ resource: 'wiki', user: 'ALICE@acme.example' })).session.basis, 'browser');
});

test('what stands before any policy is named as everywhere else', async (t) => {
  const { controller, node, ask } = await world(t);
  const { store } = controller.context.organisation(controller.context.firstOrganisation);
  const printer = { resource: 'printer', service: 'ci' } as const;
  const set = async (changes: object): Promise<Simulation> => {
    await store
      .update('nodes')
      .set(changes)
      .where('id', '=', node.id as never)
      .execute();
    return ask(printer);
  };
  assert.equal((await ask(printer)).withheld, undefined);
  for (const [changes, name] of [
    [{ approval: 'held' }, 'device-not-approved'],
    [{ approval: 'none', state: 'suspended' }, 'device-suspended'],
    [{ state: 'blocked' }, 'device-blocked'],
  ] as const) {
    const { decision, withheld, policies } = await set(changes);
    assert.deepEqual([decision, withheld?.name], ['deny', name]);
    assert.ok(policies.some(({ policy, state }) => policy === 'ci-wiki' && state === 'selected'));
  }
  await set({ state: 'active' });
  // Long after the session's end.
  const later = await ask({ ...printer, at: '2027-11-20T10:00:00Z' });
  assert.deepEqual([later.decision, later.withheld?.name], ['deny', 'session-ended']);
  assert.match(simulationText(later), /✗ The session is over {2}\(before any policy, session-ended\)/);
});

test('what is not there is told with the field and what to give', async (t) => {
  const { controller, refused } = await world(t);
  const wrong: [request: object, says: RegExp][] = [
    [{ resource: 'wikki', groups: [] }, /^resource: there is no resource "wikki"$/],
    [{ resource: 'wiki' }, /^user: name a user, a service account, or groups$/],
    [
      { resource: 'wiki', user: 'bob@acme.example' },
      /^user: nobody known here is "bob@acme.example"; name the groups too/,
    ],
    [{ resource: 'wiki', user: 'usr_00000000000000000000000000' }, /^user: nobody known here is/],
    [{ resource: 'wiki', user: 'alice@acme.example', service: 'ci' }, /^service: name a user or a service/],
    [{ resource: 'wiki', service: 'cd' }, /^service: there is no service account "cd"$/],
    [{ resource: 'wiki', groups: ['stuff'] }, /^groups: the group "stuff" is not declared$/],
    [{ resource: 'wiki', service: 'ci', groups: [] }, /^groups: the groups of a service account stand/],
    [
      { resource: 'wiki', service: 'ci', device: 'desktop' },
      /^device: there is no device "desktop"; theirs are "laptop"$/,
    ],
    [{ resource: 'wiki', groups: [], source: '10.0.0.256' }, /^source: "10\.0\.0\.256" is no address/],
    [{ resource: 'wiki', groups: [], mfa: '999999d' }, /^mfa: "999999d" is no duration/],
    [{ resource: 'wiki', groups: [], at: 'tomorrow' }, /^at: /],
    [{ resource: 'wiki', groups: [], door: 'back' }, /^door: /],
    [{ resource: 'wiki', grups: [] }, /grups/],
  ];
  for (const [request, says] of wrong) assert.match(await refused(request), says);
  const auditor = await controller.token('auditor');
  const asked = await controller.app.inject({
    method: 'POST',
    url: '/api/v1/simulate',
    headers: { authorization: `Bearer ${auditor}` },
    payload: { resource: 'wiki', groups: ['staff'] },
  });
  assert.equal(asked.statusCode, 200);
});
