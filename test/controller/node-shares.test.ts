/** What an organisation may have is divided among those that give it out: together never more, and all of it to whoever wants it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Loads } from '../../controller/live/loads.ts';
import { divide, divideWhole, wantsAll } from '../../controller/operator/divide.ts';
import { NodeShares } from '../../controller/operator/node-shares.ts';
import type { Limits } from '../../controller/operator/limits.ts';
import { FlowQuota } from '../../connector/flows/flow-quota.ts';
import { LoadTeller } from '../../connector/flows/tell-load.ts';
import { RateShares } from '../../relay/rate-shares.ts';
import { systemRandom } from '../../protocol/clock.ts';
import type { FromController } from '../../protocol/control.ts';
import { newId, type NodeId, type OrganisationId } from '../../protocol/ids.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const load = fc.record({
  held: fc.nat(50),
  wanted: fc.oneof(fc.nat(50), fc.constant(wantsAll)),
});

test('shares are together what there is, or what is held where that is more, and nobody loses what it holds', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.array(load, { minLength: 1, maxLength: 6 }), (total, loads) => {
      const held = loads.reduce((sum, each) => sum + each.held, 0);
      for (const part of [0, 1 / 16, 1 / 2]) {
        const shares = divide(total, loads, part);
        const whole = divideWhole(total, loads, part);
        const sum = (list: readonly number[]): number => list.reduce((all, each) => all + each, 0);
        assert.ok(Math.abs(sum(shares) - Math.max(total, held)) < 1e-6);
        assert.equal(sum(whole), Math.max(total, held));
        for (const [at, { held: own }] of loads.entries()) {
          assert.ok((shares[at] ?? 0) >= own - 1e-9);
          assert.ok((whole[at] ?? 0) >= own);
        }
      }
    }),
  );
});

test('whoever wants least is given it first, those that want more share the rest evenly', () => {
  const idle = { held: 0, wanted: 0 };
  const greedy = { held: 0, wanted: wantsAll };
  assert.deepEqual(divide(100, [greedy, { held: 0, wanted: 10 }, greedy], 0), [45, 10, 45]);
  assert.deepEqual(divide(100, [idle, idle], 0), [50, 50]);
  assert.deepEqual(divide(160, [greedy, idle], 1 / 16), [155, 5]);
  // One flow is left: it goes to whoever was refused.
  assert.deepEqual(
    divideWhole(
      10,
      [
        { held: 9, wanted: 0 },
        { held: 0, wanted: wantsAll },
      ],
      1 / 2,
    ),
    [9, 1],
  );
});

const ours = newId('org', systemRandom(16));
const theirs = newId('org', systemRandom(16));

interface World {
  readonly clock: VirtualClock;
  readonly limits: Map<OrganisationId, Limits>;
  /** Of two controllers. */
  readonly shares: readonly [NodeShares, NodeShares];
  /** What was said is heard by the other. */
  exchange(this: void): void;
  readonly relayed: Map<OrganisationId, number>;
}

function world(given: Partial<Limits>): World {
  const none: Limits = { people: null, connectors: null, requests: null, flows: null, relay: null };
  const clock = new VirtualClock();
  const limits = new Map([
    [ours, { ...none, ...given }],
    [theirs, none],
  ]);
  const loads = [new Loads(), new Loads()] as const;
  const relayed = new Map<OrganisationId, number>();
  const made = (at: 0 | 1): NodeShares =>
    new NodeShares({
      live: { loads: loads[at] },
      firstOrganisation: theirs,
      limitsOf: (id) => limits.get(id),
      all: () => limits.keys(),
      relayed: (id, bytes) => relayed.set(id, (relayed.get(id) ?? 0) + bytes),
      began: () => undefined,
      clock,
    });
  return {
    clock,
    limits,
    shares: [made(0), made(1)],
    relayed,
    exchange() {
      loads[1].hear('one', loads[0].untold(), false);
      loads[0].hear('two', loads[1].untold(), false);
    },
  };
}

/** A connector's own code, beside a controller. */
class Connector {
  readonly quota = new FlowQuota();
  readonly open: (() => void)[] = [];
  leave: () => void = () => undefined;
  readonly #shares: NodeShares;
  readonly #node = newId('con', systemRandom(16)) as NodeId;
  readonly #teller: LoadTeller;

