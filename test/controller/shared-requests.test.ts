/** An organisation's requests a second at several controllers: its limit once, all of it at one, and no request waits for Redis. */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { setLimits } from '../../controller/operator/limits.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres, type PostgresServer } from '../support/servers/postgres-server.ts';
import { startRedis, type RedisServer } from '../support/servers/redis-server.ts';
import { cluster, type Member } from './support/cluster.ts';

const perSecond = 20;
const seconds = 3;

let postgres: PostgresServer;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

interface Two {
  readonly redis: RedisServer;
  readonly members: readonly [Member, Member];
}

async function two(t: TestContext): Promise<Two> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const { members } = await cluster(t, { postgres: postgres.url, redis: redis.url }, 2);
  const [one, other] = members;
  assert.ok(one !== undefined && other !== undefined);
  const { store, firstOrganisation } = one.context;
  await setLimits(store, firstOrganisation, { requests: perSecond }, { nowMs: Date.now(), who: 'test' });
  for (const { context } of members) await context.organisations.refresh();
  await eventually('they know each other', () =>
    members.every(({ context }) => context.live.loads.others.length === 1) ? true : undefined,
  );
  return { redis, members: [one, other] };
}

/** Asks at each of them without end for so long; how many were let in a second, and the longest wait of one of those. */
async function ask(
  members: readonly Member[],
  forS: number,
): Promise<{ readonly granted: number; readonly worstMs: number }> {
  const [beganMs, untilMs] = [performance.now(), performance.now() + forS * 1_000];
  let [granted, worstMs] = [0, 0];
  const asking = members.map(async (member) => {
    while (performance.now() < untilMs) {
      const askedMs = performance.now();
      const { statusCode } = await member.call('GET', '/api/v1/networks');
      if (statusCode === 200) {
        granted += 1;
        worstMs = Math.max(worstMs, performance.now() - askedMs);
      } else assert.equal(statusCode, 429);
      // Those that are turned away too often wait a second for their answer; that is not what is asked here.
      await pause(statusCode === 200 ? 5 : 40);
    }
  });
  await Promise.all(asking);
  return { granted: granted / ((performance.now() - beganMs) / 1_000), worstMs };
}

test('two controllers let in together what one may, and one alone all of it', async (t) => {
  const { members } = await two(t);
  await ask(members, seconds);
  const both = await ask(members, seconds);
  assert.ok(both.granted < perSecond * 1.3, `${both.granted} a second at both`);
  assert.ok(both.granted > perSecond * 0.4, `${both.granted} a second at both`);
  await ask([members[0]], seconds);
  const alone = await ask([members[0]], seconds);
  // More than its even half.
  assert.ok(alone.granted > perSecond * 0.6, `${alone.granted} a second alone`);
  assert.ok(alone.granted < perSecond * 1.3, `${alone.granted} a second alone`);
});

test('a Redis that stands still holds no request up, and each goes on by its even share', async (t) => {
  const { redis, members } = await two(t);
  await ask([members[0]], seconds);
  redis.stall();
  t.after(async () => redis.goOn());
  await eventually('they know that they are apart', () =>
    members.some(({ context }) => context.live.isWhole) ? undefined : true,
  );
  await ask(members, 2);
  const apart = await ask(members, seconds);
  assert.ok(apart.granted < perSecond * 1.3, `${apart.granted} a second`);
  assert.ok(apart.worstMs < 1_000, `${apart.worstMs} ms`);
  // Also once the silence has lasted: nobody takes it for room.
  for (const { context } of members) assert.equal(context.live.loads.others.length, 1);
  redis.goOn();
  await eventually('together again', () =>
    members.every(({ context }) => context.live.isWhole && context.live.loads.others.length === 1)
      ? true
      : undefined,
  );
});
