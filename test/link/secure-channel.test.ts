/** The secure channel: who comes up with whom, what a replay achieves, and what ends it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey, type AgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { mac1 } from '../../protocol/link/handshake-messages.ts';
import { acceptSecureChannel, maxPlaintextBytes } from '../../protocol/link/secure-channel.ts';
import { Initiator } from '../../protocol/noise/handshake.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { begin, client, connected, message, prologue, server, start } from './support/channel-pair.ts';

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};

/** A promise that has settled by now, or 'pending'. */
const now = (promise: Promise<unknown>) => Promise.race([codeOf(promise), settle().then(() => 'pending')]);

for (const [offers, takes, used, sizes] of [
  [true, true, true, [4 + 96 + 1_185 + 16, 4 + 1_089 + 48 + 21]],
  [true, false, false, [4 + 96 + 1_185 + 16, 4 + 1 + 48 + 21]],
  [false, true, false, [4 + 96 + 1 + 16, 4 + 1 + 48 + 21]],
] as const) {
  test(`a channel comes up with ML-KEM ${offers ? '' : 'not '}offered and ${takes ? '' : 'not '}taken, and both know`, async () => {
    const { left, right, atRight, atLeft, toRight, toLeft } = await connected({ offers, takes });
    assert.deepEqual([left.kem, right.kem], [used, used]);
    assert.deepEqual([toRight.sent[0]?.length, toLeft.sent[0]?.length], sizes);
    assert.ok(left.handshakeHash.equals(right.handshakeHash));
    assert.ok(left.sessionId.equals(right.sessionId));
    assert.ok(left.resumeSecret.equals(right.resumeSecret));
    assert.ok(right.peerKey.equals(client.publicKey));
    assert.equal(left.maxStreams, 2_048);
    right.send(Buffer.from('answer'));
    left.send(Buffer.alloc(maxPlaintextBytes, 'x'));
    await settle();
    assert.deepEqual(atLeft.records, ['answer']);
    assert.equal(atRight.records[0], 'first');
    assert.equal(atRight.records[1]?.length, maxPlaintextBytes);
  });
}

test('a channel works over a carrier that delivers one byte at a time', async () => {
  const started = begin();
  started.toLeft.chunk = 1;
  started.toRight.chunk = 1;
  const left = await started.opened;
  left.send(Buffer.from('slowly'));
  const heard = start(await started.accepted);
  await settle();
  assert.deepEqual(heard.records, ['slowly']);
});

test('K9 SEC-D8 a wrong mac1 is dropped without one Diffie-Hellman, and a flood of them too', async () => {
  let uses = 0;
  const counted: AgreementKey = {
    publicKey: server.publicKey,
    get privateKey() {
      uses++;
      return server.privateKey;
    },
  };
  const clock = new VirtualClock();
  const budget = new HandshakeBudget(clock);
  for (let index = 0; index < 200; index++) {
    const { toRight, accepted } = begin({ responder: counted, budget, clock });
    toRight.change = (bytes) => {
      const changed = Buffer.from(bytes);
      changed[changed.length - 1]! ^= 1;
      return changed;
    };
    assert.equal(await codeOf(accepted), 'protocol');
  }
  assert.equal(uses, 0);
  await connected({ responder: counted, budget, clock });
  assert.ok(uses > 0);
});

test('K9 beyond the budget of a source the answer is busy, without a Diffie-Hellman, and the budget comes back', async () => {
  const clock = new VirtualClock();
  const budget = new HandshakeBudget(clock);
  let taken = 0;
  while (budget.take('dev_test')) taken++;
  assert.ok(taken >= 20 && taken <= 200, `${taken}`);
  const refused = begin({ clock, budget });
  assert.equal(await codeOf(refused.opened), 'busy');
  assert.equal(await codeOf(refused.accepted), 'busy');
  assert.equal(budget.take('dev_other'), true);
  clock.advance(1_000);
  await connected({ clock, budget });
});

test('SEC-D8 all sources together have a budget too, and a million sources do not take memory', () => {
  const budget = new HandshakeBudget(new VirtualClock());
  let granted = 0;
  for (let index = 0; index < 20_000; index++) if (budget.take(`dev_${index}`)) granted++;
  assert.ok(granted <= 600, `${granted} handshakes at one instant`);
});

/** A responder to which nobody speaks but the test. */
function responder() {
  const clock = new VirtualClock();
  const { right, toRight } = memoryCarriers();
  const accepted = acceptSecureChannel(right, {
    own: server,
    prologue,
    kem: true,
    clock,
    random: systemRandom,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
  });
  return { accepted, toRight, clock };
}

test('K5 K7 a replayed INIT achieves nothing: the responder stays unproven and gives up after 5 s', async () => {
  const first = await connected();
  const { accepted, toRight, clock } = responder();
  for (const recorded of first.toRight.sent.slice(0, 1)) toRight.inject(recorded);
  assert.equal(await now(accepted), 'pending');
  clock.advance(5_000);
  assert.equal(await now(accepted), 'timeout');
});

test('K5 a whole recorded conversation, replayed, does not open: the responder has other keys', async () => {
  const first = await connected();
  const { accepted, toRight } = responder();
  for (const recorded of first.toRight.sent) toRight.inject(recorded);
  assert.equal(await now(accepted), 'protocol');
});

test('an initiator that hears nothing gives up after 5 s, and so does a responder', async () => {
  const { toRight, opened, accepted, clock } = begin();
  toRight.hold();
  await settle();
  clock.advance(4_999);
  assert.equal(await now(opened), 'pending');
  clock.advance(1);
  assert.equal(await now(opened), 'timeout');
  assert.equal(await now(accepted), 'timeout');
  assert.equal(clock.pending, 0);
});

