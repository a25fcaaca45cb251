import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../protocol/errors.ts';
import { frameTypes as t } from '../../protocol/mux/frames.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { framesOf } from '../support/frames.ts';
import { muxPair, type MuxPairOptions } from '../support/mux-pair.ts';
import { settle } from '../support/settle.ts';
import { until } from '../support/until.ts';

/** A pair and one stream, from the dialler to the acceptor. */
async function oneStream(options?: MuxPairOptions) {
  const pair = muxPair(options);
  const near = pair.dialler.mux.openStream(Buffer.from('hello'));
  await settle();
  const far = pair.acceptor.incoming[0]!.stream;
  return { ...pair, near, far };
}

const faultOf = (error: unknown) => (error instanceof Fault ? error.code : error);

test('a stream is opened with its payload, accepted, written both ways and ended each way by itself', async () => {
  const { near, far, acceptor, dialler } = await oneStream();
  assert.equal(acceptor.incoming[0]?.payload, 'hello');
  const accepted = near.accepted();
  far.accept();
  await accepted;
  near.end('to the far side');
  const heard: string[] = [];
  far.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
  await new Promise((resolve) => far.once('end', resolve));
  assert.equal(heard.join(''), 'to the far side');
  // The far side still talks.
  far.end('and back');
  const answer: string[] = [];
  for await (const bytes of near) answer.push(String(bytes));
  assert.equal(answer.join(''), 'and back');
  await settle();
  assert.equal(near.errored, null);
  assert.deepEqual([dialler.mux.streams, acceptor.mux.streams], [0, 0]);
  assert.deepEqual([near.bytesSent, far.bytesReceived], [15, 15]);
});

test('bytes may follow OPEN before ACCEPT and wait for the application', async () => {
  const { near, far } = await oneStream();
  near.write('early');
  await settle();
  far.accept();
  assert.equal(String(far.read()), 'early');
});

test('a refusal reaches the dialler as a Fault of its code', async () => {
  const { near, far, dialler, acceptor } = await oneStream();
  const accepted = near.accepted();
  far.reset('address-forbidden');
  await assert.rejects(accepted, (error) => faultOf(error) === 'address-forbidden');
  await settle();
  assert.equal(faultOf(near.errored), 'address-forbidden');
  assert.deepEqual([dialler.mux.streams, acceptor.mux.streams], [0, 0]);
});

test('SEC-D2 a reset nobody listens for ends no process', async () => {
  const { near, far } = await oneStream();
  near.reset('cancelled');
  await settle();
  assert.equal(faultOf(far.errored), 'cancelled');
});

test('destroying a stream that is not over tells the peer; one that is over stays silent', async () => {
  const { near, far, dialler } = await oneStream();
  near.destroy();
  await settle();
  assert.equal(faultOf(far.errored), 'cancelled');

  const second = dialler.mux.openStream(Buffer.alloc(0));
  second.on('error', () => {});
  second.destroy(new Error('of our own'));
  await settle();
  const codes = dialler.sink.records.flatMap(framesOf).filter((sent) => sent.type === t.reset);
  assert.equal(codes.length, 2);
});

test('a writer stops at the window and goes on when the reader reads, not when bytes arrive', async () => {
  const { near, far, acceptor } = await oneStream();
  near.write(Buffer.alloc(200_000));
  await settle();
  assert.equal(near.bytesSent, 65_536);
  assert.equal(far.bytesReceived, 65_536);
  const credits = () => acceptor.sink.records.flatMap(framesOf).filter((sent) => sent.type === t.credit);
  assert.equal(credits().length, 0);
  far.resume();
  await settle();
  assert.equal(far.bytesReceived, 200_000);
  // From half a window on: no more frames than that.
  assert.ok(credits().length <= 7, `${credits().length} CREDIT frames`);
});

test('a reader that takes one chunk at a time never starves, whatever the chunk sizes', async () => {
  const { near, far } = await oneStream();
  const bytes = Buffer.alloc(900_000, 'x');
  near.end(bytes);
  let total = 0;
  for await (const chunk of far) total += (chunk as Buffer).length;
  assert.equal(total, bytes.length);
});

test('a window grows while half of it is read within two round trips, and not without a round trip', async () => {
  for (const [rttMs, expected] of [
    [undefined, 65_536],
    [10, 8 * 1_024 * 1_024],
  ] as const) {
    const { near, far, acceptor, clock } = await oneStream({ rttMs: () => rttMs });
    far.on('data', () => {});
    const sent = Buffer.alloc(1_024 * 1_024);
    for (let index = 0; index < 80; index++) {
      near.write(sent);
      await settle(4);
      clock.advance(16);
    }
    await settle(400);
    const granted = acceptor.sink.records
      .flatMap(framesOf)
      .filter((frame) => frame.type === t.credit)
      .reduce((sum, frame) => sum + frame.payload.readUInt32BE(0), 65_536);
    const outstanding = granted - far.bytesReceived;
    assert.ok(outstanding <= expected && outstanding > expected / 8 - 1, `window ${outstanding}`);
  }
});

