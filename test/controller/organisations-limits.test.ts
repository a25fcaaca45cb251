/** What the operator lets an organisation have at most: who is new waits, what is in goes on, and no other organisation notices. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { decodeJwt } from 'jose';
import { buildApp } from '../../controller/api/app.ts';
import { login } from '../../controller/login/login.ts';
import { NoRoomForPerson } from '../../controller/login/record-sign-in.ts';
import { hasRoom, limitsIn, setLimits, type Limits } from '../../controller/operator/limits.ts';
import { usageOf } from '../../controller/operator/usage.ts';
import { watchOrganisations } from '../../controller/operator/watch-organisations.ts';
import { openStore, type Store } from '../../controller/store/store.ts';
import type { ConnectorSnapshot, DeviceSnapshot } from '../../protocol/snapshot.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newId, type OrganisationId } from '../../protocol/ids.ts';
import type { Usage } from '../../protocol/usage.ts';
import { corpSignIn } from './support/corp-sign-in.ts';
import { makeDatabase, startPostgres, type PostgresServer } from '../support/servers/postgres-server.ts';
import { acmeDocument } from './support/document.ts';
import { settle } from '../support/settle.ts';
import { testController, type TestController } from './support/controller.ts';
import { TestNode } from './support/node.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const none: Limits = { people: null, connectors: null, requests: null, flows: null, relay: null };

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.stop());

async function storeOf(t: TestContext, kind: 'SQLite' | 'PostgreSQL'): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-limits-'));
  const database = kind === 'SQLite' ? undefined : await makeDatabase(server.url, 'limits');
  const store = await openStore({ directory, database, now: () => nowMs, random: systemRandom });
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return store;
}

for (const kind of ['SQLite', 'PostgreSQL'] as const)
  test(`${kind}: of ten people who come at once only as many come in as may, and another organisation has no limit`, async (t) => {
    const store = await storeOf(t, kind);
    const ids = [await store.createOrganisation(), await store.createOrganisation()] as const;
    const [ours, theirs] = ids.map((id) => store.forOrganisation(id)) as [
      ReturnType<Store['forOrganisation']>,
      ReturnType<Store['forOrganisation']>,
    ];
    assert.deepEqual(limitsIn(await ours.limits()), none);
    const by = { nowMs, who: 'command line' };
    const changed = await store.organisationsChanged();
    assert.deepEqual(await setLimits(store, ids[0], { people: 3 }, by), { ...none, people: 3 });
    assert.ok((await store.organisationsChanged()) > changed);
    assert.deepEqual(await setLimits(store, ids[0], { requests: 20 }, by), {
      ...none,
      people: 3,
      requests: 20,
    });

    const come = (scoped: typeof ours, subject: string): Promise<boolean> =>
      scoped.transaction(async (tx) => {
        if (!(await hasRoom(tx, 'people'))) return false;
        const row = { issuer: 'https://idp.acme.example', subject, email: null, name: subject, groups: '[]' };
        await tx
          .insert('people', {
            id: newId('usr', systemRandom(16)),
            ...row,
            created_ms: nowMs,
            signed_in_ms: nowMs,
          })
          .execute();
        return true;
      });
    const all = (scoped: typeof ours) =>
      Promise.all(Array.from({ length: 10 }, (_, at) => come(scoped, `p${at}`)));
    assert.equal((await all(ours)).filter(Boolean).length, 3);
    assert.equal((await all(theirs)).filter(Boolean).length, 10);
    const { people } = await usageOf(ours, nowMs);
    assert.deepEqual(people, { used: 3, limit: 3 });

    // Who is disabled leaves room.
    await ours.update('people').set({ disabled_ms: nowMs }).where('subject', '!=', 'nobody').execute();
    assert.equal(await come(ours, 'later'), true);
    assert.deepEqual((await usageOf(ours, nowMs)).people, { used: 1, limit: 3 });
    await setLimits(store, ids[0], { people: null }, by);
    assert.deepEqual((await usageOf(ours, nowMs)).people, { used: 1, limit: null });
    const rows = await ours.select('audit').select(['who', 'what', 'detail']).orderBy('seq').execute();
    assert.deepEqual(
      rows.map(({ what }) => what),
      ['organisation.limit', 'organisation.limit', 'organisation.limit'],
    );
    assert.deepEqual(JSON.parse(rows[0]?.detail ?? ''), { before: none, after: { ...none, people: 3 } });
    assert.deepEqual(await theirs.select('audit').selectAll().execute(), []);
  });

async function acme(
  t: TestContext,
): Promise<TestController & { limit(given: Partial<Limits>): Promise<void> }> {
  const controller = await testController(t);
  const { context } = controller;
  assert.equal((await controller.call('PUT', '/api/v1/document', acmeDocument())).statusCode, 200);
  return {
    ...controller,
    async limit(given) {
      const by = { nowMs: context.now(), who: 'test' };
      await setLimits(context.store, context.firstOrganisation, given, by);
      await context.organisations.refresh();
    },
  };
}

function signIn({ context }: TestController, subject: string) {
  return corpSignIn(context, subject);
}

/** The refused entries of the log with this `what`. */
async function refused({ context }: TestController, what: string) {
  const { store } = context.organisation(context.firstOrganisation);
  const rows = store.select('audit').select(['who', 'reasons', 'detail']).where('what', '=', what);
  return rows.where('result', '=', 'refused').execute();
}

