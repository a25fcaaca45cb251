import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId, type OrganisationId } from '../../protocol/ids.ts';
import { attachToRelay, type Attachment } from '../../protocol/link/attachment.ts';
import { Circuits, type HoldsBytes } from '../../relay/circuits.ts';
import { RateShares } from '../../relay/rate-shares.ts';
import { CircuitEnd } from '../support/circuit-end.ts';
import { lab, labClient, labConnector, RelayLab } from '../support/relay-lab.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const other = newId('org', systemRandom(16));
let place: RelayLab;
const open: Attachment[] = [];

beforeEach(() => {
  place = new RelayLab();
});
afterEach(async () => {
  for (const attachment of open.splice(0)) attachment.close();
  await place.stop();
});

/** A client and its connector in an organisation: how the client opens circuits, and those that the connector took. */
async function join(org: OrganisationId): Promise<{ call: () => CircuitEnd; taken: CircuitEnd[] }> {
  const [client, connector] = [labClient(), labConnector()];
  const taken: CircuitEnd[] = [];
  const called = await attachToRelay({
    ...(await place.attachOptions(connector, { org })),
    onCircuit: (carrier, from) => void taken.push(new CircuitEnd(carrier, from)),
  });
  const caller = await attachToRelay(await place.attachOptions(client, { org }));
  open.push(called, caller);
  return { call: () => new CircuitEnd(caller.openCircuit(connector.id)), taken };
}

test('REL-10 an organisation that fills the memory of a relay loses its own circuits, and no other loses any', async () => {
  place.memoryBytes = 2 * 1_048_576;
  await place.start();
  const greedy = await join(lab.org);
  const modest = await join(other);
  const stalled = Array.from({ length: 12 }, () => greedy.call());
  const slow = modest.call();
  await until(() => greedy.taken.length === 12 && modest.taken.length === 1);
  for (const end of [...stalled, slow]) end.carrier.pause();
  await modest.taken[0]?.fill(8, 500);
  await Promise.all(greedy.taken.map((end) => end.fill(32, 500)));
  await until(() => greedy.taken.some((end) => end.fault?.code === 'limit'));
  assert.equal(modest.taken[0]?.fault, undefined);
  assert.ok(greedy.taken.some((end) => end.fault === undefined));
});

test('an organisation with too many nodes is told that the relay is busy; another still gets its part, and those there stay', async () => {
  place.mostNodes = 6;
  await place.start();
  const attach = async (org: OrganisationId, node = labClient()): Promise<Attachment> => {
    const attachment = await attachToRelay(await place.attachOptions(node, { org }));
    open.push(attachment);
    return attachment;
  };
  const busy = (error: unknown): boolean => error instanceof Fault && error.code === 'busy';
  const returning = labClient();
  await attach(lab.org, returning);
  const greedy = await Promise.all(Array.from({ length: 5 }, () => attach(lab.org)));
  await assert.rejects(attach(lab.org), busy);
  // Above the limit, each of the two has three to itself.
  for (let count = 0; count < 3; count += 1) await attach(other);
  await assert.rejects(attach(other), busy);
  await assert.rejects(attach(lab.org), busy);
  // Who is there may come again, and a place that is given back is free.
  await attach(lab.org, returning);
  for (const attachment of greedy) attachment.close();
  await until(() => place.relay.attached === 4);
  await attach(other);
  await attach(lab.org);
});

test('an organisation with too many circuits is refused as if nobody were there; another still gets its part', async () => {
  // Room for 64 circuits.
  place.memoryBytes = 1_048_576;
  await place.start();
  const greedy = await join(lab.org);
  const calls = Array.from({ length: 70 }, () => greedy.call());
  await until(() => calls.filter((end) => end.fault !== undefined).length === 6);
  const refused = calls.find((end) => end.fault !== undefined);
  assert.equal(refused?.fault?.code, 'no-peer');
  assert.equal(greedy.taken.length, 64);
  const modest = await join(other);
  modest.call();
  await until(() => modest.taken.length === 1);
});

test('of what is held too much, the organisation that holds most pays first, fullest circuit first', () => {
  const cut: string[] = [];
  const circuit = (name: string, heldBytes: number): HoldsBytes => ({ heldBytes, cut: () => cut.push(name) });
  const circuits = new Circuits(1_000);
  const many = Array.from({ length: 10 }, (_, index) => circuit(`many-${index}`, 60 + index));
  for (const one of many) circuits.add(one, lab.org);
  const big = circuit('big', 500);
  circuits.add(big, other);
  circuits.weigh();
  assert.deepEqual(cut, ['many-9', 'many-8', 'many-7'], 'together 645, which is more than 500');
  assert.equal(circuits.size, 11, 'those that are cut say so themselves');
  circuits.delete(big, other);
  circuits.delete(big, other);
  assert.equal(circuits.size, 10);
});

