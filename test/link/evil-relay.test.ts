import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { bytesEachWay, Circuit, flipByte, judge, nothingWrong, type Way } from '../support/evil-circuit.ts';
import type { Direction, MemoryPair } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';

// T1: a relay that does to a circuit whatever it can, message by message and byte by byte. Every byte of a whole session is
// `npm run soak -- evil-bytes`; here it is every 83rd, from another one on in each run.

const attacks: Record<string, (direction: Direction, index: number, pair: MemoryPair) => () => boolean> = {
  'a flipped bit': (direction, index) =>
    at(direction, index, (bytes) => {
      const changed = Buffer.from(bytes);
      // Behind the two bytes of the length: a changed length is another attack.
      changed[2 + ((index * 7_919) % (changed.length - 2))]! ^= 1 << (index % 8);
      return changed;
    }),
  'a changed length': (direction, index) =>
    at(direction, index, (bytes) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt16BE(changed.readUInt16BE(0) ^ (1 << (index % 12)));
      return changed;
    }),
  'a message dropped': (direction, index) => at(direction, index, () => undefined),
  'a message doubled': (direction, index) => at(direction, index, (bytes) => Buffer.concat([bytes, bytes])),
  'two messages swapped': (direction, index) => {
    let first: Buffer | undefined;
    const isDone = at(direction, index, (bytes) => {
      first = Buffer.from(bytes);
      return undefined;
    });
    at(direction, index + 1, (bytes) => Buffer.concat([bytes, first ?? Buffer.alloc(0)]));
    return isDone;
  },
  'an old message again': (direction, index) =>
    at(direction, index, (bytes) => Buffer.concat([bytes, direction.sent[Math.max(0, index - 2)]!])),
  'a message sent back': (direction, index, pair) =>
    at(direction, index, (bytes) => {
      (direction === pair.toRight ? pair.toLeft : pair.toRight).inject(Buffer.from(bytes));
      return bytes;
    }),
  'a message cut in half': (direction, index) =>
    at(direction, index, (bytes) => bytes.subarray(0, bytes.length >> 1)),
  'the circuit ended in order': (direction, index, pair) =>
    at(direction, index, () => {
      direction.end(undefined);
      (direction === pair.toRight ? pair.toLeft : pair.toRight).end(undefined);
      return undefined;
    }),
  'the circuit cut': (direction, index, pair) =>
    at(direction, index, () => {
      pair.cut(new Fault('cancelled'));
      return undefined;
    }),
};

/** Does this to message `index` of a direction; answers whether there was one. */
function at(
  direction: Direction,
  index: number,
  change: (bytes: Buffer) => Buffer | undefined,
): () => boolean {
  let count = 0;
  let isDone = false;
  const before = direction.change;
  direction.change = (bytes) => {
    if (count++ !== index) return before(bytes);
    isDone = true;
    return change(bytes);
  };
  return () => isDone;
}

test('T1 a relay that passes everything on brings the whole request and the whole answer', async () => {
  const circuit = new Circuit();
  await settle(40);
  assert.deepEqual([circuit.up.hasEnded, circuit.down.hasEnded], [true, true]);
  nothingWrong(circuit, 'undisturbed');
  assert.deepEqual(circuit.ended, {});
});

for (const [name, attack] of Object.entries(attacks)) {
  for (const way of ['up', 'down'] as const) {
    test(`T1 ${name}, at every message on its way ${way}: no wrong byte, no false end, the carrier is lost, and the flow goes on over another`, async () => {
      let tried = 0;
      let continued = 0;
      for (let index = 0; index < 60; index++) {
        const circuit = new Circuit();
        const direction = way === 'up' ? circuit.pair.toRight : circuit.pair.toLeft;
        const isDone = attack(direction, index, circuit.pair);
        await circuit.run();
        nothingWrong(circuit, `message ${index}`);
        if (!isDone()) break;
        tried++;
        if (await judge(circuit, `message ${index}`)) continued++;
      }
      assert.ok(tried >= 5 && continued >= tried - 4, `${tried} messages, ${continued} continued`);
    });
  }
}

test('T1 a flipped bit anywhere in a session, on its way up or down: no wrong byte, and the flow goes on over another', async () => {
  const total = await bytesEachWay();
  let continued = 0;
  let tried = 0;
  for (const way of ['up', 'down'] as const satisfies readonly Way[]) {
    for (let place = Math.floor(Math.random() * 83); place < total[way] - 83; place += 83) {
      tried++;
      if (await flipByte(way, place)) continued++;
    }
  }
  assert.ok(tried > 50 && continued > tried / 2, `${tried} bytes, ${continued} continued`);
});

test('T1 K7 a circuit joined to another connector fails before the client has said anything under it', async () => {
  const circuit = new Circuit(newAgreementKey());
  await circuit.run();
  assert.deepEqual([circuit.ended.client, circuit.ended.connector], ['protocol', 'protocol']);
  assert.equal(circuit.pair.toRight.sent.length, 1);
  assert.equal(circuit.up.bytes.length, 0);
});

test('T1 K8 two circuits of the same device and connector, their messages exchanged, both die', async () => {
  for (const from of [0, 1, 2, 4]) {
    const [one, other] = [new Circuit(), new Circuit()];
    for (const [a, b] of [
      [one.pair.toRight, other.pair.toRight],
      [one.pair.toLeft, other.pair.toLeft],
    ] as const) {
      for (const [into, of] of [
        [a, b],
        [b, a],
      ] as const) {
        let count = 0;
        into.change = (bytes) => (count++ < from ? bytes : (of.sent[count - 1] ?? Buffer.alloc(0)));
      }
    }
    await one.run();
    await other.run();
    for (const circuit of [one, other]) {
      nothingWrong(circuit, `exchanged from ${from}`);
      assert.notEqual(circuit.ended.client, undefined, `exchanged from ${from}`);
    }
  }
});

test('T1 K5 messages of before a rekey, played again after it, end the carrier', async () => {
  for (let index = 0; index < 4; index++) {
    const circuit = new Circuit();
    await settle(40);
    const { toRight } = circuit.pair;
    const old = Buffer.from(toRight.sent.at(-1 - index)!);
    for (let step = 0; step < 125; step++) {
      circuit.clock.advance(1_000);
      await settle(2);
    }
    assert.equal(toRight.sent.at(-1)?.[3], 1, 'the epoch has changed');
    assert.deepEqual(circuit.ended, {});
    toRight.inject(old);
    await settle(4);
    assert.equal(circuit.ended.connector, 'protocol');
  }
});
