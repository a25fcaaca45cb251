import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { mac1 } from '../../protocol/link/handshake-messages.ts';
import {
  acceptSecureChannel,
  openSecureChannel,
  type SecureChannel,
} from '../../protocol/link/secure-channel.ts';
import { Responder } from '../../protocol/noise/handshake.ts';
import { memoryCarriers, type Direction } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

// Everything that a relay, or anybody else on the path, could do to the bytes of a secure channel, one byte at a time.

const client = newAgreementKey();
const server = newAgreementKey();
const prologue = Buffer.from('postern/1 tunnel\0net_test');
const headerBytes = 4;
const mac1Bytes = 16;

/** One side as its owner sees it. */
class Side {
  readonly records: string[] = [];
  /** `opening`, `up`, or the code it ended with. */
  state = 'opening';
  channel: SecureChannel | undefined;

  constructor(opening: Promise<SecureChannel>, first?: string) {
    opening.then(
      (channel) => {
        this.state = 'up';
        this.channel = channel;
        channel.start({
          record: (plaintext) => this.records.push(plaintext.toString()),
          drain: () => {},
          closed: (fault) => (this.state = fault.code),
        });
        if (first !== undefined) channel.send(Buffer.from(first));
      },
      (error: unknown) => (this.state = error instanceof Fault ? error.code : String(error)),
    );
  }
}

function channels(kem: boolean) {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const common = { clock, random: systemRandom, prologue, kem };
  const budget = new HandshakeBudget(clock);
  const right = new Side(
    acceptSecureChannel(pair.right, { ...common, own: server, budget, source: 'dev_test' }),
  );
  const left = new Side(
    openSecureChannel(pair.left, { ...common, own: client, peer: server.publicKey }),
    'first',
  );
  return { ...pair, clock, left, right };
}

type Change = (message: Buffer) => Buffer;

/** Changes the next message of `direction` and leaves the rest alone. */
function once(direction: Direction, change: Change): void {
  direction.change = (bytes) => {
    direction.change = (rest) => rest;
    return change(bytes);
  };
}

const flip =
  (index: number): Change =>
  (message) => {
    const changed = Buffer.from(message);
    changed[index]! ^= 1 << (index % 8);
    return changed;
  };

/** The message cut to a body of `length`, its header saying so. */
const cutTo =
  (length: number): Change =>
  (message) => {
    const changed = Buffer.from(message.subarray(0, headerBytes + length));
    changed.writeUInt16BE(length + 2);
    return changed;
  };

/** The change, and then a mac1 that fits: the work of somebody who knows the responder's key. */
const withMac1 =
  (change: Change): Change =>
  (message) => {
    const changed = change(message);
    const end = changed.length - mac1Bytes;
    mac1(server.publicKey, changed.subarray(headerBytes, end)).copy(changed, end);
    return changed;
  };

/** What no header can announce more than. */
const mostBytes = 70_000;

/**
 * The code with which the side that saw the change ended, at once; only a changed length may leave it waiting for more.
 * Whatever was sent is then sent again, the genuine message included: none of it may be accepted.
 */
async function outcome(
  seenBy: Side,
  direction: Direction,
  genuine: readonly Buffer[],
  heard: readonly string[],
  mayWait: boolean,
): Promise<string> {
  await settle(4);
  const { state } = seenBy;
  for (let injected = 0; injected < mostBytes && seenBy.state === state;) {
    for (const bytes of genuine) {
      direction.inject(Buffer.from(bytes));
      injected += bytes.length;
    }
    await settle(2);
    if (state !== 'up' && state !== 'opening') break;
  }
  assert.deepEqual(seenBy.records, heard);
  return mayWait ? seenBy.state : state;
}

/** A genuine INIT with KEM, as it passes a relay. */
async function recordedInit(): Promise<Buffer> {
  const made = channels(true);
  made.toRight.hold();
  await settle(2);
  return made.toRight.sent[0]!;
}