test('a slow network does not let a window grow: it emptied over more than two round trips', async () => {
  const { near, far, acceptor, clock } = await oneStream({ rttMs: () => 10 });
  far.on('data', () => {});
  for (let index = 0; index < 20; index++) {
    clock.advance(25);
    near.write(Buffer.alloc(32_768));
    await settle();
  }
  const largest = Math.max(
    ...acceptor.sink.records
      .flatMap(framesOf)
      .filter((frame) => frame.type === t.credit)
      .map((frame) => frame.payload.readUInt32BE(0)),
  );
  assert.ok(largest <= 65_536, `a CREDIT of ${largest}`);
});

test('all windows of a session together grow by 32 MiB at most, and a stream that ends gives its part back', async () => {
  const { clock, dialler, acceptor } = muxPair({ rttMs: () => 1_000 });
  const granted = new Map<number, number>();
  const { deliver } = acceptor.sink;
  acceptor.sink.deliver = (record) => {
    for (const { type, stream, payload } of framesOf(record)) {
      if (type === t.credit) granted.set(stream, (granted.get(stream) ?? 65_536) + payload.readUInt32BE(0));
    }
    deliver(record);
  };
  /** A stream that is read as fast as it is written, until its window has had every occasion to grow. */
  const grow = async () => {
    const near = dialler.mux.openStream(Buffer.alloc(0));
    await settle();
    acceptor.incoming.at(-1)!.stream.on('data', () => {});
    for (let index = 0; index < 70; index++) {
      near.write(Buffer.alloc(1_024 * 1_024));
      await settle(3);
      clock.advance(50);
      dialler.sink.records.length = 0;
    }
    await settle(200);
    return near;
  };
  const grownBy = (stream: MuxStream) => (granted.get(stream.id) ?? 65_536) - stream.bytesSent - 65_536;
  const streams = [await grow(), await grow(), await grow(), await grow(), await grow()];
  const grown = streams.map(grownBy).reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(grown <= 32 * 1_024 * 1_024, `${grown} bytes`);
  for (const stream of streams) stream.destroy();
  await settle();
  assert.ok(grownBy(await grow()) > 8 * 1_024 * 1_024);
});

test('a keystroke goes out in the next record although a download waits with megabytes', async () => {
  const { dialler, acceptor, near, far } = await oneStream();
  const typing = dialler.mux.openStream(Buffer.from('keys'));
  far.resume();
  await settle();
  dialler.sink.hold();
  for (let index = 0; index < 50; index++) near.write(Buffer.alloc(60_000));
  await settle();
  const before = dialler.sink.records.length;
  typing.write('k');
  dialler.sink.release();
  await settle();
  const at = dialler.sink.records
    .slice(before)
    .findIndex((record) =>
      framesOf(record).some((sent) => sent.stream === typing.id && sent.type === t.data),
    );
  assert.ok(at >= 0 && at <= 1, `record ${at}`);
  acceptor.incoming[1]?.stream.resume();
});

test('streams that all have much to send get equal shares', async () => {
  const { dialler, acceptor } = muxPair({ rttMs: () => 1_000 });
  const streams = Array.from({ length: 4 }, () => dialler.mux.openStream(Buffer.alloc(0)));
  await settle();
  for (const { stream } of acceptor.incoming) stream.resume();
  for (const stream of streams) for (let index = 0; index < 20; index++) stream.write(Buffer.alloc(50_000));
  await settle(8);
  const shares = streams.map((stream) => stream.bytesSent);
  assert.ok(Math.max(...shares) - Math.min(...shares) <= 70_000, shares.join(' '));
});

test('what many streams write within one tick leaves in one record', async () => {
  const { dialler } = muxPair();
  const streams = Array.from({ length: 50 }, () => dialler.mux.openStream(Buffer.from('x')));
  for (const stream of streams) stream.write('some bytes');
  await settle();
  assert.equal(dialler.sink.records.length, 1);
});