test('SEC-D6 an unproven initiator cannot make the responder keep more than 4 KiB', async () => {
  for (const body of [4_097, 65_533]) {
    const { right, toRight, accepted } = begin();
    const header = message(1, 0, Buffer.alloc(body)).subarray(0, 4);
    toRight.change = () => header;
    assert.equal(await codeOf(accepted), 'protocol');
    right.close();
  }
});

test('T1 a changed byte anywhere in the handshake ends it on both sides, and no wrong channel comes up', async () => {
  for (const direction of ['toRight', 'toLeft'] as const) {
    const length = (await connected({ offers: false }))[direction].sent[0]!.length;
    for (let index = 0; index < length; index++) {
      const started = begin({ offers: false });
      started[direction].change = (bytes) => {
        started[direction].change = (rest) => rest;
        const changed = Buffer.from(bytes);
        changed[index]! ^= 0x80;
        return changed;
      };
      const ended = await now(direction === 'toRight' ? started.accepted : started.opened);
      // A changed length may leave the receiver waiting for bytes that never come.
      assert.ok(ended === 'protocol' || (index < 2 && ended === 'pending'), `${direction} ${index} ${ended}`);
      started.left.close();
      started.right.close();
    }
  }
});

test('K10 stripping or changing the KEM in RESP makes message 2 unreadable', async () => {
  for (const change of [
    (resp: Buffer) => message(2, 0, Buffer.concat([Buffer.from([0]), resp.subarray(4 + 1 + 1_088)])),
    (resp: Buffer) => {
      const changed = Buffer.from(resp);
      changed[500]! ^= 1;
      return changed;
    },
  ]) {
    const { toLeft, opened } = begin();
    toLeft.change = change;
    assert.equal(await codeOf(opened), 'protocol');
  }
});

test('a malformed ML-KEM key and unknown flags are refused', async () => {
  for (const payload of [
    Buffer.concat([Buffer.from([1]), Buffer.alloc(1_184, 0xff)]),
    Buffer.concat([Buffer.from([1]), Buffer.alloc(1_183)]),
    Buffer.from([2]),
    Buffer.from([0, 0]),
    Buffer.alloc(0),
  ]) {
    const { toRight, toLeft, accepted } = begin();
    const initiator = new Initiator({
      own: client,
      ephemeral: newAgreementKey(),
      prologue,
      peer: server.publicKey,
    });
    const first = initiator.writeFirst(payload)!;
    toRight.change = () => message(1, 0, Buffer.concat([first, mac1(server.publicKey, first)]));
    assert.equal(await codeOf(accepted), 'protocol', payload.subarray(0, 2).toString('hex'));
    assert.equal(toLeft.sent.length, 0, 'nothing was answered');
  }
});

test('K7 another network, another responder or a stolen place fails before anything is sent under it', async () => {
  assert.equal(
    await codeOf(begin({ theirs: Buffer.from('postern/1 tunnel\0net_other') }).accepted),
    'protocol',
  );
  assert.equal(await codeOf(begin({ responder: newAgreementKey() }).accepted), 'protocol');
});

test('T1 K5 a record that is changed, dropped, doubled, swapped or from another session ends the channel', async () => {
  const other = await connected();
  other.left.send(Buffer.from('elsewhere'));
  await settle();
  const attacks: [string, (record: Buffer) => Buffer | undefined][] = [
    [
      'changed',
      (record) =>
        Buffer.concat([record.subarray(0, 10), Buffer.from([record[10]! ^ 1]), record.subarray(11)]),
    ],
    ['dropped', () => undefined],
    ['doubled', (record) => Buffer.concat([record, record])],
    ['spliced', () => other.toRight.sent.at(-1)],
    [
      'of another epoch',
      (record) => Buffer.concat([record.subarray(0, 3), Buffer.from([1]), record.subarray(4)]),
    ],
    [
      'of another type',
      (record) => Buffer.concat([record.subarray(0, 2), Buffer.from([4]), record.subarray(3)]),
    ],
    ['shorter than a tag', () => message(3, 0, Buffer.alloc(15))],
    ['with a length of nothing', () => Buffer.from([0, 1, 3, 0])],
  ];
  for (const [name, attack] of attacks) {
    const { left, toRight, atRight } = await connected();
    toRight.change = (record) => {
      toRight.change = (rest) => rest;
      return attack(record);
    };
    left.send(Buffer.from('one'));
    left.send(Buffer.from('two'));
    await settle();
    assert.equal(atRight.fault?.code, 'protocol', name);
    assert.ok(['first', 'first,one'].includes(atRight.records.join()), `${name}: ${atRight.records.join()}`);
  }
});

test('a handshake message after the handshake ends the channel', async () => {
  for (const type of [1, 2]) {
    const { toRight, atRight } = await connected();
    toRight.inject(message(type, 0, Buffer.alloc(100)));
    await settle();
    assert.equal(atRight.fault?.code, 'protocol');
  }
});

test('records that arrive before anyone started wait, with the carrier, and none is lost', async () => {
  const started = begin();
  const left = await started.opened;
  for (let index = 0; index < 200; index++) left.send(Buffer.from(`${index}`));
  const right = await started.accepted;
  await settle();
  const heard = start(right);
  await settle();
  assert.deepEqual(
    heard.records,
    Array.from({ length: 200 }, (_, index) => `${index}`),
  );
});

test('the end of the carrier is the end of the channel, on both sides and only once', async () => {
  const { left, atLeft, atRight, clock, ...pair } = await connected();
  pair.cut(new Fault('unreachable'));
  assert.equal(atLeft.fault?.code, 'unreachable');
  assert.equal(atRight.fault?.code, 'unreachable');
  assert.equal(left.send(Buffer.from('nobody hears')), true);
  assert.equal(clock.pending, 0);
});
