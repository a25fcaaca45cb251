import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { DirectSessions } from '../../connector/sessions/direct-sessions.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { dialSession } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ConnectorBench, removeBenches } from './support/connector-bench.ts';

after(removeBenches);

/** A session that came without a relay and shows these grants. */
async function come(bench: ConnectorBench, grants: readonly string[], own = bench.device) {
  const clock = bench.clock as VirtualClock;
  const direct = new DirectSessions(clock);
  const { left, right } = memoryCarriers();
  const accepting = bench.accept(right);
  const dialled = await dialSession({
    ...{ carrier: left, own, peer: bench.key.publicKey, networkId: bench.network, grants },
    ...{ clock, random: systemRandom, handle: () => ({}) },
  });
  const session: Session = await accepting;
  const { accepted } = bench;
  assert.ok(accepted);
  let welcomes = 0;
  direct.add(session, accepted, () => welcomes++);
  /** So many seconds, with the connector's look once in each. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000);
      direct.recheck();
      await settle(3);
    }
  };
  return { direct, session, dialled, pass, welcomes: () => welcomes };
}

async function openBench(t: TestContext): Promise<ConnectorBench> {
  const bench = new ConnectorBench(new VirtualClock());
  t.after(() => bench.close());
  await bench.start();
  return bench;
}

test('SEC-D8 whoever has a key but shows no valid grant within five seconds is let go as denied', async (t) => {
  const bench = await openBench(t);
  const grant = await bench.grant();
  for (const [name, grants, own] of [
    ['no grant', [], bench.device],
    ['what is none', ['a.b.c'], bench.device],
    ['somebody else’s', [grant], newAgreementKey()],
  ] as const) {
    const { session, dialled, direct, pass, welcomes } = await come(bench, grants, own);
    await pass(4);
    assert.equal(session.isOver, false, name);
    await pass(1);
    assert.equal(session.isOver, true, name);
    assert.equal((await dialled.closed).code, 'denied', name);
    assert.deepEqual([direct.size, welcomes()], [0, 0], name);
  }
});

test('a session with a grant is welcome at once and stays, until its last right has been gone for ten seconds', async (t) => {
  const bench = await openBench(t);
  const { session, dialled, direct, pass, welcomes } = await come(bench, [await bench.grant()]);
  await until(() => welcomes() === 1);
  await pass(30);
  assert.deepEqual([session.isOver, direct.size], [false, 1]);
  bench.lease.revoke({ epoch: 2, ids: [bench.deviceId], reason: 'blocked' });
  await pass(10);
  assert.equal(session.isOver, false);
  await pass(1);
  assert.equal(session.isOver, true);
  assert.equal((await dialled.closed).code, 'revoked');
  assert.equal(direct.size, 0);
});

test('a right that comes back in time keeps the session, and one that runs through a relay again is the relay’s to judge', async (t) => {
  const bench = await openBench(t);
  const { session, dialled, direct, pass, welcomes } = await come(bench, [await bench.grant()]);
  await until(() => welcomes() === 1);
  await pass(1);
  bench.lease.revoke({ epoch: 2, ids: [bench.grantId], reason: 'policy' });
  await pass(8);
  dialled.sendGrant(await bench.grant({ jti: 'tok_00000000000000000000000001' as typeof bench.grantId }));
  // It is verified in a thread, in no number of turns.
  await until(() => bench.accepted?.isSpent === false);
  await pass(20);
  assert.equal(session.isOver, false);
  bench.lease.revoke({ epoch: 3, ids: [bench.deviceId], reason: 'blocked' });
  direct.remove(session);
  await pass(30);
  assert.equal(session.isOver, false);
});
