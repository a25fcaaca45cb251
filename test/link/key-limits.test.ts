/** K3: the real limits of one pair of keys, with what was sealed before counted in instead of sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import type { Fault } from '../../protocol/errors.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import {
  acceptSecureChannel,
  openSecureChannel,
  type SecureChannel,
} from '../../protocol/link/secure-channel.ts';
import { memoryCarriers, type Direction } from '../support/memory-carrier.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const client = newAgreementKey();
const server = newAgreementKey();
const prologue = Buffer.from('postern/1 tunnel\0net_test');

class Side {
  readonly channel: SecureChannel;
  readonly heard: number[] = [];
  fault: Fault | undefined;
  #next = 0;

  constructor(channel: SecureChannel) {
    this.channel = channel;
    channel.start({
      // The first record only proves the keys.
      record: (plaintext) => void (plaintext.length > 1 && this.heard.push(plaintext.readUInt32BE(0))),
      drain: () => undefined,
      closed: (fault) => (this.fault = fault),
    });
  }

  /** A record of `bytes`, numbered. */
  send(bytes = 10_000): void {
    const record = Buffer.alloc(bytes);
    record.writeUInt32BE(this.#next++);
    this.channel.send(record);
  }

  get sent(): number {
    return this.#next;
  }
}

/** Two sides whose first keys have sealed `usedBytes` already; `isDeaf`: what asks for new keys never arrives. */
async function connected(usedBytes: number, isDeaf = false) {
  const clock = new VirtualClock();
  const pair = memoryCarriers();
  if (isDeaf) pair.toRight.change = (bytes) => (bytes[2] === 1 && bytes[3] === 1 ? undefined : bytes);
  const common = { clock, random: systemRandom, prologue, kem: false, usedBytes };
  const accepting = acceptSecureChannel(pair.right, {
    ...{ ...common, own: server, source: 'dev_test' },
    budget: new HandshakeBudget(clock),
  });
  const opened = await openSecureChannel(pair.left, { ...common, own: client, peer: server.publicKey });
  opened.send(Buffer.from([1]));
  const [left, right] = [new Side(opened), new Side(await accepting)];
  await settle(6);
  return { ...pair, clock, left, right };
}

const epochOf = (direction: Direction): number | undefined => direction.sent.at(-1)?.[3];

/** Everything that each side sent is what the other heard, in order. */
function isWhole({ left, right }: { left: Side; right: Side }): void {
  assert.deepEqual(
    right.heard,
    Array.from({ length: left.sent }, (_, index) => index),
  );
  assert.deepEqual(
    left.heard,
    Array.from({ length: right.sent }, (_, index) => index),
  );
  assert.deepEqual([left.fault, right.fault], [undefined, undefined]);
}

for (const sender of ['left', 'right'] as const) {
  test(`K3 at 2^32 bytes ${sender === 'left' ? 'up' : 'down'} keys are renewed, not before, and no record is lost`, async () => {
    const channel = await connected(2 ** 32 - 50_000);
    const direction = sender === 'left' ? channel.toRight : channel.toLeft;
    for (let index = 0; index < 4; index++) channel[sender].send();
    await settle(6);
    assert.equal(epochOf(direction), 0);
    for (let index = 0; index < 4; index++) {
      channel[sender].send();
      await settle(6);
    }
    assert.equal(epochOf(direction), 1);
    for (const side of [channel.left, channel.right]) side.send();
    await settle(6);
    isWhole(channel);
  });
}

test('K3 at 2^33 bytes without new keys the carrier dies, not before', async () => {
  const channel = await connected(2 ** 33 - 50_000, true);
  for (let index = 0; index < 4; index++) channel.right.send();
  await settle(6);
  assert.equal(channel.right.fault, undefined);
  channel.right.send();
  assert.match(String(channel.right.fault), /keys that were not renewed/);
  const { length } = channel.toLeft.sent;
  channel.right.send();
  assert.equal(channel.toLeft.sent.length, length, 'nothing is sealed under them any more');
});

test('K3 while new keys are being agreed on, nothing waits: records pass both ways under the old ones', async () => {
  for (const held of ['toRight', 'toLeft'] as const) {
    const channel = await connected(2 ** 32 - 5_000);
    const { left, right } = channel;
    // The answer to what asks for new keys, or that itself, is under way for long.
    let isAway = true;
    const away: Buffer[] = [];
    channel[held].change = (bytes) => {
      if (!isAway || (bytes[2] === 3 && away.length === 0)) return bytes;
      away.push(Buffer.from(bytes));
      return undefined;
    };
    left.send();
    await settle(6);
    assert.equal(away.length, 1);
    const other = held === 'toRight' ? right : left;
    const heardBefore = (held === 'toRight' ? left : right).heard.length;
    for (let index = 0; index < 50; index++) other.send();
    await settle(6);
    assert.equal((held === 'toRight' ? left : right).heard.length, heardBefore + 50);
    isAway = false;
    channel[held].inject(Buffer.concat(away));
    await settle(6);
    for (const side of [left, right]) side.send();
    await settle(6);
    assert.equal(epochOf(channel.toRight), 1);
    assert.equal(epochOf(channel.toLeft), 1);
    isWhole(channel);
  }
});