  constructor(shares: NodeShares) {
    this.#shares = shares;
    const node = this.#node;
    this.join();
    this.#teller = new LoadTeller({
      quota: this.quota,
      isLimited: () => true,
      send: (message) => {
        if (message.t === 'load') shares.hear(node, message);
        return true;
      },
    });
  }

  /** A control channel begins. */
  join(): void {
    const take = (message: FromController): void => {
      if (message.t === 'shares') this.quota.share(message.flows ?? null);
    };
    this.leave = this.#shares.join({ organisation: ours, node: this.#node, kind: 'connector' }, take);
  }

  /** One more, if it may. */
  dial(): boolean {
    if (this.quota.isFull(10)) return false;
    const release = this.quota.take('svc_1');
    assert.ok(release !== undefined);
    this.open.push(release);
    return true;
  }

  tell(nowMs: number): void {
    this.#teller.tell(nowMs);
  }
}

test('two connectors at two controllers have one limit: all of it where it is wanted, and what one lets go the other may have', () => {
  const { clock, shares, exchange } = world({ flows: 10 });
  const [one, two] = [new Connector(shares[0]), new Connector(shares[1])];
  const pass = (...dialling: readonly Connector[]): void => {
    for (let second = 0; second < 12; second += 1) {
      for (const each of dialling) while (each.dial());
      for (const each of [one, two]) each.tell(clock.nowMs());
      exchange();
      clock.advance(1_000);
      exchange();
    }
  };
  pass();
  pass(one);
  assert.deepEqual([one.quota.flows, two.quota.flows], [10, 0]);
  assert.equal(two.dial(), false);
  for (const close of one.open.splice(0, 4)) close();
  pass(two);
  assert.deepEqual([one.quota.flows, two.quota.flows], [6, 4]);
  pass(one, two);
  assert.equal(one.quota.flows + two.quota.flows, 10);
  assert.deepEqual(shares[0].usedHere(ours), { flows: 6, relayed: 0 });

  // One that has lost its channel keeps its flows, and its part is nobody's until it had time to come back.
  one.leave();
  exchange();
  clock.advance(5_000);
  exchange();
  clock.advance(1_000);
  assert.equal(two.dial(), false);
  clock.advance(11_000);
  exchange();
  clock.advance(1_000);
  assert.equal(two.dial(), true);
  for (const each of shares) each.stop();
});

test('a connector that was refused once and is asked for nothing since leaves the others all that is free', () => {
  const { clock, shares } = world({ flows: 10 });
  const [one, two] = [new Connector(shares[0]), new Connector(shares[0])];
  const pass = (seconds: number, isDialling = true): void => {
    for (let at = 0; at < seconds; at += 1) {
      if (isDialling) while (one.dial());
      for (const each of [one, two]) each.tell(clock.nowMs());
      clock.advance(1_000);
    }
  };
  pass(12);
  assert.equal(two.dial(), false);
  for (const close of one.open.splice(0)) close();
  pass(3, false);
  pass(12);
  assert.deepEqual([one.quota.flows, two.quota.flows], [10, 0]);
  for (const each of shares) each.stop();
});

test('a connector whose channel breaks and comes back keeps what it has open, and nobody is given it meanwhile', () => {
  const { clock, shares } = world({ flows: 10 });
  const [one, two] = [new Connector(shares[0]), new Connector(shares[0])];
  const second = (): void => {
    for (const each of [one, two]) each.tell(clock.nowMs());
    clock.advance(1_000);
  };
  for (let at = 0; at < 12; at += 1) {
    while (one.dial());
    second();
  }
  assert.equal(one.quota.flows, 10);
  one.leave();
  one.join();
  // Nothing was said since, and shares are divided again.
  clock.advance(1_000);
  assert.equal(two.dial(), false);
  // The newer channel of one whose older has not ended yet.
  const { leave } = one;
  one.join();
  leave();
  clock.advance(1_000);
  assert.equal(two.dial(), false);
  for (const close of one.open.splice(0, 4)) close();
  for (let at = 0; at < 4; at += 1) {
    while (two.dial());
    second();
  }
  assert.deepEqual([one.quota.flows, two.quota.flows], [6, 4]);
  shares[0].stop();
  shares[1].stop();
});

/** A relay's own code, with an endless sender for each organisation that sends. */
class Relay {
  readonly rates: RateShares;
  readonly sent = new Map<OrganisationId, number>();
  readonly #paused = new Set<OrganisationId>();
  readonly #node = newId('rly', systemRandom(16)) as NodeId;
  readonly #shares: NodeShares;