test('beyond the limit nobody new signs in and nobody is enabled; who is known goes on', async (t) => {
  const controller = await acme(t);
  const alice = await signIn(controller, 'alice');
  const bob = await signIn(controller, 'bob');
  await controller.limit({ people: 2 });
  await assert.rejects(signIn(controller, 'carol'), NoRoomForPerson);
  const [entry] = await refused(controller, 'sign-in');
  assert.deepEqual([entry?.who, entry?.reasons], ['nobody', '["limit"]']);
  assert.match(entry?.detail ?? '', /carol@acme\.example/);
  assert.equal((await signIn(controller, 'alice')).person, alice.person);

  const set = async (person: string, how: 'enable' | 'disable') =>
    controller.call('POST', `/api/v1/people/${person}/${how}`);
  assert.equal((await set(bob.person, 'disable')).statusCode, 204);
  await signIn(controller, 'carol');
  const enabled = await set(bob.person, 'enable');
  assert.equal(enabled.statusCode, 409);
  assert.match(enabled.body, /as many people as/);
  assert.equal((await set(alice.person, 'enable')).statusCode, 204, 'she counts already');
  await controller.limit({ people: null });
  assert.equal((await set(bob.person, 'enable')).statusCode, 204);
});

test('beyond the limit no connector joins, its key stays good, and those that are there come back', async (t) => {
  const controller = await acme(t);
  const first = new TestNode(controller, 'connector');
  const key = await controller.key('connector', 'hq');
  await first.enrol({ secret: key });
  await controller.limit({ connectors: 1 });
  const second = new TestNode(controller, 'connector');
  const next = await controller.key('connector', 'hq');
  await second.enrol({ secret: next }).catch(() => undefined);
  const fault = second.last('fault');
  assert.equal(fault?.code, 'limit');
  assert.match(fault?.message ?? '', /as many connectors as/);
  assert.equal((await refused(controller, 'connector.enrol')).length, 1);
  await first.hello();
  assert.ok(first.last('snapshot') !== undefined);
  // It comes with its key again, as after an answer that was lost.
  await first.enrol({ secret: key });
  assert.ok(first.last('snapshot') !== undefined);
  const device = await TestNode.enrolled(controller, 'device');
  assert.ok(device.last('snapshot') !== undefined, 'devices are not connectors');
  await controller.limit({ connectors: 2 });
  await second.enrol({ secret: next });
  assert.ok(second.last('snapshot') !== undefined);
});

