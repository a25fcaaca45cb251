/** What is live keeps the same promises in the memory of one controller and, over a real Redis, between two. */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { LiveMessage } from '../../controller/live/bus.ts';
import { SecretKey } from '../../controller/keys/secret-key.ts';
import type { Live } from '../../controller/live/live.ts';
import { memoryLive } from '../../controller/live/memory-live.ts';
import { redisLive } from '../../controller/live/redis-live.ts';
import { systemClock, systemRandom } from '../../protocol/clock.ts';
import { newId, type OrganisationId } from '../../protocol/ids.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type RedisServer } from '../support/servers/redis-server.ts';

let server: RedisServer;
before(async () => {
  server = await startRedis();
});
after(() => server.stop());

const organisation = newId('org', systemRandom(16));
const noted: OrganisationId[] = [];
/** What the store of both knows. */
const taken = new Set<string>();

/** Each pair has a key, and so a channel, of its own. */
async function pairFor(t: TestContext, kind: 'memory' | 'Redis', now = Date.now): Promise<[Live, Live]> {
  if (kind === 'memory') {
    const one = memoryLive(now);
    return [one, one];
  }
  const secret = systemRandom(32);
  const [one, two] = [await joined(t, secret, now), await joined(t, secret, now)];
  await eventually('both hear news', () => (one.isWhole && two.isWhole) || undefined);
  return [one, two];
}

async function joined(t: TestContext, secret: Buffer, now: () => number): Promise<Live> {
  const live = await redisLive({
    url: server.url,
    secretKey: new SecretKey(secret, systemRandom),
    id: systemRandom(8).toString('hex'),
    unheard: (id) => noted.push(id),
    taken: async (hash) => taken.size < taken.add(hash).size,
    now,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  t.after(() => live.close());
  return live;
}

for (const kind of ['memory', 'Redis'] as const) {
  test(`${kind}: news are heard by everyone, once, in the order in which one says them`, async (t) => {
    const [one, two] = await pairFor(t, kind);
    const heard: LiveMessage[] = [];
    const own: LiveMessage[] = [];
    two.bus.subscribe((_, message) => heard.push(message));
    one.bus.subscribe((_, message) => own.push(message));
    const said = Array.from({ length: 200 }, (_, index) => ({ kind: 'login', attempt: `${index}` }) as const);
    for (const message of said) one.bus.publish(organisation, message);
    // Where it was said it is heard at once.
    assert.deepEqual(own, said);
    await eventually('all news', () => heard.length >= said.length || undefined);
    assert.deepEqual(heard, said);
  });

  test(`${kind}: who is connected at one is online at the other, until it leaves`, async (t) => {
    const [one, two] = await pairFor(t, kind);
    const node = newId('con', systemRandom(16));
    const leave = one.presence.enter(node);
    const again = one.presence.enter(node);
    await eventually('online', () => two.presence.isOnline(node) || undefined);
    leave();
    leave();
    assert.ok(one.presence.isOnline(node));
    again();
    await eventually('offline', () => !two.presence.isOnline(node) || undefined);
    assert.equal(one.presence.isOnline(node), false);
  });

  test(`${kind}: what is had and wanted of a limit is known everywhere, until its holder is gone`, async (t) => {
    const [one, two] = await pairFor(t, kind);
    const holding = { organisation, what: 'flows', holder: 'con_1' } as const;
    one.loads.set(holding, { held: 3, wanted: 1 });
    two.loads.set({ ...holding, holder: 'con_2' }, { held: 0, wanted: 0 });
    const known = (): [string, { held: number; wanted: number }][] =>
      [...two.loads.of(organisation, 'flows')].toSorted(([a], [b]) => (a < b ? -1 : 1));
    await eventually('both', () => known().length === 2 || undefined);
    assert.deepEqual(known(), [
      ['con_1', { held: 3, wanted: 1 }],
      ['con_2', { held: 0, wanted: 0 }],
    ]);
    assert.deepEqual([...two.loads.of(organisation, 'relay')], []);
    one.loads.set(holding, { held: 4, wanted: 0 });
    await eventually('the newest', () => known()[0]?.[1].held === 4 || undefined);
    one.loads.set(holding, undefined);
    await eventually('gone', () => known().length === 1 || undefined);
    assert.equal(one.loads.others.length, kind === 'memory' ? 0 : 1);
  });

  test(`${kind}: failures count wherever they happen, and a success is forgiven everywhere`, async (t) => {
    const [one, two] = await pairFor(t, kind);
    const limits = { limit: 3, windowMs: 60_000 };
    const here = one.throttle('codes', limits);
    const there = kind === 'memory' ? here : two.throttle('codes', limits);
    const other = two.throttle('others', limits);
    here.fail('alice');
    there.fail('alice');
    here.fail('alice');
    const locked = (): boolean =>
      there.lockedUntilMs('alice') !== undefined && here.lockedUntilMs('alice') !== undefined;
    await eventually('locked everywhere', () => locked() || undefined);
    assert.equal(other.lockedUntilMs('alice'), undefined);
    assert.equal(there.lockedUntilMs('bob'), undefined);
    there.succeed('alice');
    await eventually('forgiven', () => here.lockedUntilMs('alice') === undefined || undefined);
  });

  test(`${kind}: a value is taken once, by whoever comes first, and not after its time`, async (t) => {
    let ahead = 0;
    const [one, two] = await pairFor(t, kind, () => Date.now() + ahead);
    const here = one.kept<{ nonce: string }>('sign-ins', 60_000);
    const there = kind === 'memory' ? here : two.kept<{ nonce: string }>('sign-ins', 60_000);
    await here.put('a', { nonce: 'n' });
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? here : there).take('a')),
    );
    assert.deepEqual(
      taken.filter((value) => value !== undefined),
      [{ nonce: 'n' }],
    );
    assert.equal(await there.take('b'), undefined);
    await here.put('c', { nonce: 'late' });
    ahead = 60_001;
    assert.equal(await there.take('c'), undefined);
  });
}

