import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes } from '../../protocol/errors.ts';
import { frameTypes as t, maxPending, maxStreams } from '../../protocol/mux/frames.ts';
import { frame, framesOf, u16, u32, u64 } from '../support/frames.ts';
import { muxSide, type MuxSide } from '../support/mux-pair.ts';
import { settle } from '../support/settle.ts';

const empty = Buffer.alloc(0);
const open = (id: number, payload: Uint8Array = empty) => frame(id, t.open, payload);

/** An acceptor whose peer is the test. */
function acceptor(level: 'hop' | 'inner' = 'inner'): MuxSide {
  return muxSide('acceptor', { level });
}

const data = (id: number, bytes: number) => frame(id, t.data, Buffer.alloc(bytes));
/** A window's worth of DATA for stream 1. */
const fullWindow = Buffer.concat([data(1, 65_000), data(1, 536)]);

const violations: [string, Buffer][] = [
  ['a header cut short', Buffer.alloc(7)],
  ['SEC-D6 16 MiB announced', frame(1, t.open, empty, 0xff_ffff)],
  ['SEC-D6 a length one past the record', Buffer.concat([open(1), frame(1, t.data, Buffer.alloc(9), 10)])],
  ['an OPEN of our own parity', open(2)],
  ['an OPEN on stream 0', open(0)],
  ['SEC-A13 a number used twice', Buffer.concat([open(1), open(1)])],
  ['a number lower than one before', Buffer.concat([open(5), open(3)])],
  ['an OPEN over 1,024 bytes', open(1, Buffer.alloc(1_025))],
  ['DATA for a stream never opened', data(1, 1)],
  ['DATA for a stream of ours that is not there', data(2, 1)],
  ['DATA of nothing', Buffer.concat([open(1), data(1, 0)])],
  ['DATA over 65,000 bytes', Buffer.concat([open(1), data(1, 65_001)])],
  ['a window overrun by one byte', Buffer.concat([open(1), fullWindow, data(1, 1)])],
  ['DATA after FIN', Buffer.concat([open(1), frame(1, t.fin, Buffer.concat([u64(0), u64(0)])), data(1, 1)])],
  [
    'a second FIN',
    Buffer.concat([open(1), ...[1, 2].map(() => frame(1, t.fin, Buffer.concat([u64(0), u64(0)])))]),
  ],
  [
    'a FIN that counts other bytes',
    Buffer.concat([open(1), frame(1, t.fin, Buffer.concat([u64(7), u64(0)]))]),
  ],
  [
    'a FIN that received what was never sent',
    Buffer.concat([open(1), frame(1, t.fin, Buffer.concat([u64(0), u64(1)]))]),
  ],
  ['a FIN of the hop', Buffer.concat([open(1), frame(1, t.fin)])],
  ['an ACCEPT of its own stream', Buffer.concat([open(1), frame(1, t.accept)])],
  ['an ACCEPT with a payload', Buffer.concat([open(1), frame(1, t.accept, u16(0))])],
  ['a CREDIT of nothing', Buffer.concat([open(1), frame(1, t.credit, u32(0))])],
  ['a CREDIT past 2 GiB', Buffer.concat([open(1), frame(1, t.credit, u32(0x7fff_ffff))])],
  ['a CREDIT of a wrong length', Buffer.concat([open(1), frame(1, t.credit, u16(1))])],
  ['a RESET of a wrong length', Buffer.concat([open(1), frame(1, t.reset, u32(1))])],
  ['a PING of a wrong length', frame(0, t.ping, Buffer.alloc(7))],
  ['a PING on a stream', Buffer.concat([open(1), frame(1, t.ping, Buffer.alloc(8))])],
  ['a GOAWAY of a wrong length', frame(0, t.goaway, Buffer.alloc(5))],
  ['an unknown type', Buffer.concat([open(1), frame(1, 12)])],
  ['an unknown type on stream 0', frame(0, 255)],
  ['a GRANT on a stream', Buffer.concat([open(1), frame(1, t.grant, empty)])],
  ['a GRANT over 16 KiB', frame(0, t.grant, Buffer.alloc(16_385))],
  ['a NOTE over 1,024 bytes', frame(0, t.note, Buffer.alloc(1_025))],
];

for (const [name, record] of violations) {
  test(`T4 ${name} ends the session with protocol`, () => {
    assert.equal(acceptor().mux.receive(record)?.code, 'protocol');
  });
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

test('T4 bytes in frames of one do not cost a stream that nobody reads more than a few times their size', () => {
  const { mux, incoming } = acceptor();
  mux.receive(open(1));
  const record = Buffer.concat(Array.from({ length: 7_000 }, () => data(1, 1)));
  const before = process.memoryUsage();
  for (let index = 0; index < 9; index++) assert.equal(mux.receive(Buffer.from(record)), undefined);
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  assert.equal(incoming[0]?.stream.bytesReceived, 63_000);
  assert.ok(grown < 8_000_000, `${grown} bytes more`);
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
