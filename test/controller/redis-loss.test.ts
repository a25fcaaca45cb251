/**
 * REL-8: Redis killed, emptied, started again empty, put back to an older state, standing still, out of memory. Nothing that was revoked returns, no
 * one-time key is used twice, sign-ins fail closed, and five seconds later everything is as before.
 */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { PendingSignIns } from '../../controller/login/pending-sign-ins.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { newId, type NodeId } from '../../protocol/ids.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres, type PostgresServer } from '../support/servers/postgres-server.ts';
import { startRedis, type RedisServer } from '../support/servers/redis-server.ts';
import { cluster, signInOf, type Cluster, type Member } from './support/cluster.ts';
import { TestNode } from './support/node.ts';

const recoveryMs = 5_000;
/** While they are apart, controllers look into the store each second. */
const apartMs = 2_500;

let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

interface Loss {
  readonly redis: RedisServer;
  readonly all: Cluster;
  readonly one: Member;
  readonly two: Member;
  /** Holds its channel at `two`. */
  readonly connector: TestNode;
  /** A service's device that holds its channel at `two`, and its session. */
  readonly device: TestNode;
  readonly session: string;
}

async function begin(t: TestContext): Promise<Loss> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const all = await cluster(t, { postgres: postgres.url, redis: redis.url }, 2);
  const [one, two] = all.members as [Member, Member];
  const connector = new TestNode(two, 'connector');
  await connector.enrol({ secret: await all.key('connector', 'hq') });
  const device = new TestNode(two, 'device');
  await device.enrol({ secret: await all.key('service', 'ci') });
  const sessions = (await one.call('GET', '/api/v1/sessions')).json<{ id: string; device?: string }[]>();
  const session = sessions.find((each) => each.device === device.id)?.id ?? '';
  assert.match(session, /^ses_/);
  return { redis, all, one, two, connector, device, session };
}

async function revoke({ one, session }: Loss): Promise<void> {
  const answer = await one.call('DELETE', `/api/v1/sessions/${session}`);
  assert.equal(answer.statusCode, 204, answer.body);
}

/** The connector at the other controller hears of it; resolves with the milliseconds that took. */
async function hears({ connector, session }: Loss): Promise<number> {
  const startedMs = performance.now();
  await connector.until((message) => message.t === 'revoke' && message.ids.includes(session));
  return performance.now() - startedMs;
}

/** Whoever comes back now, to either, is told that it is revoked, and the device is given nothing. */
async function staysRevoked({ one, two, connector, device, session }: Loss): Promise<void> {
  for (const host of [one, two]) {
    const back = new TestNode(host, 'connector');
    Object.assign(back, { machineKey: connector.machineKey, nodeKey: connector.nodeKey, id: connector.id });
    await back.hello();
    assert.ok(back.last('snapshot')?.revoked.includes(session));
    assert.ok(Object.keys((back.snapshot as ConnectorSnapshot).resources).length > 0);
    const again = new TestNode(host, 'device');
    Object.assign(again, {
      machineKey: device.machineKey,
      nodeKey: device.nodeKey,
      id: device.id,
      boot: device.boot,
    });
    await again.hello();
    assert.deepEqual(again.last('grants')?.list ?? [], []);
    again.close();
    back.close();
  }
}

async function isWhole({ all }: Loss): Promise<void> {
  const startedMs = performance.now();
  await eventually(
    'all hear news again',
    () => all.members.every(({ context }) => context.live.isWhole) || undefined,
  );
  assert.ok(performance.now() - startedMs < recoveryMs);
}

const attempt = { provider: 'corp', nonce: 'n', codeVerifier: 'v', returnTo: '/', fresh: false };

test('REL-8: Redis is killed and comes back empty: revocations travel by the store, keys and codes serve once, and it is as before', async (t) => {
  const loss = await begin(t);
  const { redis, all, one, two } = loss;
  const secret = await all.key('connector', 'hq');
  const alice = await all.person('alice', ['staff']);
  const [pendingOne, pendingTwo] = [one, two].map(({ context }) => new PendingSignIns(context.live)) as [
    PendingSignIns,
    PendingSignIns,
  ];
  await pendingOne.add('before', 'browser', attempt);
  await redis.kill();
  await eventually('apart', () =>
    all.members.some(({ context }) => context.live.isWhole) ? undefined : true,
  );

  // Sessions fail closed: what only Redis knew is over, and what is begun now serves once, where it was begun.
  assert.equal(await pendingTwo.take('before', 'browser', 'corp'), undefined);
  await pendingOne.add('during', 'browser', attempt);
  assert.equal(await pendingTwo.take('during', 'browser', 'corp'), undefined);
  assert.notEqual(await pendingOne.take('during', 'browser', 'corp'), undefined);
  assert.equal(await pendingOne.take('during', 'browser', 'corp'), undefined);

  // One-time keys are the store's.
  const nodes = [one, two, one, two].map((host) => new TestNode(host, 'connector'));
  await Promise.all(nodes.map((node) => node.enrol({ secret }).catch(() => undefined)));
  assert.equal(nodes.filter((node) => node.last('snapshot') !== undefined).length, 1);

  // A device waits at one controller while its person lets it in at the other.
  const waiting = new TestNode(two, 'device');
  await waiting.connect();
  waiting.send(waiting.enrolMessage({ code: true }));
  await waiting.until(({ t: type }) => type === 'code');
  const organisation = one.context.firstOrganisation;
  const code = waiting.last('code')?.user_code ?? '';
  const entry = await one.attempts.enterCode(organisation, code, { person: alice, address: '192.0.2.1' });
  assert.ok(entry.state === 'found');
  await one.attempts.approve(entry.attempt, signInOf(alice), { held: false });
  await waiting.until(({ t: type }) => type === 'snapshot');
  const twice = await two.attempts.enterCode(organisation, code, { person: alice, address: '192.0.2.1' });
  assert.equal(twice.state, 'wrong');

  await revoke(loss);
  assert.ok((await hears(loss)) < apartMs);
  await staysRevoked(loss);

  await redis.restart();
  await isWhole(loss);
  await staysRevoked(loss);
  const node = newId('con', systemRandom(16));
  one.context.presence.enter(node);
  await eventually('presence', () => two.context.presence.isOnline(node) || undefined);
});

