import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newAgreementKey, newSigningKey, sign, verify } from '../../protocol/keys.ts';
import {
  acceptControlChannel,
  maxControlMessageBytes,
  openControlChannel,
  type ControlChannel,
} from '../../protocol/link/control-channel.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { controlPrologue } from '../../protocol/link/handshake-messages.ts';
import { openSecureChannel } from '../../protocol/link/secure-channel.ts';
import { memoryCarriers, type MemoryPair } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const node = newAgreementKey();
const controller = newAgreementKey();

function accept(pair: MemoryPair, clock: VirtualClock): Promise<ControlChannel> {
  return acceptControlChannel(pair.right, {
    own: controller,
    clock,
    random: systemRandom,
    budget: new HandshakeBudget(clock),
    source: '192.0.2.1',
  });
}

async function channels(hello: object = { t: 'hello' }) {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const accepted = accept(pair, clock);
  const left = await openControlChannel(pair.left, {
    own: node,
    peer: controller.publicKey,
    clock,
    random: systemRandom,
  });
  left.send(hello);
  const right = await accepted;
  return { ...pair, clock, left, right, atLeft: listen(left), atRight: listen(right) };
}

function listen(channel: ControlChannel) {
  const heard = { messages: [] as Record<string, unknown>[], fault: undefined as Fault | undefined };
  channel.start({
    message: (message) => heard.messages.push(message),
    closed: (fault) => {
      heard.fault = fault;
    },
  });
  return heard;
}

test('messages pass both ways, in order, whatever their size and whatever pieces they arrive in', async () => {
  const { left, right, atLeft, atRight, toRight, toLeft } = await channels();
  toRight.chunk = 1_000;
  toLeft.chunk = 777;
  const sizes = [0, 1, 5_000, 40_000, 300_000, maxControlMessageBytes - 100];
  for (const size of sizes) {
    left.send({ t: 'up', filler: 'u'.repeat(size) });
    right.send({ t: 'down', filler: 'd'.repeat(size) });
  }
  await settle(2_000);
  assert.deepEqual(
    atRight.messages.map(({ t, filler }) => [t, (filler as string | undefined)?.length]),
    [['hello', undefined], ...sizes.map((size) => ['up', size])],
  );
  assert.deepEqual(
    atLeft.messages.map(({ filler }) => (filler as string).length),
    sizes,
  );
});

test('a first message larger than an unproven node may send arrives too', async () => {
  const { atRight } = await channels({ t: 'enrol', secret: 's'.repeat(9_000) });
  await settle();
  assert.deepEqual(atRight.messages, [{ t: 'enrol', secret: 's'.repeat(9_000) }]);
});

test('K7 what a node signs covers this channel and no other', async () => {
  const machine = newSigningKey();
  const one = await channels();
  const other = await channels();
  const proof = sign(machine, 'control', [one.left.handshakeHash]);
  assert.ok(one.right.peerKey.equals(node.publicKey));
  assert.equal(verify(machine.publicKey, 'control', [one.right.handshakeHash], proof), true);
  assert.equal(verify(machine.publicKey, 'control', [other.right.handshakeHash], proof), false);
});

test('closing delivers what was sent before; the other side learns of the end', async () => {
  const { left, right, atLeft, atRight } = await channels();
  right.send({ t: 'fault', code: 'fenced' });
  right.close('fenced');
  await settle();
  assert.deepEqual(atLeft.messages, [{ t: 'fault', code: 'fenced' }]);
  assert.equal(atLeft.fault?.code, 'cancelled');
  assert.equal(atRight.fault?.code, 'fenced');
  left.send({ t: 'into nothing' });
});

test('a message over 4 MiB is refused before it is sent', async () => {
  const { left, atRight } = await channels();
  assert.throws(
    () => left.send({ filler: 'x'.repeat(maxControlMessageBytes) }),
    (error) => error instanceof Fault && error.code === 'limit',
  );
  left.send({ t: 'after' });
  await settle();
  assert.equal(atRight.messages.at(-1)?.['t'], 'after');
});

test('a node that does not read is cut off with limit instead of filling memory', async () => {
  const { right, toLeft, atRight } = await channels();
  toLeft.hold();
  for (let index = 0; index < 200 && atRight.fault === undefined; index++) {
    right.send({ filler: 'x'.repeat(200_000) });
    await settle(1);
  }
  assert.equal(atRight.fault?.code, 'limit');
});

for (const [name, bytes] of [
  ['SEC-D6 a length of 2 GiB', Buffer.from([0x80, 0, 0, 0])],
  ['a length one over 4 MiB', Buffer.from([0, 0x40, 0, 1])],
  ['no JSON', Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from('{')])],
  ['an array', Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('[]')])],
  ['null', Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from('null')])],
  ['nothing', Buffer.alloc(4)],
] as const) {
  test(`T3 ${name} ends the control channel with protocol`, async () => {
    const clock = new VirtualClock();
    const pair = memoryCarriers();
    const accepted = accept(pair, clock);
    const raw = await openSecureChannel(pair.left, {
      own: node,
      peer: controller.publicKey,
      prologue: controlPrologue,
      kem: true,
      clock,
      random: systemRandom,
    });
    raw.send(bytes);
    const heard = listen(await accepted);
    await settle();
    assert.equal(heard.fault?.code, 'protocol');
  });
}

test('K7 a tunnel prologue does not open a control channel', async () => {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  const accepted = accept(pair, clock);
  const raw = openSecureChannel(pair.left, {
    own: node,
    peer: controller.publicKey,
    prologue: Buffer.from('postern/1 tunnel\0net_x'),
    kem: true,
    clock,
    random: systemRandom,
  });
  raw.catch(() => {});
  await assert.rejects(accepted, (error) => error instanceof Fault && error.code === 'protocol');
});
