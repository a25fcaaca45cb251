import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { acceptSession, dialSession, SessionTable } from '../../protocol/link/open-session.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const client = newAgreementKey();
const connector = newAgreementKey();
const networkId = newId('net', systemRandom(16));

async function connected() {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const common = { networkId, clock, random: systemRandom, kem: false, handle: () => ({}) };
  const sessions = new SessionTable();
  const accept = (carrier: Carrier) =>
    acceptSession({
      ...{ ...common, carrier, own: connector, sessions },
      ...{ budget: new HandshakeBudget(clock), source: 'dev_test' },
    });
  const accepted = accept(pair.right);
  const session = await dialSession({
    ...{ ...common, carrier: pair.left, own: client, peer: connector.publicKey, grants: [] },
  });
  await accepted;
  await settle();
  return { ...pair, clock, session, accept };
}

test('a ping that is asked for takes as long as there and back, each its own time, beside those of the path itself', async () => {
  const { session, clock, toRight } = await connected();
  const before = session.rttMs;
  toRight.hold();
  const first = session.ping(2_000);
  clock.advance(30);
  const second = session.ping(2_000);
  clock.advance(12);
  toRight.release();
  await settle();
  assert.deepEqual(await Promise.all([first, second]), [42, 12]);
  assert.equal(session.rttMs, before);
});

test('one that is not answered in time is lost by name, and its answer afterwards is nobody’s', async () => {
  const { session, clock, toLeft } = await connected();
  toLeft.hold();
  const lost = session.ping(2_000);
  clock.advance(2_000);
  await assert.rejects(lost, (error: Fault) => error.code === 'timeout');
  toLeft.release();
  await settle();
  assert.equal(session.isOver, false);
  const next = session.ping(2_000);
  await settle();
  assert.equal(await next, 0);
});

test('one that was under way when the session moved is answered over the new path, and takes as long as there', async () => {
  const { session, clock, toRight, accept } = await connected();
  toRight.hold();
  const under = session.ping(2_000);
  clock.advance(1_500);
  const next = memoryCarriers();
  await Promise.all([session.resume(next.left), accept(next.right)]);
  await settle();
  assert.equal(await under, 0);
  // What the old path still held is nobody's.
  toRight.release();
  await settle();
  assert.equal(session.isOver, false);
});

test('without a path there is nothing to ping', async () => {
  const world = await connected();
  const { session, clock } = world;
  world.cut(new Fault('unreachable'));
  await settle();
  await assert.rejects(session.ping(2_000), (error: Fault) => error.code === 'connector-lost');
  session.close();
  await assert.rejects(session.ping(2_000), Fault);
  clock.advance(60_000);
  assert.equal(clock.pending, 0);
});
