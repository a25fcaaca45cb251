import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, Fault } from '../../protocol/errors.ts';
import { frameTypes as t, maxPending, maxStreams } from '../../protocol/mux/frames.ts';
import { frame, framesOf, u16, u32, u64 } from '../support/frames.ts';
import { muxPair, muxSide } from '../support/mux-pair.ts';
import { retainedBytes } from '../support/retained-memory.ts';
import { settle } from '../support/settle.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MiB = 1_024 * 1_024;
const empty = Buffer.alloc(0);
const open = (id: number) => frame(id, t.open, empty);
const data = (id: number, bytes: number) => frame(id, t.data, Buffer.alloc(bytes));
const cancel = (id: number) => frame(id, t.reset, u16(codes.cancelled));

/** An acceptor whose peer is the test. Nothing it sends is kept. */
function acceptor(level: 'hop' | 'inner' = 'inner') {
  const clock = new VirtualClock();
  const own = muxSide('acceptor', { level }, clock);
  const sent = { resets: 0, credits: 0 };
  own.sink.deliver = (record) => {
    for (const { type } of framesOf(record)) {
      if (type === t.reset) sent.resets++;
      if (type === t.credit) sent.credits++;
    }
    own.sink.records.length = 0;
  };
  return { ...own, clock, sent };
}

const levels = ['inner', 'hop'] as const;

