import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '../../protocol/errors.ts';
import { frameTypes as t, maxPending, maxStreams } from '../../protocol/mux/frames.ts';
import { frame, framesOf, u16, u32, u64 } from '../support/frames.ts';
import { muxSide, type MuxSide } from '../support/mux-pair.ts';
import { retainedBytes } from '../support/retained-memory.ts';
import { settle } from '../support/settle.ts';

const empty = Buffer.alloc(0);
const open = (id: number, payload: Uint8Array = empty) => frame(id, t.open, payload);

/** An acceptor whose peer is the test. */
function acceptor(level: 'hop' | 'inner' = 'inner'): MuxSide {
  return muxSide('acceptor', { level });
}

const data = (id: number, bytes: number) => frame(id, t.data, Buffer.alloc(bytes));
const fin = (id: number, sent: number, received: number) =>
  frame(id, t.fin, Buffer.concat([u64(sent), u64(received)]));
/** A window's worth of DATA. */
const fullWindow = (id: number) => Buffer.concat([data(id, 65_000), data(id, 536)]);
const opened = (id: number, ...frames: Buffer[]) => Buffer.concat([open(id), ...frames]);

/**
 * What a peer must not send, from its OPEN of stream `a` on; `b` and `c` are its next numbers, `ours` is one of ours that
 * we have not opened.
 */
const violations: [string, (peer: { a: number; b: number; c: number; ours: number }) => Buffer][] = [
  ['a header cut short', () => Buffer.alloc(7)],
  ['a header cut short after a good frame', ({ a }) => opened(a, Buffer.alloc(3))],
  ['SEC-D6 16 MiB announced', ({ a }) => frame(a, t.open, empty, 0xff_ffff)],
  ['SEC-D6 16 MiB announced on a stream', ({ a }) => opened(a, frame(a, t.data, empty, 0xff_ffff))],
  ['SEC-D6 16 MiB announced on stream 0', () => frame(0, t.grant, empty, 0xff_ffff)],
  ['SEC-D6 a length one past the record', ({ a }) => opened(a, frame(a, t.data, Buffer.alloc(9), 10))],
  ['an OPEN of our own parity', ({ ours }) => open(ours)],
  ['an OPEN on stream 0', () => open(0)],
  ['SEC-A13 a number used twice', ({ a }) => opened(a, open(a))],
  ['SEC-A13 a number used again after its end', ({ a }) => opened(a, frame(a, t.reset, u16(1)), open(a))],
  ['a number lower than one before', ({ b, c }) => opened(c, open(b))],
  ['an OPEN over 1,024 bytes', ({ a }) => open(a, Buffer.alloc(1_025))],
  ['DATA for a stream never opened', ({ a }) => data(a, 1)],
  ['DATA for a stream of ours that is not there', ({ ours }) => data(ours, 1)],
  ['DATA of nothing', ({ a }) => opened(a, data(a, 0))],
  ['DATA over 65,000 bytes', ({ a }) => opened(a, data(a, 65_001))],
  ['a window overrun by one byte', ({ a }) => opened(a, fullWindow(a), data(a, 1))],
  ['DATA after FIN', ({ a }) => opened(a, fin(a, 0, 0), data(a, 1))],
  ['a second FIN', ({ a }) => opened(a, fin(a, 0, 0), fin(a, 0, 0))],
  ['a FIN that counts more bytes', ({ a }) => opened(a, fin(a, 7, 0))],
  ['a FIN that counts fewer bytes', ({ a }) => opened(a, data(a, 8), fin(a, 7, 0))],
  ['a FIN that counts past 2^53', ({ a }) => opened(a, frame(a, t.fin, Buffer.alloc(16, 0xff)))],
  ['a FIN that received what was never sent', ({ a }) => opened(a, fin(a, 0, 1))],
  ['a FIN of the hop', ({ a }) => opened(a, frame(a, t.fin))],
  ['a FIN one byte too long', ({ a }) => opened(a, frame(a, t.fin, Buffer.alloc(17)))],
  ['an ACCEPT of its own stream', ({ a }) => opened(a, frame(a, t.accept))],
  ['an ACCEPT of a stream never opened', ({ ours }) => frame(ours, t.accept)],
  ['an ACCEPT with a payload', ({ a }) => opened(a, frame(a, t.accept, u16(0)))],
  ['a CREDIT of nothing', ({ a }) => opened(a, frame(a, t.credit, u32(0)))],
  ['a CREDIT past 2 GiB', ({ a }) => opened(a, frame(a, t.credit, u32(0x7fff_ffff)))],
  ['a CREDIT of a wrong length', ({ a }) => opened(a, frame(a, t.credit, u16(1)))],
  ['a CREDIT for a stream never opened', ({ ours }) => frame(ours, t.credit, u32(1))],
  ['a RESET of a wrong length', ({ a }) => opened(a, frame(a, t.reset, u32(1)))],
  ['a RESET of a stream never opened', ({ c }) => frame(c, t.reset, u16(1))],
  ['a PING of a wrong length', () => frame(0, t.ping, Buffer.alloc(7))],
  ['a PONG of a wrong length', () => frame(0, t.pong, Buffer.alloc(9))],
  ['a PING on a stream', ({ a }) => opened(a, frame(a, t.ping, Buffer.alloc(8)))],
  ['a GOAWAY of a wrong length', () => frame(0, t.goaway, Buffer.alloc(5))],
  ['a GOAWAY on a stream', ({ a }) => opened(a, frame(a, t.goaway, Buffer.alloc(6)))],
  ['DATA on stream 0', () => data(0, 1)],
  ['a FIN on stream 0', () => fin(0, 0, 0)],
  ['an unknown type', ({ a }) => opened(a, frame(a, 12))],
  ['an unknown type on stream 0', () => frame(0, 255)],
  ['a GRANT on a stream', ({ a }) => opened(a, frame(a, t.grant, empty))],
  ['a GRANT over 16 KiB', () => frame(0, t.grant, Buffer.alloc(16_385))],
  ['a NOTE over 1,024 bytes', () => frame(0, t.note, Buffer.alloc(1_025))],
  ['a datagram over 65,000 bytes', ({ a }) => opened(a, frame(a, t.datagram, Buffer.alloc(65_001)))],
];