/** The first bytes of a message are its length. */
const isLength = (index: number): boolean => index < 2;

/** How a responder ends that gets this in place of `genuine`. */
async function initOutcome(genuine: Buffer, change: Change, mayWait = false): Promise<string> {
  const clock = new VirtualClock();
  const { right, toRight } = memoryCarriers();
  const budget = new HandshakeBudget(clock);
  const common = { own: server, prologue, kem: true, clock, random: systemRandom };
  const side = new Side(acceptSecureChannel(right, { ...common, budget, source: 'dev_test' }));
  toRight.inject(change(genuine));
  return outcome(side, toRight, [genuine], [], mayWait);
}

/** How an initiator ends whose answer is changed. */
async function respOutcome(change: Change, mayWait = false): Promise<string> {
  const made = channels(true);
  once(made.toLeft, change);
  await settle(4);
  return outcome(made.left, made.toLeft, made.toLeft.sent, [], mayWait);
}

test('T1 K1 a flip at every byte of INIT, with a mac1 that fits or not, is protocol, and nothing is accepted afterwards', async () => {
  const init = await recordedInit();
  assert.equal(init.length, headerBytes + 96 + 1_185 + mac1Bytes);
  for (let index = 0; index < init.length; index++) {
    assert.equal(await initOutcome(init, flip(index), isLength(index)), 'protocol', `byte ${index}`);
    if (index >= init.length - mac1Bytes) continue;
    assert.equal(
      await initOutcome(init, withMac1(flip(index)), isLength(index)),
      'protocol',
      `byte ${index}, with mac1`,
    );
  }
});

test('T1 INIT cut at every length, with a mac1 that fits, is protocol', async () => {
  const init = await recordedInit();
  for (let length = 0; length < init.length - headerBytes; length++) {
    const change = length < mac1Bytes ? cutTo(length) : withMac1(cutTo(length));
    assert.equal(await initOutcome(init, change), 'protocol', `${length} bytes`);
  }
});

test('T1 K1 a flip at every byte of RESP is protocol, and no wrong channel comes up', async () => {
  for (let index = 0; index < headerBytes + 1_089 + 48 + 21; index++) {
    assert.equal(await respOutcome(flip(index), isLength(index)), 'protocol', `byte ${index}`);
  }
});

test('T1 RESP cut at every length is protocol', async () => {
  for (let length = 0; length < 1_089 + 48 + 21; length++) {
    assert.equal(await respOutcome(cutTo(length)), 'protocol', `${length} bytes`);
  }
});

/** A channel that is up without KEM, whose initiator has said `first`. */
async function connected() {
  const made = channels(false);
  await settle(8);
  assert.deepEqual([made.left.state, made.right.state, made.right.records], ['up', 'up', ['first']]);
  return made;
}

test('T1 K5 a flip at every byte of DATA, and DATA cut at every length, end the channel with what came before it', async () => {
  const content = 'forty bytes of what somebody has to say.';
  const body = content.length + 16;
  const changes: [string, Change, boolean?][] = [
    ...Array.from({ length: headerBytes + body }, (_, index): [string, Change, boolean] => [
      `flip ${index}`,
      flip(index),
      isLength(index),
    ]),
    ...Array.from({ length: body }, (_, length): [string, Change] => [`cut to ${length}`, cutTo(length)]),
  ];
  for (const [name, change, mayWait] of changes) {
    const made = await connected();
    once(made.toRight, change);
    made.left.channel?.send(Buffer.from(content));
    const code = await outcome(made.right, made.toRight, made.toRight.sent, ['first'], mayWait ?? false);
    assert.equal(code, 'protocol', name);
  }
});