  constructor(shares: NodeShares, clock: VirtualClock) {
    this.rates = new RateShares(undefined, clock);
    // As the tickets of its nodes say.
    this.rates.heed({ org: ours, rate: 1_000_000, iat: 1 });
    this.#shares = shares;
    shares.join({ organisation: theirs, node: this.#node, kind: 'relay' }, (message) => {
      if (message.t === 'shares') this.rates.give(new Map(Object.entries(message.rates ?? {})));
    });
  }

  send(organisation: OrganisationId, bytes: number): void {
    if (this.#paused.has(organisation)) return;
    this.sent.set(organisation, (this.sent.get(organisation) ?? 0) + bytes);
    const source = {
      pause: () => this.#paused.add(organisation),
      resume: () => this.#paused.delete(organisation),
    };
    this.rates.of(organisation).count(bytes, source, { writableNeedDrain: false });
  }

  tell(): void {
    this.#shares.hear(this.#node, { ms: 1_000, passed: this.rates.takePassed(1_000) });
  }
}

test('two relays at two controllers pass one organisation’s rate once, all of it at one alone, and another’s as ever', () => {
  const { clock, shares, exchange, relayed } = world({ relay: 8 });
  const relays = [new Relay(shares[0], clock), new Relay(shares[1], clock)] as const;
  const run = (seconds: number, senders: readonly Relay[]): number[] => {
    for (const { sent } of relays) sent.clear();
    for (let step = 0; step < seconds * 100; step += 1) {
      clock.advance(10);
      for (const relay of senders) for (const id of [ours, theirs]) relay.send(id, 20_000);
      if (step % 100 !== 99) continue;
      for (const relay of relays) relay.tell();
      exchange();
    }
    return relays.map(({ sent }) => (sent.get(ours) ?? 0) / seconds);
  };
  exchange();
  run(4, relays);
  const both = run(20, relays);
  const together = both.reduce((sum, each) => sum + each, 0);
  assert.ok(together > 900_000 && together < 1_150_000, `${together} bytes a second`);
  for (const each of both) assert.ok(each > 400_000, `${each}`);
  for (const { sent } of relays) assert.equal(sent.get(theirs), 20 * 100 * 20_000);
  run(4, [relays[0]]);
  const [alone = 0] = run(20, [relays[0]]);
  assert.ok(alone > 900_000 && alone < 1_150_000, `${alone} alone`);
  assert.ok((relayed.get(ours) ?? 0) > 40_000_000);
  const now = shares[0].usedHere(ours).relayed;
  assert.ok(now > 800_000 && now < 1_200_000, `${now}`);
  for (const { rates } of relays) rates.close();
  for (const each of shares) each.stop();
});

test('a relay of one organisation says nothing of another’s', () => {
  const { shares, relayed } = world({ relay: 8 });
  const node = newId('rly', systemRandom(16)) as NodeId;
  shares[0].join({ organisation: ours, node, kind: 'relay' }, () => undefined);
  const passed = [ours, theirs].map((org) => ({ org, bytes: 500, waits: false }));
  shares[0].hear(node, { ms: 1_000, passed });
  assert.deepEqual([...relayed], [[ours, 500]]);
  shares[0].stop();
});

/** Counts what it is asked. */
class CountedLoads extends Loads {
  asked = 0;

  override of(...which: Parameters<Loads['of']>): ReturnType<Loads['of']> {
    this.asked += 1;
    return super.of(...which);
  }
}

test('a round divides the rate of each of many organisations once, however many relays there are', () => {
  const clock = new VirtualClock();
  const organisations = Array.from({ length: 100 }, () => newId('org', systemRandom(16)));
  const [first] = organisations;
  assert.ok(first !== undefined);
  const limits: Limits = { people: null, connectors: null, requests: null, flows: null, relay: 8 };
  const loads = new CountedLoads();
  const shares = new NodeShares({
    live: { loads },
    firstOrganisation: first,
    limitsOf: () => limits,
    all: () => organisations,
    relayed: () => undefined,
    began: () => undefined,
    clock,
  });
  for (let index = 0; index < 8; index += 1) {
    const node = newId('rly', systemRandom(16)) as NodeId;
    shares.join({ organisation: first, node, kind: 'relay' }, () => undefined);
    const passed = organisations.map((org) => ({ org, bytes: 1_000, waits: false }));
    shares.hear(node, { ms: 1_000, passed });
  }
  loads.asked = 0;
  clock.advance(1_000);
  // Its own relays, and the operator's.
  assert.equal(loads.asked, 2 * organisations.length);
  shares.stop();
});