test('what many streams are given little of in one turn leaves in one record; a lot leaves at once, with all that waits', async () => {
  const { dialler, acceptor } = muxPair();
  const [first, second] = ['x', 'y'].map((text) => dialler.mux.openStream(Buffer.from(text)));
  await settle();
  const { records } = dialler.sink;
  records.length = 0;
  /** Sockets are read one by one, each in a tick of its own. */
  const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
  for (const stream of [first, second, first]) {
    stream?.write('little');
    await tick();
  }
  assert.equal(records.length, 0, 'the turn is not over');
  await settle(1);
  assert.equal(records.length, 1);
  second?.write('little');
  await tick();
  first?.write(Buffer.alloc(5_000));
  await tick();
  await tick();
  assert.equal(records.length, 2, 'the turn is not over, and it has left');
  await settle();
  assert.equal(records.length, 2, 'nothing was left behind');
  assert.deepEqual(
    acceptor.incoming.map(({ stream }) => stream.bytesReceived),
    [5_012, 12],
  );
});

test('what goes past the queue keeps its place among what does not, and its end follows it', async () => {
  const { near, far } = await oneStream();
  const told: string[] = [];
  const tell = (which: string) => (error?: Error | null) =>
    told.push(error instanceof Error ? 'failed' : which);
  near.cork();
  near.write('0', tell('0'));
  near.writeNext(Buffer.from('a'), tell('a'));
  near.uncork();
  near.writeNext(Buffer.from('b'), tell('b'));
  near.write('c', tell('c'));
  near.writeNext(Buffer.from('d'), tell('d'));
  near.end();
  assert.deepEqual(told, [], 'nothing has gone out yet');
  const heard: string[] = [];
  for await (const bytes of far) heard.push(String(bytes));
  assert.equal(heard.join(''), '0abcd');
  assert.deepEqual(told, ['0', 'a', 'b', 'c', 'd']);
});

test('who writes past the queue waits for the window as all others do', async () => {
  const { near, far } = await oneStream();
  const sent: number[] = [];
  const bytes = Buffer.alloc(40 * 1_024);
  const more = (): void => {
    sent.push(bytes.length);
    near.writeNext(bytes, more);
  };
  more();
  await settle();
  assert.equal(near.bytesSent, 64 * 1_024);
  assert.equal(sent.length, 2, 'the second waits in part');
  assert.equal(far.bytesReceived, 64 * 1_024);
});

test('what has not gone out when a stream is over is told, each piece once', async () => {
  const { near } = await oneStream();
  const told: (Error | null | undefined)[] = [];
  const tell = (error?: Error | null): number => told.push(error);
  near.writeNext(Buffer.alloc(300 * 1_024), tell);
  near.write(Buffer.alloc(10), tell);
  near.write(Buffer.alloc(10), tell);
  await settle();
  near.reset('revoked');
  await settle();
  assert.deepEqual(told.map(faultOf), ['revoked', 'revoked', 'revoked']);
  near.writeNext(Buffer.alloc(10), tell);
  await settle();
  assert.equal(told.length, 4);
  assert.ok(told[3] instanceof Error, 'after the end it fails as every other write');
});

test('GOAWAY refuses new streams both ways and leaves open ones alone', async () => {
  const { dialler, acceptor, near, far } = await oneStream();
  acceptor.mux.drain('draining');
  const crossing = dialler.mux.openStream(Buffer.alloc(0));
  await settle();
  assert.equal(faultOf(crossing.errored), 'draining');
  assert.throws(
    () => dialler.mux.openStream(Buffer.alloc(0)),
    (error) => faultOf(error) === 'draining',
  );
  assert.throws(
    () => acceptor.mux.openStream(Buffer.alloc(0)),
    (error) => faultOf(error) === 'draining',
  );
  near.end('still here');
  assert.equal(String((await far.toArray())[0]), 'still here');
});

test('the end of the session destroys every stream with its Fault and refuses new ones with it', async () => {
  const { dialler, near } = await oneStream();
  const waiting = near.accepted();
  dialler.mux.end(new Fault('connector-lost'));
  await assert.rejects(waiting, (error) => faultOf(error) === 'connector-lost');
  assert.throws(
    () => dialler.mux.openStream(Buffer.alloc(0)),
    (error) => faultOf(error) === 'connector-lost',
  );
});

test('datagrams pass beside the stream and in their borders, up to what a record holds', async () => {
  const { near, far } = await oneStream();
  const heard: Buffer[] = [];
  far.onDatagram((bytes) => heard.push(bytes));
  const largest = Buffer.alloc(64_992, 7);
  for (const bytes of [Buffer.from('one'), Buffer.alloc(0), largest])
    assert.equal(near.sendDatagram(bytes), true);
  assert.equal(near.sendDatagram(Buffer.alloc(64_993)), false);
  near.end();
  await settle();
  assert.deepEqual(heard, [Buffer.from('one'), Buffer.alloc(0), largest]);
  assert.equal(near.droppedDatagrams, 1);
  assert.equal(near.sendDatagram(Buffer.from('after the end')), false);
});

