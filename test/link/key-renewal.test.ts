/** The keys of a secure channel are renewed by time and by bytes, by nobody else, and a channel whose keys are not ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAgreementKey } from '../../protocol/keys.ts';
import { Initiator } from '../../protocol/noise/handshake.ts';
import { settle } from '../support/settle.ts';
import { client, connected, message, prologue, server, type Heard } from './support/channel-pair.ts';

/** What ended it, where something did. */
const endOf = (heard: Heard) => heard.fault?.code;

test('K3 keys are renewed after 120 s without losing a record, again and again past 256 epochs', async () => {
  const { left, right, atLeft, atRight, clock, toRight, toLeft } = await connected();
  const epochs = new Set<number>();
  for (let round = 0; round < 260; round++) {
    left.send(Buffer.from(`l${round}`));
    right.send(Buffer.from(`r${round}`));
    clock.advance(120_000);
    left.send(Buffer.from('during'));
    right.send(Buffer.from('during'));
    await settle(4);
    left.send(Buffer.from('after'));
    await settle(4);
    epochs.add(toRight.sent.at(-1)![3]!);
    toRight.sent.length = 0;
    toLeft.sent.length = 0;
  }
  assert.equal(atLeft.fault, undefined);
  assert.equal(atRight.fault, undefined);
  assert.equal(epochs.size, 256);
  assert.equal(atRight.records.length, 1 + 3 * 260);
  assert.equal(atLeft.records.length, 2 * 260);
  assert.ok(left.handshakeHash.equals(right.handshakeHash));
});

test('K3 a responder that only sends, and an initiator that says nothing, still get new keys', async () => {
  const { right, clock, toLeft, atLeft } = await connected();
  clock.advance(120_000);
  await settle();
  right.send(Buffer.from('new'));
  await settle();
  assert.equal(toLeft.sent.at(-1)![3], 1);
  assert.deepEqual(atLeft.records, ['new']);
});

test('K3 a record under old keys after the switch ends the channel', async () => {
  const { left, clock, toRight, atRight } = await connected();
  toRight.sent.length = 0;
  left.send(Buffer.from('old'));
  await settle();
  const kept = toRight.sent[0]!;
  clock.advance(120_000);
  await settle();
  left.send(Buffer.from('new'));
  await settle();
  assert.deepEqual(atRight.records.slice(-2), ['old', 'new']);
  toRight.inject(kept);
  await settle();
  assert.equal(atRight.fault?.code, 'protocol');
});

test('K3 the carrier dies at 180 s when the rekey does not come through', async () => {
  const { clock, toRight, atLeft, atRight } = await connected();
  toRight.hold();
  clock.advance(179_999);
  await settle();
  assert.equal(endOf(atLeft), undefined);
  clock.advance(1);
  assert.equal(endOf(atLeft), 'protocol');
  await settle();
  assert.equal(endOf(atRight), 'protocol');
});

test('K3 keys are renewed by bytes too, in whichever direction they went', async () => {
  for (const sender of ['left', 'right'] as const) {
    const channel = await connected({ keyBytes: 100_000 });
    const direction = sender === 'left' ? channel.toRight : channel.toLeft;
    for (let index = 0; index < 30; index++) {
      channel[sender].send(Buffer.alloc(10_000));
      await settle(4);
    }
    assert.ok(direction.sent.at(-1)![3]! >= 2, sender);
    assert.equal(channel.atLeft.fault ?? channel.atRight.fault, undefined);
  }
});

test('K3 at twice the bytes without new keys the carrier dies', async () => {
  const { right, atRight, atLeft, toLeft, toRight } = await connected({ keyBytes: 100_000 });
  // The initiator's INIT never arrives.
  toRight.hold();
  for (let index = 0; index < 25; index++) {
    right.send(Buffer.alloc(10_000));
    await settle(4);
  }
  assert.ok(toLeft.sent.length < 25);
  assert.equal(atRight.fault?.code ?? atLeft.fault?.code, 'protocol');
});

/** Whether a rekey was answered. */
const hasAnswered = (sent: readonly Buffer[]) => sent.some((bytes) => bytes[2] === 2 && bytes[3] === 1);

test('K9 a rekey much too soon ends the channel: it would only cost the responder', async () => {
  const { toRight, toLeft, atRight } = await connected();
  const initiator = new Initiator({
    own: client,
    ephemeral: newAgreementKey(),
    prologue,
    peer: server.publicKey,
  });
  toRight.inject(message(1, 1, initiator.writeFirst(Buffer.from([0]))!));
  await settle();
  assert.equal(atRight.fault?.code, 'protocol');
  assert.equal(hasAnswered(toLeft.sent), false);
});

test('T1 a rekey by another node key ends the channel', async () => {
  const { clock, toRight, toLeft, atRight, left } = await connected();
  const thief = newAgreementKey();
  const initiator = new Initiator({
    own: thief,
    ephemeral: newAgreementKey(),
    prologue,
    peer: server.publicKey,
  });
  toRight.change = (bytes) =>
    bytes[2] === 1 ? message(1, 1, initiator.writeFirst(Buffer.from([0]))!) : bytes;
  clock.advance(120_000);
  await settle();
  left.send(Buffer.from('x'));
  await settle();
  assert.equal(atRight.fault?.code, 'protocol');
  assert.equal(hasAnswered(toLeft.sent), false);
});