for (const [name, messageBytes, toward] of [
  ['INIT', 96 + 1, 'right'],
  ['RESP', 1 + 48 + 21, 'left'],
] as const) {
  test(`T1 K3 a flip at every byte of a rekey's ${name}, and it cut at every length, end the channel`, async () => {
    const changes: [string, Change, boolean?][] = [
      ...Array.from({ length: headerBytes + messageBytes }, (_, index): [string, Change, boolean] => [
        `flip ${index}`,
        flip(index),
        isLength(index),
      ]),
      ...Array.from({ length: messageBytes }, (_, length): [string, Change] => [
        `cut to ${length}`,
        cutTo(length),
      ]),
    ];
    for (const [what, change, mayWait] of changes) {
      const made = await connected();
      const direction = toward === 'right' ? made.toRight : made.toLeft;
      once(direction, change);
      made.clock.advance(120_000);
      await settle(4);
      made.left.channel?.send(Buffer.from('after'));
      made.right.channel?.send(Buffer.from('after'));
      const heard = toward === 'right' ? ['first'] : [];
      const code = await outcome(made[toward], direction, direction.sent, heard, mayWait ?? false);
      assert.equal(code, 'protocol', what);
    }
  });
}

test('T1 K3 the first record under new keys opens in its own epoch and no other', async () => {
  for (let bit = 0; bit < 8; bit++) {
    const made = await connected();
    made.clock.advance(120_000);
    made.toRight.change = (bytes) => {
      if (bytes[2] !== 3 || bytes[3] !== 1) return bytes;
      const changed = Buffer.from(bytes);
      changed[3]! ^= 1 << bit;
      return changed;
    };
    await settle(6);
    assert.equal(made.right.state, 'protocol', `bit ${bit}`);
    // It did not come to new keys of its own either.
    assert.ok(made.toLeft.sent.every((bytes) => bytes[2] !== 3 || bytes[3] === 0));
  }
});

test('K10 a responder of another version is refused, whatever else of its message is right', async () => {
  for (const version of [0, 2, 255]) {
    const { left, right, toRight, toLeft } = memoryCarriers();
    const clock = new VirtualClock();
    const side = new Side(
      openSecureChannel(left, {
        own: client,
        peer: server.publicKey,
        prologue,
        kem: false,
        clock,
        random: systemRandom,
      }),
    );
    right.start({ data: () => {}, drain: () => {}, closed: () => {} });
    await settle(2);
    const responder = new Responder({ own: server, ephemeral: newAgreementKey(), prologue });
    const init = toRight.sent[0]!.subarray(headerBytes, -mac1Bytes);
    assert.ok(responder.readFirst(init));
    const welcome = Buffer.concat([Buffer.from([version]), Buffer.alloc(16), Buffer.from([0, 0, 8, 0])]);
    const body = Buffer.concat([Buffer.from([0]), responder.writeSecond(welcome, Buffer.alloc(32))!.message]);
    const head = Buffer.from([0, 0, 2, 0]);
    head.writeUInt16BE(body.length + 2);
    toLeft.inject(Buffer.concat([head, body]));
    await settle(4);
    assert.equal(side.state, 'protocol', `version ${version}`);
  }
});

test('K7 a prologue of another version, use or network fails at message 1', async () => {
  for (const other of [
    'postern/2 tunnel\0net_test',
    'postern/1 control\0',
    'postern/1 tunnel\0net_tesu',
    '',
  ]) {
    const clock = new VirtualClock();
    const pair = memoryCarriers();
    const common = { clock, random: systemRandom, kem: false };
    const right = new Side(
      acceptSecureChannel(pair.right, {
        ...common,
        own: server,
        prologue: Buffer.from(other),
        budget: new HandshakeBudget(clock),
        source: 'dev_test',
      }),
    );
    const left = new Side(
      openSecureChannel(pair.left, { ...common, own: client, peer: server.publicKey, prologue }),
    );
    await settle(6);
    assert.deepEqual([left.state, right.state], ['protocol', 'protocol'], other);
    assert.equal(pair.toLeft.sent.length, 0, 'nothing was answered');
  }
});