test('of datagrams that wait the oldest give way, and those of one stream never to another', async () => {
  const { near, far, dialler, acceptor } = await oneStream();
  const other = dialler.mux.openStream(Buffer.from('{}'));
  await settle();
  const heard: number[] = [];
  const heardOfOther: string[] = [];
  far.onDatagram((bytes) => heard.push(bytes.readUInt32BE()));
  acceptor.incoming.at(-1)?.stream.onDatagram((bytes) => heardOfOther.push(bytes.toString()));
  dialler.sink.hold();
  near.write('x');
  await settle();
  other.sendDatagram(Buffer.from('kept'));
  for (let index = 0; index < 1_000; index++) {
    const bytes = Buffer.alloc(1_000);
    bytes.writeUInt32BE(index);
    near.sendDatagram(bytes);
  }
  dialler.sink.release();
  await settle();
  assert.deepEqual(heardOfOther, ['kept']);
  // 256 KiB of them, headers included.
  assert.equal(heard.length, Math.floor(262_144 / 1_008));
  assert.deepEqual(
    heard,
    Array.from({ length: heard.length }, (_, index) => 1_000 - heard.length + index),
  );
  assert.equal(near.droppedDatagrams, 1_000 - heard.length);
});

test('a keystroke leaves with the next record, however much eight others have to say', async () => {
  const { dialler, near } = await oneStream();
  const bulk = Array.from({ length: 8 }, () => dialler.mux.openStream(Buffer.from('{}')));
  await settle();
  dialler.sink.hold();
  for (const stream of bulk) stream.write(Buffer.alloc(60_000));
  await settle();
  const before = dialler.sink.records.length;
  near.write('k');
  dialler.sink.release();
  await until(() => dialler.sink.records.length > before);
  const [first] = framesOf(dialler.sink.records[before] as Buffer);
  assert.deepEqual([first?.stream, first?.payload.toString()], [near.id, 'k']);
});

test('however many have little to say, those who have much are heard in every record', async () => {
  const { dialler } = await oneStream();
  const brief = Array.from({ length: 200 }, () => dialler.mux.openStream(Buffer.from('{}')));
  const [first] = brief;
  const bulk = dialler.mux.openStream(Buffer.from('{}'));
  await settle();
  dialler.sink.hold();
  first?.write('begin');
  await settle();
  const before = dialler.sink.records.length;
  for (const stream of brief) stream.write(Buffer.alloc(2_000));
  bulk.write(Buffer.alloc(60_000));
  dialler.sink.release();
  await until(() => dialler.sink.records.length > before + 1);
  const shares = dialler.sink.records.slice(before, before + 2).map((record) =>
    framesOf(record)
      .filter(({ stream }) => stream === bulk.id)
      .reduce((sum, { payload }) => sum + payload.length, 0),
  );
  assert.ok(
    shares.every((share) => share >= 10_000),
    String(shares),
  );
});

test('a window that grew for a fast reader is given back by one that reads slowly', async () => {
  const { clock, near, far } = await oneStream({ rttMs: () => 5 });
  const kib = 1_024;
  far.on('data', () => undefined);
  for (let index = 0; index < 60; index++) {
    near.write(Buffer.alloc(2_000 * kib));
    await until(() => near.writableLength === 0);
    clock.advance(20);
  }
  // More than the 64 KiB it began with may be on its way by now: as much as the peer would take unread.
  far.pause();
  const before = far.bytesReceived;
  near.write(Buffer.alloc(24 * kib * kib));
  await settle();
  const unread = far.bytesReceived - before;
  assert.ok(unread > 1_024 * kib, `${unread} bytes`);
  // It reads on, slowly: what it takes is not asked for again until the window is what it was.
  far.removeAllListeners('data');
  let read = 0;
  while (read < 2 * unread) {
    clock.advance(1_000);
    read += (far.read() as Buffer | null)?.length ?? 0;
    await settle(1);
  }
  await settle();
  const rest = far.bytesReceived - before - read;
  assert.ok(rest > 0 && rest <= 64 * kib, `${rest} bytes`);
});

test('grants and notes reach the other side in order, pings come back', async () => {
  const heard: string[] = [];
  const { dialler } = muxPair({
    handlers: {
      grant: (bytes) => heard.push(`grant ${String(bytes)}`),
      note: (bytes) => heard.push(`note ${String(bytes)}`),
      pong: (bytes) => heard.push(`pong ${String(bytes)}`),
    },
  });
  dialler.mux.sendGrant('a.b.c');
  dialler.mux.sendNote({ n: 1 });
  dialler.mux.ping(Buffer.from('12345678'));
  await settle();
  assert.deepEqual(heard, ['grant a.b.c', 'note {"n":1}', 'pong 12345678']);
  assert.throws(() => dialler.mux.sendNote({ long: 'x'.repeat(1_024) }), /too large/);
});
