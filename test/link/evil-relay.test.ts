import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSession, dialSession, SessionTable, type Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { memoryCarriers, type Direction, type MemoryPair } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

// T1: a relay that does to a circuit whatever it can, message by message, over a session that carries a request up and
// its answer down. Whatever it does: nobody hears a wrong byte, an end that was cut is no end in order, and the carrier
// dies or the handshake fails. Over an honest circuit the session then goes on, and its flow is whole.

const networkId = newId('net', systemRandom(16));
const client = newAgreementKey();
const connector = newAgreementKey();
const request = [1, 2, 3].map((part) => Buffer.alloc(1_000, `request ${part} `));
const answer = [1, 2, 3].map((part) => Buffer.alloc(1_500, `answer ${part} `));

/** What one end of the stream heard, and whether it was told that this was all. */
interface Heard {
  bytes: Buffer;
  hasEnded: boolean;
}

function listen(stream: MuxStream, heard: Heard, ended: () => void = () => {}): void {
  stream.on('data', (bytes: Buffer) => (heard.bytes = Buffer.concat([heard.bytes, bytes])));
  stream.on('end', () => {
    heard.hasEnded = true;
    ended();
  });
}

const nothing = (): Heard => ({ bytes: Buffer.alloc(0), hasEnded: false });

/** A session through a relay that the test plays, and its flow. */
class Circuit {
  readonly clock = new VirtualClock();
  readonly pair: MemoryPair = memoryCarriers();
  readonly up = nothing();
  readonly down = nothing();
  /** How each side lost the circuit: in its handshake or later. */
  readonly ended: { client?: CodeName; connector?: CodeName } = {};
  session: Session | undefined;
  readonly #accepting;

  constructor(connectorKey = connector) {
    const common = { networkId, clock: this.clock, random: systemRandom, kem: false };
    this.#accepting = {
      ...common,
      own: connectorKey,
      budget: new HandshakeBudget(this.clock),
      source: 'dev_test',
      sessions: new SessionTable(),
      handle: () => ({
        stream: (stream: MuxStream) => this.#answer(stream),
        lost: ({ code }: Fault) => void (this.ended.connector = code),
      }),
    };
    this.#follow('connector', acceptSession({ ...this.#accepting, carrier: this.pair.right }));
    const dialled = dialSession({
      ...common,
      carrier: this.pair.left,
      own: client,
      peer: connector.publicKey,
      grants: ['a.grant'],
      handle: () => ({ lost: ({ code }) => void (this.ended.client = code) }),
    });
    this.#follow('client', dialled);
    // A session may have ended by the time it is handed over, and opens no stream then.
    dialled
      .then((session) => this.#request(session))
      .catch((error: unknown) => assert.ok(error instanceof Fault));
  }

  /** Lets the flow run, then time pass until a silent path would be noticed. */
  async run(): Promise<void> {
    await settle(40);
    for (let step = 0; step < 40 && !(this.ended.client && this.ended.connector); step++) {
      this.clock.advance(1_000);
      await settle(3);
    }
  }

  /** Over a relay that passes everything on. */
  async resume(): Promise<void> {
    const { left, right } = memoryCarriers();
    const accepted = acceptSession({ ...this.#accepting, carrier: right }).catch(() => undefined);
    await this.session?.resume(left);
    await accepted;
    await settle(40);
  }

  #request(session: Session): void {
    this.session = session;
    const stream = session.openStream({});
    listen(stream, this.down);
    for (const part of request) stream.write(part);
    stream.end();
  }

  #answer(stream: MuxStream): void {
    stream.accept();
    listen(stream, this.up, () => {
      for (const part of answer) stream.write(part);
      stream.end();
    });
  }

  /** Records why it never began. */
  #follow(side: 'client' | 'connector', opening: Promise<Session>): void {
    opening.catch((error: unknown) => (this.ended[side] = error instanceof Fault ? error.code : 'internal'));
  }
}

/** The one rule: what was heard is the beginning of what was said, and all of it where an end was told. */
function nothingWrong({ up, down }: Circuit, what: string): void {
  for (const [heard, said] of [
    [up, Buffer.concat(request)],
    [down, Buffer.concat(answer)],
  ] as const) {
    assert.ok(said.subarray(0, heard.bytes.length).equals(heard.bytes), `${what}: a wrong byte`);
    if (heard.hasEnded) assert.equal(heard.bytes.length, said.length, `${what}: cut, and told as the end`);
  }
}

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
        const codes: (CodeName | undefined)[] = ['protocol', 'connector-lost', 'timeout', 'cancelled'];
        assert.ok(codes.includes(circuit.ended.client), `message ${index}: client ${circuit.ended.client}`);
        // Without a session at the connector there is nothing to continue: the handshake was what was attacked.
        if (circuit.session !== undefined && (await isContinued(circuit))) {
          continued++;
          nothingWrong(circuit, `message ${index}, continued`);
          assert.deepEqual([circuit.up.hasEnded, circuit.down.hasEnded], [true, true], `message ${index}`);
        }
        circuit.session?.close();
        await settle(10);
        circuit.clock.advance(60_000);
        assert.ok(circuit.clock.pending === 0, `message ${index}: a timer stays`);
      }
      assert.ok(tried >= 5 && continued >= tried - 4, `${tried} messages, ${continued} continued`);
    });
  }
}

async function isContinued(circuit: Circuit): Promise<boolean> {
  try {
    await circuit.resume();
    return true;
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'connector-lost', String(error));
    return false;
  }
}

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