test('REL-8: Redis is emptied: sign-ins under way begin anew, and nothing else is noticed', async (t) => {
  const loss = await begin(t);
  const { redis, one, two, device } = loss;
  const pending = new PendingSignIns(one.context.live);
  await pending.add('state', 'browser', attempt);
  const limits = one.context.live.throttle('test', { limit: 2, windowMs: 60_000 });
  const same = two.context.live.throttle('test', { limit: 2, windowMs: 60_000 });
  limits.fail('alice');
  await eventually('both have counted', () => {
    limits.fail('alice');
    return same.lockedUntilMs('alice');
  });
  await redis.flush();
  assert.equal(await pending.take('state', 'browser', 'corp'), undefined);
  assert.ok(one.context.live.isWhole && two.context.live.isWhole);
  assert.ok(same.lockedUntilMs('alice') !== undefined, 'who was locked out still is');
  assert.ok(one.context.presence.isOnline(device.id as NodeId));
  await revoke(loss);
  assert.ok((await hears(loss)) < 1_000);
  await redis.flush();
  await staysRevoked(loss);
});

test('REL-8: Redis goes back to an older state, as a replica that missed the last second: what was taken is not taken again', async (t) => {
  const loss = await begin(t);
  const { redis, all, one, two } = loss;
  const [here, there] = [new PendingSignIns(one.context.live), new PendingSignIns(two.context.live)];
  await here.add('taken', 'browser', attempt);
  await here.add('waiting', 'browser', attempt);
  await redis.remember();
  assert.notEqual(await there.take('taken', 'browser', 'corp'), undefined);
  await revoke(loss);
  await hears(loss);
  await redis.kill();
  await eventually('apart', () =>
    all.members.some(({ context }) => context.live.isWhole) ? undefined : true,
  );
  await redis.restart();
  await isWhole(loss);
  // It has both again.
  const back = await Promise.all([here, there, here].map((each) => each.take('taken', 'browser', 'corp')));
  assert.deepEqual(back, [undefined, undefined, undefined]);
  const waited = await Promise.all([here, there].map((each) => each.take('waiting', 'browser', 'corp')));
  assert.equal(waited.filter((each) => each !== undefined).length, 1);
  await staysRevoked(loss);
});

test('REL-8: the database does not answer when a sign-in is taken: nobody has it, and nobody gets it later', async (t) => {
  const { all, one } = await begin(t);
  const pending = new PendingSignIns(one.context.live);
  await pending.add('state', 'browser', attempt);
  const leaving = await all.join();
  const elsewhere = new PendingSignIns(leaving.context.live);
  await leaving.context.store.close();
  assert.equal(await elsewhere.take('state', 'browser', 'corp'), undefined);
  assert.equal(await pending.take('state', 'browser', 'corp'), undefined);
});

test('REL-8: Redis stands still for two seconds: nothing waits for it, and what is not certain does not count', async (t) => {
  const loss = await begin(t);
  const { redis, all, one, two } = loss;
  const pending = new PendingSignIns(one.context.live);
  await pending.add('before', 'browser', attempt);
  const taking = new PendingSignIns(two.context.live);
  redis.stall();
  t.after(() => redis.goOn());
  const stalledMs = performance.now();
  const [added, taken] = await Promise.allSettled([
    pending.add('during', 'browser', attempt),
    taking.take('before', 'browser', 'corp'),
  ]);
  assert.ok(performance.now() - stalledMs < 1_800, 'nobody waits until it goes on');
  assert.ok(added.status === 'rejected');
  assert.equal((added.reason as { code?: string }).code, 'busy');
  assert.ok(taken.status === 'fulfilled' && taken.value === undefined);
  await revoke(loss);
  await pause(Math.max(0, 2_000 - (performance.now() - stalledMs)));
  redis.goOn();
  assert.ok((await hears(loss)) < 1_000);
  await isWhole(loss);
  // It was taken out after all, for nobody; and nobody gets it again.
  await eventually('nothing is left of it', async () =>
    (await pending.take('before', 'browser', 'corp')) === undefined ? true : undefined,
  );
  await staysRevoked(loss);
  assert.ok(all.members.every(({ context }) => context.live.isWhole));
});

test('REL-8: Redis refuses memory: news pass, and sign-ins are kept where they were begun', async (t) => {
  const loss = await begin(t);
  const { redis, one, two } = loss;
  await redis.refuseMemory(true);
  const [begun, elsewhere] = [new PendingSignIns(one.context.live), new PendingSignIns(two.context.live)];
  await begun.add('state', 'browser', attempt);
  assert.equal(await elsewhere.take('state', 'browser', 'corp'), undefined);
  assert.notEqual(await begun.take('state', 'browser', 'corp'), undefined);
  assert.equal(await begun.take('state', 'browser', 'corp'), undefined);
  await revoke(loss);
  assert.ok((await hears(loss)) < 1_000);
  await staysRevoked(loss);
  await redis.refuseMemory(false);
  await begun.add('later', 'browser', attempt);
  await isWhole(loss);
  assert.notEqual(await elsewhere.take('later', 'browser', 'corp'), undefined);
});
