import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBetter } from '../../client/tunnel/route-choice.ts';
import { routeName, type Route } from '../../client/tunnel/route.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { Reached, type MemoryRoute } from '../support/memory-routes.ts';

const [a, b, direct]: [Route, Route, Route] = [
  { kind: 'relay', relay: 'a' },
  { kind: 'relay', relay: 'b' },
  { kind: 'direct', endpoint: '192.0.2.1:7000' },
];

/** A session over the first route with a flow on it. */
async function reach(...routes: [Route, number][]): Promise<{ reached: Reached; stream: MuxStream }> {
  const reached = await new Reached(routes).begin();
  const stream = reached.kept.session.openStream({});
  reached.kept.choice.used();
  return { reached, stream };
}

function over({ kept }: Reached): string {
  return routeName(kept.route);
}

test('a session with a flow moves to a relay that is clearly nearer, and the flow goes on', async () => {
  const { reached, stream } = await reach([a, 40], [b, 10]);
  await reached.pass(3_000);
  assert.equal(over(reached), 'relay b');
  const measured = reached.kept.choice.known().map((state) => ('rttMs' in state ? state.rttMs : Infinity));
  assert.ok(measured.length === 2 && measured[0]! < 90 && measured[1]! < 30, `${measured.join(', ')} ms`);
  stream.end('still here');
  await reached.pass(200);
  assert.equal((reached.streams[0] as MuxStream).read()?.toString(), 'still here');
});

test('a session stays where another relay is only a little nearer, and an idle one asks nobody', async () => {
  const { reached } = await reach([a, 20], [b, 18]);
  await reached.pass(5_000);
  assert.equal(over(reached), 'relay a');
  const idle = await new Reached([
    [a, 40],
    [b, 1],
  ]).begin();
  idle.kept.choice.changed();
  await idle.pass(3_600_000, 1_000);
  assert.equal(over(idle), 'relay a');
  assert.equal(idle.ways[1]?.dialled, 0);
});

test('a direct route is tried at once, without a flow, and taken unless it is clearly slower', async () => {
  for (const [delayMs, taken] of [
    [20, true],
    [26, true],
    [40, false],
  ] as const) {
    const reached: Reached = await new Reached([
      [a, 20],
      [direct, delayMs],
    ]).begin();
    reached.kept.choice.changed();
    await reached.pass(1_500);
    assert.equal(over(reached), taken ? 'direct 192.0.2.1:7000' : 'relay a', `${delayMs} ms`);
  }
});

test('a direct route that breaks is left for the relay, and tried again later and later', async () => {
  const { reached } = await reach([a, 20], [direct, 5]);
  await reached.pass(2_500);
  assert.equal(over(reached), 'direct 192.0.2.1:7000');
  const way = reached.way(direct);
  way.cut();
  way.freeze();
  await reached.pass(500);
  assert.equal(over(reached), 'relay a');
  const known = reached.kept.choice.known().find(({ route }) => route.kind === 'direct');
  assert.ok(known !== undefined && 'fault' in known && known.fault === 'connector-lost');
  const before = way.dialled;
  await reached.pass(25_000, 50);
  assert.equal(way.dialled, before, 'not within 30 s');
  await reached.pass(600_000, 50);
  assert.ok(way.dialled - before <= 5, `${way.dialled - before} tries in ten minutes`);
  way.thaw();
  await reached.pass(700_000, 50);
  assert.equal(over(reached), 'direct 192.0.2.1:7000', 'once it works again');
});

test('REL-2 a route that becomes slow is left within a minute, and two that take turns do not make it flap', async () => {
  const { reached } = await reach([a, 10], [b, 12]);
  await reached.pass(10_000, 10);
  assert.equal(over(reached), 'relay a');
  reached.way(a).delayMs = 200;
  await reached.pass(60_000, 10);
  assert.equal(over(reached), 'relay b');
  let moves = 0;
  let last = over(reached);
  const slow = [reached.way(b), reached.way(a)] as [MemoryRoute, MemoryRoute];
  for (let turn = 0; turn < 60; turn++) {
    (slow[turn % 2] as MemoryRoute).delayMs = 200;
    (slow[(turn + 1) % 2] as MemoryRoute).delayMs = 10;
    await reached.pass(30_000, 50);
    if (over(reached) !== last) moves += 1;
    last = over(reached);
  }
  assert.ok(moves <= 6, `${moves} moves in half an hour`);
});

test('what counts as better', () => {
  assert.equal(isBetter(a, 40, b, 31), false);
  assert.equal(isBetter(a, 40, b, 29), true);
  assert.equal(isBetter(a, 4, b, 0), false, 'not for less than 5 ms');
  assert.equal(isBetter(direct, 40, a, 21), false);
  assert.equal(isBetter(direct, 60, a, 29), true);
  assert.equal(isBetter(a, undefined, b, 500), true);
  assert.equal(isBetter(a, 10, b, undefined), false);
});