/** A source that counts what it is told. */
class Tap {
  isPaused = false;
  passed = 0;
  readonly writableNeedDrain = false;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

test('a rate is shared evenly among the organisations that use it, and whole for one alone', () => {
  const clock = new VirtualClock();
  const rates = new RateShares(1_000_000, clock);
  const [one, two] = [new Tap(), new Tap()];
  const run = (seconds: number, greeds: readonly [Tap, OrganisationId, number][]): void => {
    for (const [tap] of greeds) tap.passed = 0;
    for (let step = 0; step < seconds * 100; step++) {
      clock.advance(10);
      for (const [tap, organisation, bytes] of greeds) {
        if (tap.isPaused) continue;
        tap.passed += bytes;
        rates.of(organisation).count(bytes, tap, tap);
      }
    }
  };
  run(10, [[one, lab.org, 50_000]]);
  assert.ok(one.passed > 9_000_000 && one.passed < 11_000_000, `${one.passed} alone`);
  run(10, [
    [one, lab.org, 50_000],
    [two, other, 50_000],
  ]);
  for (const { passed } of [one, two]) assert.ok(passed > 4_500_000 && passed < 5_700_000, `${passed}`);
  clock.advance(5_000);
  assert.equal(clock.pending, 0, 'nothing ticks while nothing passes');
});

test('an organisation with a bound of its own passes no more, and leaves the rest of the relay’s rate to the others', () => {
  const clock = new VirtualClock();
  const run = (rates: RateShares): [number, number] => {
    const [bounded, free] = [new Tap(), new Tap()];
    for (let step = 0; step < 1_000; step++) {
      clock.advance(10);
      for (const [tap, organisation] of [[bounded, lab.org] as const, [free, other] as const]) {
        if (tap.isPaused) continue;
        tap.passed += 50_000;
        rates.of(organisation).count(50_000, tap, tap);
      }
    }
    return [bounded.passed, free.passed];
  };
  const shared = new RateShares(1_000_000, clock);
  shared.heed({ org: lab.org, rate: 200_000, iat: 1 });
  const [bounded, free] = run(shared);
  assert.ok(bounded > 1_800_000 && bounded < 2_300_000, `${bounded}`);
  assert.ok(free > 7_000_000 && free < 8_700_000, `${free}`);
  // Where the relay has no rate, the other passes all that it has.
  const unbounded = new RateShares(undefined, clock);
  unbounded.heed({ org: lab.org, rate: 200_000, iat: 1 });
  const [still, all] = run(unbounded);
  assert.ok(still > 1_800_000 && still < 2_300_000, `${still}`);
  assert.equal(all, 50_000_000);
  // An older ticket, and a higher one of the same second, change nothing; a newer one does.
  for (const [rate, iat] of [
    [undefined, 0],
    [9_000_000, 1],
  ] as const)
    unbounded.heed({ org: lab.org, ...(rate === undefined ? {} : { rate }), iat });
  assert.ok(run(unbounded)[0] < 2_300_000);
  unbounded.heed({ org: lab.org, iat: 2 });
  assert.equal(run(unbounded)[0], 50_000_000);
  clock.advance(5_000);
  assert.equal(clock.pending, 0);
});

test('what a newer ticket of any node says holds for circuits of its organisation that are open, and for no other’s', async () => {
  await place.start();
  const [bounded, free] = [await join(lab.org), await join(other)];
  const [slow, fast] = [bounded.call(), free.call()];
  await until(() => bounded.taken.length === 1 && free.taken.length === 1);
  const iat = Math.floor(Date.now() / 1_000) + 1;
  open.push(await attachToRelay(await place.attachOptions(labClient(), { rate: 100_000, iat })));
  for (const end of [slow, fast]) end.write(Buffer.alloc(4_000_000));
  await until(() => free.taken[0]?.received.length === 4_000_000);
  const passed = bounded.taken[0]?.received.length ?? 0;
  assert.ok(passed < 2_000_000, `${passed}`);
});

test('what passes a relay with a rate takes the time it should, and all of it arrives', async () => {
  place.bytesPerSecond = 2_000_000;
  await place.start();
  const { call, taken } = await join(lab.org);
  const caller = call();
  await until(() => taken.length === 1);
  const since = performance.now();
  caller.write(Buffer.alloc(1_000_000, 'numbered'));
  await until(() => taken[0]?.received.length === 1_000_000);
  assert.ok(performance.now() - since > 300, 'half a second, less what may pass at once');
});