for (const level of levels) {
  test(`SEC-D3 ${level}: 100,000 streams opened and cancelled no faster than allowed leave nothing behind`, async () => {
    const { mux, incoming, clock } = acceptor(level);
    let before = 0;
    for (let opened = 0; opened < 100_000; opened++) {
      const id = 2 * opened + 1;
      assert.equal(mux.receive(Buffer.concat([open(id), cancel(id)])), undefined, `stream ${id}`);
      incoming.length = 0;
      clock.advance(10);
      if (opened % 2_000 === 0) await settle(2);
      if (opened === 2_000) before = await retainedBytes();
    }
    const grown = (await retainedBytes()) - before;
    assert.equal(mux.streams, 0);
    assert.ok(grown < 2 * MiB, `${grown} bytes more`);
  });

  test(`SEC-D3 ${level}: 100,000 streams opened, accepted and reset leave nothing behind`, async () => {
    const { mux, incoming } = acceptor(level);
    let before = 0;
    for (let opened = 0; opened < 100_000; opened++) {
      const id = 2 * opened + 1;
      assert.equal(mux.receive(Buffer.concat([open(id), data(id, 100)])), undefined);
      incoming.pop()?.stream.accept();
      assert.equal(mux.receive(cancel(id)), undefined);
      if (opened % 2_000 === 0) await settle(2);
      if (opened === 2_000) before = await retainedBytes();
    }
    const grown = (await retainedBytes()) - before;
    assert.equal(mux.streams, 0);
    assert.ok(grown < 2 * MiB, `${grown} bytes more`);
  });

  test(`SEC-D3 ${level}: 100,000 streams on top of each other: 256 wait, every other one is refused, none is kept`, async () => {
    const { mux, incoming, sent } = acceptor(level);
    let before = 0;
    for (let opened = 0; opened < 100_000; opened++) {
      assert.equal(mux.receive(open(2 * opened + 1)), undefined);
      if (opened % 1_000 === 0) await settle(2);
      if (opened === 2_000) before = await retainedBytes();
    }
    const grown = (await retainedBytes()) - before;
    assert.equal(incoming.length, maxPending);
    assert.equal(mux.streams, maxPending);
    assert.equal(sent.resets, 100_000 - maxPending);
    assert.ok(grown < 2 * MiB, `${grown} bytes more`);
  });

  test(`SEC-D3 ${level}: every stream full and read by nobody costs its window and a little, and one byte more is a fault`, async () => {
    const window = level === 'inner' ? 65_536 : 262_144;
    const streams = 200;
    const before = await retainedBytes();
    const { mux, incoming } = acceptor(level);
    for (let index = 0; index < streams; index++) {
      const id = 2 * index + 1;
      mux.receive(open(id));
      incoming.at(-1)?.stream.accept();
      for (let left = window; left > 0; left -= Math.min(left, 65_000)) {
        assert.equal(mux.receive(data(id, Math.min(left, 65_000))), undefined);
      }
    }
    const held = (await retainedBytes()) - before;
    assert.ok(held < 1.2 * streams * window + 4 * MiB, `${held} bytes`);
    assert.equal(mux.receive(data(1, 1))?.code, 'protocol');
  });

  test(`SEC-D3 ${level}: 2,048 half-open streams stay within their bounds, and the end of the session frees them all`, async () => {
    const before = await retainedBytes();
    const own = acceptor(level);
    const fin = level === 'inner' ? Buffer.concat([u64(0), u64(0)]) : empty;
    for (let index = 0; index < maxStreams; index++) {
      const id = 2 * index + 1;
      assert.equal(own.mux.receive(Buffer.concat([open(id), frame(id, t.fin, fin)])), undefined);
      own.incoming.at(-1)?.stream.accept();
    }
    await settle();
    assert.equal(own.mux.streams, maxStreams);
    const held = (await retainedBytes()) - before;
    assert.ok(held < maxStreams * 16_384, `${held / maxStreams} bytes a stream`);
    own.mux.receive(frame(1, t.reset, u16(codes.cancelled)));
    own.mux.end(new Fault('connector-lost'));
    own.incoming.length = 0;
    assert.equal(own.mux.streams, 0);
    const left = (await retainedBytes()) - before;
    assert.ok(left < MiB, `${left} bytes stay`);
  });

  test(`SEC-D3 ${level}: pings, opens beyond the limit and credits without end are not answered into memory`, async () => {
    const id = (index: number) => 2 * (index + maxPending) + 1;
    const floods: ((round: number) => Buffer)[] = [
      () => Buffer.concat(Array.from({ length: 1_000 }, () => frame(0, t.ping, Buffer.alloc(8)))),
      (round) => Buffer.concat(Array.from({ length: 1_000 }, (_, index) => open(id(1_000 * round + index)))),
    ];
    for (const [which, flood] of floods.entries()) {
      const { mux, sink } = acceptor(level);
      mux.receive(Buffer.concat(Array.from({ length: maxPending }, (_, index) => open(2 * index + 1))));
      await settle();
      sink.hold();
      const before = await retainedBytes();
      let rounds = 0;
      for (; !sink.isPaused && rounds < 1_000; rounds++) {
        assert.equal(mux.receive(flood(rounds)), undefined);
        await settle(1);
      }
      assert.ok(rounds < 20, `flood ${which}: ${rounds} records were answered into memory`);
      const grown = (await retainedBytes()) - before;
      assert.ok(grown < MiB, `flood ${which}: ${grown} bytes`);
      sink.release();
      await settle();
      assert.equal(sink.isPaused, false, `flood ${which}: is read again`);
    }
  });

  test(`SEC-D3 ${level}: credit adds up to 2 GiB at most, in one frame or in many`, () => {
    for (const step of [0xffff_ffff, 0x8000_0000, 0x7fff_ffff]) {
      const { mux } = acceptor(level);
      assert.equal(mux.receive(Buffer.concat([open(1), frame(1, t.credit, u32(step))]))?.code, 'protocol');
    }
    const { mux } = acceptor(level);
    mux.receive(open(1));
    let frames = 0;
    while (mux.receive(frame(1, t.credit, u32(0x0100_0000))) === undefined && frames < 1_000) frames++;
    assert.equal(frames, 127);
  });

  test(`T4 ${level}: GOAWAY again and again, with any code and any number, ends our streams above it and nothing else`, async () => {
    const { dialler } = muxPair({ level });
    const streams = Array.from({ length: 4 }, () => dialler.mux.openStream(empty));
    await settle();
    const goaway = (code: number, last: number) =>
      dialler.mux.receive(frame(0, t.goaway, Buffer.concat([u16(code), u32(last)])));
    for (let round = 0; round < 1_000; round++) {
      assert.equal(goaway(round % 3 === 0 ? 65_535 : codes.draining, 0xffff_ffff - round), undefined);
    }
    await settle();
    assert.deepEqual(
      streams.map(({ destroyed }) => destroyed),
      [false, false, false, false],
    );
    assert.equal(goaway(codes.draining, 3), undefined);
    await settle();
    assert.deepEqual(
      streams.map(({ destroyed }) => destroyed),
      [false, false, true, true],
    );
    assert.equal(goaway(codes.draining, 0), undefined);
    assert.equal(goaway(codes.draining, 1), undefined);
    await settle();
    assert.equal(dialler.mux.streams, 0);
  });

  test(`REL-10 ${level}: a reader that stops slows its own stream only`, async () => {
    const { dialler, acceptor: far } = muxPair({ level, rttMs: () => 5 });
    const [slow, ...fast] = Array.from({ length: 5 }, () => dialler.mux.openStream(empty));
    await settle();
    const [unread, ...read] = far.incoming.map(({ stream }) => stream);
    const total = 4 * MiB;
    const heard = read.map(() => 0);
    for (const [index, stream] of read.entries()) {
      stream.on('data', (bytes: Buffer) => (heard[index]! += bytes.length));
    }
    for (const stream of [slow!, ...fast]) stream.end(Buffer.alloc(total));
    await settle(600);
    assert.deepEqual(
      heard,
      read.map(() => total),
    );
    const window = level === 'inner' ? 65_536 : 262_144;
    assert.equal(unread?.bytesReceived, window);
    assert.equal(slow?.bytesSent, window);
    // And it goes on where it stood once it is read.
    unread?.resume();
    await settle(600);
    assert.equal(unread?.bytesReceived, total);
  });
}
