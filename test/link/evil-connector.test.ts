import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../protocol/clock.ts';
import { codes } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { tunnelPrologue } from '../../protocol/link/handshake-messages.ts';
import { acceptSecureChannel } from '../../protocol/link/secure-channel.ts';
import { dialSession } from '../../protocol/link/open-session.ts';
import { frameTypes as t, maxPending } from '../../protocol/mux/frames.ts';
import { frame, framesOf, u16, u32, u64 } from '../support/frames.ts';
import { memoryCarriers } from '../support/memory-carrier.ts';
import { retainedBytes } from '../support/retained-memory.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

// T4: a connector with a good key that says to its client whatever it likes. The client takes no streams.

const networkId = newId('net', systemRandom(16));
const client = newAgreementKey();
const connector = newAgreementKey();

/** A client's session and, in place of its connector, the test. */
async function session() {
  const clock = new VirtualClock();
  const { left, right, toLeft, toRight } = memoryCarriers();
  const accepting = acceptSecureChannel(right, {
    own: connector,
    prologue: tunnelPrologue(networkId),
    kem: false,
    clock,
    random: systemRandom,
    budget: new HandshakeBudget(clock),
    source: 'dev_test',
  });
  const notes: unknown[] = [];
  const dialled = await dialSession({
    networkId,
    clock,
    random: systemRandom,
    carrier: left,
    own: client,
    peer: connector.publicKey,
    grants: [],
    handle: () => ({ note: (note) => void notes.push(note) }),
  });
  const channel = await accepting;
  const heard: { type: number; stream: number; code: number }[] = [];
  let records = 0;
  channel.start({
    record: (plaintext) => {
      if (plaintext[0] !== 0) return;
      records += 1;
      if (records % 16 === 0) channel.send(Buffer.concat([Buffer.from([5]), u64(records)]));
      for (const { type, stream, payload } of framesOf(plaintext.subarray(1))) {
        heard.push({ type, stream, code: type === t.reset ? payload.readUInt16BE(0) : 0 });
      }
    },
    drain: () => {},
    closed: () => {},
  });
  await settle(3);
  const say = (...frames: Buffer[]): void => {
    channel.send(Buffer.concat([Buffer.from([0]), ...frames]));
    toLeft.sent.length = 0;
    toRight.sent.length = 0;
  };
  return { dialled, say, heard, notes };
}

const opening = (stream: number, payload = '{}') => frame(stream, t.open, Buffer.from(payload));
const resets = (heard: readonly { type: number; stream: number; code: number }[]) =>
  heard.filter(({ type }) => type === t.reset).map(({ stream, code }) => [stream, code]);

test('T4 streams that a connector opens to its client are refused one by one, and the client’s own go on', async () => {
  const { dialled, say, heard } = await session();
  const own = dialled.openStream({ r: 'res_x' });
  say(opening(2, '{"r":"res_x","h":"localhost","p":22,"k":"tcp"}'), opening(4), opening(60));
  say(frame(own.id, t.accept));
  await own.accepted();
  await settle();
  assert.deepEqual(resets(heard), [
    [2, codes.denied],
    [4, codes.denied],
    [60, codes.denied],
  ]);
  say(frame(own.id, t.data, Buffer.from('an answer')), frame(own.id, t.fin, Buffer.concat([u64(9), u64(0)])));
  assert.equal(String((await own.toArray())[0]), 'an answer');
  assert.equal(dialled.streams, 1);
});

test('T4 a hundred thousand streams that nobody asked for leave nothing in the client', async () => {
  const { dialled, say, heard } = await session();
  const own = dialled.openStream({ r: 'res_x' });
  let before = 0;
  for (let round = 0; round < 1_000; round++) {
    say(...Array.from({ length: 100 }, (_, index) => opening(2 * (100 * round + index) + 2)));
    await settle(2);
    if (round === 50) before = await retainedBytes();
    assert.ok(dialled.streams <= 1 + maxPending);
    heard.length = 0;
  }
  const grown = (await retainedBytes()) - before;
  assert.equal(dialled.streams, 1);
  assert.ok(grown < 3_000_000, `${grown} bytes more`);
  say(frame(own.id, t.accept));
  await own.accepted();
});

for (const [name, frames] of [
  ['a number twice', (own: number) => [opening(2), opening(2), frame(own, t.accept)]],
  ['an OPEN of the client’s parity', () => [opening(1)]],
  ['an OPEN of a number the client will use', () => [opening(3)]],
  ['an OPEN over 1,024 bytes', () => [opening(2, ' '.repeat(1_025))]],
  ['an OPEN that is no JSON', () => [opening(2, '{')]],
  ['ACCEPT of a stream that is not there', () => [frame(3, t.accept)]],
  ['ACCEPT twice', (own: number) => [frame(own, t.accept), frame(own, t.accept)]],
  ['16 MiB announced', (own: number) => [frame(own, t.data, Buffer.alloc(0), 0xff_ffff)]],
  [
    'more than the window',
    (own: number) => [frame(own, t.data, Buffer.alloc(65_000)), frame(own, t.data, Buffer.alloc(537))],
  ],
  ['credit past 2 GiB', (own: number) => [frame(own, t.credit, u32(0x7fff_ffff))]],
  ['an end that counts other bytes', (own: number) => [frame(own, t.fin, Buffer.concat([u64(1), u64(0)]))]],
  ['a note that is no JSON', () => [frame(0, t.note, Buffer.from('x'))]],
  ['a note over 1,024 bytes', () => [frame(0, t.note, Buffer.alloc(1_025, '1'))]],
  ['DATA before anything was opened by it', () => [frame(8, t.data, Buffer.alloc(1))]],
] as const) {
  test(`T4 a connector that sends ${name} loses the session as protocol, and the client lives`, async () => {
    const { dialled, say } = await session();
    const own = dialled.openStream({ r: 'res_x' });
    const waiting = own.accepted().catch(() => undefined);
    for (const one of frames(own.id)) say(one);
    assert.equal((await dialled.closed).code, 'protocol');
    await waiting;
    assert.ok(own.destroyed);
    assert.equal(dialled.streams, 0);
    const again = await session();
    assert.equal(again.dialled.streams, 0);
  });
}

test('T4 a RESET of an unknown code, a GOAWAY and a GRANT from a connector end no more than they say', async () => {
  const { dialled, say, notes } = await session();
  const [one, other] = [dialled.openStream({}), dialled.openStream({})];
  say(
    frame(one.id, t.reset, u16(65_535)),
    frame(0, t.grant, Buffer.from('a.b.c')),
    frame(0, t.note, Buffer.from('1')),
  );
  await settle();
  assert.ok(one.destroyed);
  assert.equal(other.destroyed, false);
  assert.deepEqual(notes, [1]);
  say(frame(0, t.goaway, Buffer.concat([u16(0), u32(0)])));
  await settle();
  assert.ok(other.destroyed);
  assert.throws(() => dialled.openStream({}));
});