for (const [side, numbers] of [
  ['acceptor', { a: 1, b: 3, c: 5, ours: 2 }],
  ['dialler', { a: 2, b: 4, c: 6, ours: 1 }],
] as const) {
  for (const [name, record] of violations) {
    test(`T4 ${side}: ${name} ends the session with protocol`, async () => {
      const { mux, incoming } = muxSide(side, { level: 'inner' });
      const fault = mux.receive(record(numbers));
      assert.equal(fault?.code, 'protocol');
      // Whoever carries the mux ends it with that fault; nothing of the peer's is taken or kept from then on.
      mux.end(fault);
      await settle();
      assert.equal(mux.streams, 0);
      assert.equal(mux.receive(open(numbers.c + 2)), undefined);
      assert.ok(incoming.every(({ stream }) => stream.destroyed && stream.id < numbers.c + 2));
    });
  }
}

for (const type of [t.datagram, t.grant, t.note]) {
  test(`frame type ${type} is refused on the hop`, () => {
    const stream = type === t.datagram ? 1 : 0;
    const record = Buffer.concat([open(1), frame(stream, type, Buffer.alloc(4))]);
    assert.equal(acceptor('hop').mux.receive(record)?.code, 'protocol');
  });
}

test('what a stream that ended still had on its way is ignored, up to the rest of its window', async () => {
  const { mux, incoming } = acceptor();
  assert.equal(mux.receive(Buffer.concat([open(1), data(1, 65_000)])), undefined);
  incoming[0]?.stream.reset('denied');
  await settle();
  assert.equal(mux.streams, 0);
  assert.equal(
    mux.receive(Buffer.concat([frame(1, t.credit, u32(9)), frame(1, t.reset, u16(1))])),
    undefined,
  );
  assert.equal(mux.receive(data(1, 536)), undefined);
  assert.equal(mux.receive(data(1, 1))?.code, 'protocol');
});

test('the 257th stream waiting for an answer is refused as busy, and earlier ones stay', async () => {
  const { mux, sink, incoming } = acceptor();
  const opens = Array.from({ length: maxPending + 1 }, (_, index) => open(2 * index + 1));
  assert.equal(mux.receive(Buffer.concat(opens)), undefined);
  await settle();
  assert.equal(incoming.length, maxPending);
  const resets = sink.records.flatMap(framesOf).filter((sent) => sent.type === t.reset);
  assert.deepEqual(
    resets.map((sent) => [sent.stream, sent.payload.readUInt16BE(0)]),
    [[2 * maxPending + 1, codes.busy]],
  );
});

