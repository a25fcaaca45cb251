/**
 * Two relays under load, and a laptop that moves: the short forms of what `npm run soak` does at length. Real programs in a
 * lab; nothing that flows may be lost, and nothing may wait for longer than is promised.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { moveLaptop } from '../support/relays/laptop-scenario.ts';
import {
  drainRelays,
  faultsOf,
  killRelays,
  silenceRelays,
  type Outcome,
} from '../support/relays/relay-scenarios.ts';
import { TwoRelays } from '../support/relays/two-relays.ts';

const load = { flows: 30, everyMs: 100 };

suite('a laptop, two relays and a connector', () => {
  let world: TwoRelays;

  before(async () => {
    world = await TwoRelays.open();
  });
  after(() => world?.close());

  function held(context: TestContext, outcome: Outcome): void {
    for (const note of outcome.notes) context.diagnostic(note);
    context.diagnostic(`${outcome.report.blocks} blocks, the slowest took ${outcome.report.worstMs} ms`);
    assert.deepEqual(faultsOf(outcome), []);
  }

  test('REL-1 a relay is killed, and then the other: every byte in order, no stall over 2 s', async (context) => {
    held(context, await killRelays(world, load, { kills: 2, everyS: 1 }));
  });

  test('REL-2 a relay whose packets vanish, and one that stops with its sockets open, are left within 7 s', async (context) => {
    held(context, await silenceRelays(world, load, 2));
  });

  test('REL-7 a rolling restart of the relays goes unnoticed', async (context) => {
    const outcome = await drainRelays(world, load, 2);
    held(context, outcome);
    for (const note of outcome.notes) assert.match(note, /^ended with 0 /);
  });

  test('ssh and a download go on when the NAT forgets the laptop, its address changes, its interface is down', async (context) => {
    held(context, await moveLaptop(world, { downS: 2, downloadBytes: 6_000_000 }));
  });
});