test('Redis: one of several does what all would do, and another once that is over', async (t) => {
  const [one, two] = await pairFor(t, 'Redis');
  const first = await Promise.all([one.turn('poll', 300), two.turn('poll', 300)]);
  assert.deepEqual(first.toSorted(), [false, true]);
  await eventually('another turn', async () => (await two.turn('poll', 300)) || undefined);
});

test('Redis: one that joins later hears who is online, and one that closes takes its nodes along', async (t) => {
  const secret = systemRandom(32);
  const one = await joined(t, secret, Date.now);
  const nodes = Array.from({ length: 4_100 }, () => newId('dev', systemRandom(16)));
  for (const node of nodes) one.presence.enter(node);
  const two = await joined(t, secret, Date.now);
  await eventually('all online', () => nodes.every((node) => two.presence.isOnline(node)) || undefined);
  await one.close();
  await eventually('all offline', () => !nodes.some((node) => two.presence.isOnline(node)) || undefined);
});

test('Redis: who does not hold the key is neither heard nor understood, and what is said twice counts once', async (t) => {
  const { createClient } = await import('redis');
  const [one, two] = await pairFor(t, 'Redis');
  const spy = createClient({ url: server.url, RESP: 2 });
  await spy.connect();
  const listener = spy.duplicate();
  await listener.connect();
  t.after(() => [spy, listener].forEach((client) => client.destroy()));
  const overheard: { channel: string; message: Buffer }[] = [];
  await listener.pSubscribe(
    '*',
    (message, channel) => overheard.push({ channel: channel.toString(), message }),
    true,
  );
  const heard: LiveMessage[] = [];
  two.bus.subscribe((_, message) => heard.push(message));
  one.bus.publish(organisation, { kind: 'login', attempt: 'an attempt to remember' });
  await eventually('heard', () => heard.length > 0 || undefined);
  const said = overheard.filter(({ message }) => message.length > 120);
  assert.ok(said.length > 0);
  for (const { message } of overheard) assert.ok(!message.includes('attempt'));
  for (const { channel, message } of said) await spy.publish(channel, message);
  for (const { channel } of said)
    await spy.publish(channel, Buffer.from(JSON.stringify({ from: 'x', n: 1, news: { t: 'bus' } })));
  one.bus.publish(organisation, { kind: 'servers' });
  await eventually('the next', () => heard.some(({ kind }) => kind === 'servers') || undefined);
  assert.deepEqual(heard, [{ kind: 'login', attempt: 'an attempt to remember' }, { kind: 'servers' }]);
});