test('the 2,049th stream is refused as limit', async () => {
  const { mux, sink, incoming } = acceptor();
  for (let index = 0; index <= maxStreams; index++) {
    assert.equal(mux.receive(open(2 * index + 1)), undefined);
    incoming.at(-1)?.stream.accept();
  }
  await settle();
  const resets = sink.records.flatMap(framesOf).filter((sent) => sent.type === t.reset);
  assert.deepEqual(
    resets.map((sent) => sent.payload.readUInt16BE(0)),
    [codes.limit],
  );
  assert.equal(mux.streams, maxStreams);
});

test('SEC-D3 a flood of streams opened and cancelled ends the session, and none of them stays', async () => {
  const { mux } = acceptor();
  let fault;
  let opened = 0;
  while (fault === undefined && opened < 100_000) {
    const id = 2 * opened++ + 1;
    fault = mux.receive(Buffer.concat([open(id), frame(id, t.reset, u16(codes.cancelled))]));
  }
  assert.equal(fault?.code, 'limit');
  assert.ok(opened < 2_000, `${opened} streams`);
  await settle();
  assert.equal(mux.streams, 0);
});

test('SEC-D3 a peer that pings and never reads the answers is not read any more', async () => {
  const { mux, sink } = acceptor();
  sink.hold();
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(0, t.ping, Buffer.alloc(8))));
  let records = 0;
  while (!sink.isPaused && records < 1_000) {
    mux.receive(pings);
    records++;
    await settle(1);
  }
  assert.ok(records < 20, `${records} records of pings were answered into memory`);
  sink.release();
  await settle();
  assert.equal(sink.isPaused, false);
});

test('T4 bytes in frames of one do not cost a stream that nobody reads more than a few times their size', async () => {
  const { mux, incoming } = acceptor();
  mux.receive(open(1));
  const record = Buffer.concat(Array.from({ length: 7_000 }, () => data(1, 1)));
  const before = await retainedBytes();
  for (let index = 0; index < 9; index++) assert.equal(mux.receive(Buffer.from(record)), undefined);
  const grown = (await retainedBytes()) - before;
  assert.equal(incoming[0]?.stream.bytesReceived, 63_000);
  assert.ok(grown < 1_000_000, `${grown} bytes more`);
});

test('T4 a small payload in a large record does not hold the record', async () => {
  const { mux, incoming } = acceptor();
  const before = await retainedBytes();
  for (let index = 0; index < 20; index++) {
    const id = 2 * index + 1;
    mux.receive(open(id));
    for (let part = 0; part < 31; part++) {
      const record = Buffer.allocUnsafeSlow(65_000);
      Buffer.concat([data(id, 2_100), frame(id, t.datagram, Buffer.alloc(62_884))]).copy(record);
      assert.equal(mux.receive(record), undefined);
    }
  }
  const grown = (await retainedBytes()) - before;
  assert.ok(incoming.every(({ stream }) => stream.bytesReceived === 65_100));
  assert.ok(grown < 3_000_000, `${grown} bytes held for ${20 * 65_100}`);
});

test('T4 a small payload that was handed to its reader does not hold the record either', async () => {
  const { mux, incoming } = acceptor();
  const before = await retainedBytes();
  for (let index = 0; index < 200; index++) {
    const id = 2 * index + 1;
    mux.receive(open(id));
    // It wants to read, and what comes is its own from then on, taken or not.
    incoming[index]?.stream.read(0);
    const record = Buffer.allocUnsafeSlow(65_000);
    Buffer.concat([data(id, 500), frame(id, t.datagram, Buffer.alloc(64_484))]).copy(record);
    assert.equal(mux.receive(record), undefined);
  }
  const grown = (await retainedBytes()) - before;
  assert.ok(incoming.every(({ stream }) => stream.readableLength === 500));
  assert.ok(grown < 3_000_000, `${grown} bytes held for ${200 * 500}`);
});

test('SEC-D2 random bytes never throw', () => {
  let seed = 7;
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
  for (let round = 0; round < 3_000; round++) {
    const { mux } = acceptor(round % 2 === 0 ? 'inner' : 'hop');
    const parts = [open(1)];
    for (let count = random() % 6; count > 0; count--) {
      parts.push(frame(random() % 4, random() % 14, Buffer.alloc(random() % 20, random())));
    }
    mux.receive(Buffer.concat(parts));
  }
});