test('an organisation that asks too often waits, alone, and strangers use up nothing of it', async (t) => {
  const controller = await acme(t);
  const { context, time, app } = controller;
  const other = await context.store.createOrganisation({
    name: 'globex',
    address: 'https://globex.access.acme.example:8443',
  });
  await context.organisations.refresh();
  const theirs = await controller.token('admin', other);
  await controller.limit({ requests: 5 });
  await time.pass(1_000);
  const statuses = async (ask: () => Promise<{ readonly statusCode: number }>, times: number) => {
    const answers: number[] = [];
    for (let at = 0; at < times; at += 1) answers.push((await ask()).statusCode);
    return answers;
  };
  const bearer = (token: string) => async () =>
    app.inject({ url: '/api/v1/networks', headers: { authorization: `Bearer ${token}` } });
  const stranger = async () => app.inject({ url: '/api/v1/networks' });
  assert.deepEqual(await statuses(stranger, 7), [401, 401, 401, 401, 401, 429, 429]);
  const ours = async () => controller.call('GET', '/api/v1/networks');
  assert.deepEqual(await statuses(ours, 6), [200, 200, 200, 200, 200, 429]);
  const waits = await ours();
  assert.equal(waits.headers['retry-after'], '1');
  assert.equal(waits.json<{ type: string }>().type, 'urn:postern:problem:limit');
  assert.deepEqual(
    await statuses(bearer(theirs), 20),
    Array.from({ length: 20 }, () => 200),
  );
  assert.equal((await app.inject({ url: '/livez' })).statusCode, 200);
  const elsewhere = { host: 'globex.access.acme.example:8443' };
  assert.equal((await app.inject({ url: '/api/v1/networks', headers: elsewhere })).statusCode, 401);

  // As many again are turned away at once; whoever goes on all the same waits for each answer.
  await time.pass(1_000);
  await statuses(ours, 10);
  let answered = 0;
  const hammering = Array.from({ length: 3 }, async () => {
    const { statusCode } = await ours();
    assert.equal(statusCode, 429);
    answered += 1;
  });
  // Whoever came after them has been answered, so they have been asked about.
  for (let at = 0; at < 5; at += 1) assert.equal((await bearer(theirs)()).statusCode, 200);
  await settle();
  await time.pass(900);
  assert.equal(answered, 0);
  await time.pass(200);
  await Promise.all(hammering);

  // Who signs in looks at a browser, and is shown a page.
  const portal = await buildApp({ context, ...login(context, controller.attempts) });
  t.after(() => portal.close());
  await time.pass(1_000);
  const starts: string[] = [];
  for (let at = 0; at < 6; at += 1) {
    const answer = await portal.inject({ url: '/oidc/nobody/start?rd=%2Fsessions' });
    starts.push(`${answer.statusCode} ${answer.headers.location} ${answer.headers['retry-after'] ?? ''}`);
  }
  assert.deepEqual([...new Set(starts.slice(0, 5))], ['404 undefined ']);
  assert.equal(starts[5], '302 /login?error=busy&rd=%2Fsessions 1');
  const back = await portal.inject({ url: '/oidc/nobody/callback?state=x' });
  assert.equal(back.headers.location, '/login?error=busy');

  await time.pass(1_000);
  const usage = (await controller.call('GET', '/api/v1/usage')).json<Usage>();
  // The document, and what is above.
  const counted = { month: '2026-11', requests: 22, refused: 10, relayed: 0 };
  assert.deepEqual(usage.requests, { limit: 5, months: [counted] });
  // Written down by itself after a while, for each apart.
  await time.pass(12_000);
  const kept = async (id: OrganisationId) =>
    (await usageOf(context.organisation(id).store, context.now())).requests.months.map(
      ({ requests }) => requests,
    );
  assert.deepEqual(await kept(context.firstOrganisation), [22]);
  assert.deepEqual(await kept(other), [25]);
  const read = async (id: OrganisationId, role: 'admin' | 'auditor') => {
    const headers = { authorization: `Bearer ${await controller.token(role, id)}` };
    return app.inject({ url: '/api/v1/usage', headers });
  };
  assert.equal((await read(other, 'auditor')).json<Usage>().requests.limit, null);
});

test('connectors are told how many flows there may be, and tickets carry what may pass a relay, also after a change', async (t) => {
  const controller = await acme(t);
  const { context, time } = controller;
  const stop = watchOrganisations(context, { addressed: () => undefined });
  t.after(async () => stop());
  const connector = await TestNode.enrolled(controller, 'connector');
  const device = await TestNode.enrolled(controller, 'device');
  await device.untilSnapshot<DeviceSnapshot>(({ resources }) => Object.keys(resources).length > 0);
  const rates = () =>
    [connector, device].map((node) => decodeJwt(node.last('tickets')?.list.at(-1) ?? '')['rate']);
  const flows = () => (connector.snapshot as ConnectorSnapshot).flows;
  assert.deepEqual([flows(), ...rates()], [null, undefined, undefined]);
  const by = { nowMs: time.ms, who: 'test' };
  const shortly = async (isThere: () => boolean): Promise<void> => {
    // Tokens are signed, and a server asked, in time that is not the test's.
    for (let look = 0; look < 50 && !isThere(); look += 1) await time.pass(300);
  };
  await setLimits(context.store, context.firstOrganisation, { flows: 7, relay: 8 }, by);
  await shortly(() => flows() === 7 && rates().every((rate) => rate === 1_000_000));
  assert.deepEqual([flows(), ...rates()], [7, 1_000_000, 1_000_000]);
  const usage = (await controller.call('GET', '/api/v1/usage')).json<Usage>();
  assert.deepEqual(
    [usage.flows, usage.relay],
    [
      { used: 0, limit: 7 },
      { used: 0, limit: 8 },
    ],
  );
  await setLimits(context.store, context.firstOrganisation, { flows: null, relay: null }, by);
  await shortly(() => flows() === null && rates().every((rate) => rate === undefined));
  assert.deepEqual([flows(), ...rates()], [null, undefined, undefined]);
});

test('an organisation that holds all streams of news keeps no other from its own', async (t) => {
  const controller = await acme(t);
  const { context, app } = controller;
  const other = await context.store.createOrganisation();
  await context.organisations.refresh();
  const [ours, theirs] = [await controller.token('admin'), await controller.token('admin', other)];
  const streams: { destroy(): unknown }[] = [];
  t.after(async () => streams.forEach((stream) => stream.destroy()));
  const open = async (token: string): Promise<number> => {
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
    const answer = await app.inject({ url: '/api/v1/events', headers, payloadAsStream: true });
    streams.push(answer.stream());
    return answer.statusCode;
  };
  const statuses = new Set<number>();
  for (let count = 0; count < 500; count += 1) statuses.add(await open(ours));
  assert.deepEqual([...statuses], [200]);
  assert.equal(await open(ours), 429);
  assert.equal(await open(theirs), 200);
});
