import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../../protocol/errors.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { muxPair, type MuxSide } from '../support/mux-pair.ts';
import { MuxReferee, type Side } from '../support/mux-referee.ts';
import { settle } from '../support/settle.ts';

type Step =
  | { readonly do: 'open' | 'drain'; readonly side: Side }
  | { readonly do: 'write' | 'datagram'; readonly side: Side; readonly which: number; readonly bytes: number }
  | {
      readonly do: 'read' | 'flow' | 'pause' | 'end' | 'reset' | 'accept';
      readonly side: Side;
      readonly which: number;
    }
  | { readonly do: 'hold' | 'release'; readonly side: Side }
  | { readonly do: 'settle' };
type StreamStep = Extract<Step, { readonly which: number }>;

const side = fc.constantFrom<Side>('dialler', 'acceptor');
const which = fc.nat({ max: 7 });
const bytes = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 150_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('open' as const), side }) },
  { weight: 24, arbitrary: fc.record({ do: fc.constant('write' as const), side, which, bytes }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('datagram' as const),
      side,
      which,
      bytes: fc.integer({ min: 4, max: 66_000 }),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constantFrom('read' as const, 'flow' as const, 'pause' as const, 'accept' as const),
      side,
      which,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'reset' as const), side, which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const), side }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), side }) },
);
const run = fc.record({
  steps: fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
  grows: fc.boolean(),
});

/** One end of a stream and what the test did with it. */
interface End {
  readonly stream: MuxStream;
  readonly wrote: Buffer[];
  readonly heard: Buffer[];
  /** Datagrams that were taken to be sent, and those that came; each begins with a number of its own. */
  readonly datagramsSent: Buffer[];
  readonly datagramsHeard: Buffer[];
  heardBytes: number;
  hasEnded: boolean;
  hasReset: boolean;
}

type Ends = Record<Side, Map<number, End>>;

/** Everything that all runs of a level together must have come to. */
const expected = [
  ...['open', 'write', 'read', 'flow', 'pause', 'accept', 'end', 'reset', 'hold', 'release', 'settle'],
  ...['drain', 'an open refused while draining', 'late data', 'a grown window', 'an exhausted window'],
  ...['an ACCEPT after DATA', 'whole', 'half open', 'open both ways', 'cancelled', 'refused', 'reset'],
];
const runs = 6_000;

for (const level of ['inner', 'hop'] as const) {
  test(`${level}: any run of opens, writes, reads, pauses, ends, resets and drains keeps every rule of the wire and every byte`, async () => {
    const reached = new Map<string, number>();
    const reach = (what: string): void => void reached.set(what, (reached.get(what) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(run, async ({ steps, grows }) => {
        const ends: Ends = { dialler: new Map(), acceptor: new Map() };
        const referee = new MuxReferee({
          level,
          grows,
          consumed: (which, id) => ends[which].get(id)?.heardBytes ?? 0,
        });
        const pair = muxPair({ level, rttMs: () => (grows ? 40 : undefined) });
        watch(pair.dialler, 'dialler', referee);
        watch(pair.acceptor, 'acceptor', referee);
        let isDraining = false;
        for (const [fill, one] of steps.entries()) {
          adopt(pair, ends);
          pair.clock.advance(5);
          if (one.do === 'settle') await settle(3);
          else if (one.do === 'hold' || one.do === 'release') pair[one.side].sink[one.do]();
          else if (one.do === 'drain') {
            isDraining = true;
            pair[one.side].mux.drain('draining');
          } else if (one.do === 'open') {
            if (!open(pair[one.side], ends[one.side], isDraining)) reach('an open refused while draining');
          } else if ('which' in one) {
            const list = [...ends[one.side].values()];
            const end = list[one.which % Math.max(1, list.length)];
            if (end === undefined || (level === 'hop' && one.do === 'datagram')) continue;
            act(end, one, fill);
          }
          reach(one.do);
        }
        pair.dialler.sink.release();
        pair.acceptor.sink.release();
        await settle();
        adopt(pair, ends);
        for (const end of [...ends.dialler.values(), ...ends.acceptor.values()]) hear(end);
        await settle(60);
        assert.equal(pair.dialler.fault, undefined);
        assert.equal(pair.acceptor.fault, undefined);
        for (const [id, near] of ends.dialler) {
          const far = ends.acceptor.get(id);
          if (far === undefined) continue;
          compare(near, far, referee.sent('dialler', id));
          compare(far, near, referee.sent('acceptor', id));
          compareDatagrams(near, far);
          compareDatagrams(far, near);
          reach(ending(near, far));
          if (far.datagramsHeard.length > 0 && near.datagramsHeard.length > 0) reach('datagrams both ways');
          if (near.stream.droppedDatagrams > 0) reach('datagrams dropped');
        }
        for (const what of referee.seen.keys()) reach(what);
      }),
      { seed: 20_261_120, numRuns: runs },
    );
    // A generator that no longer gets everywhere would let this test pass for nothing.
    const datagrams = ['datagram', 'datagrams both ways', 'datagrams dropped'];
    for (const what of level === 'inner' ? [...expected, ...datagrams] : expected) {
      assert.ok((reached.get(what) ?? 0) >= runs / 100, `${what}: reached ${reached.get(what) ?? 0} times`);
    }
  });
}

function watch(own: MuxSide, which: Side, referee: MuxReferee): void {
  const { deliver } = own.sink;
  own.sink.deliver = (frames) => {
    referee.watch(which, frames);
    deliver(frames);
  };
}

/** Takes the streams that the other side opened meanwhile. */
function adopt(pair: Record<Side, MuxSide>, ends: Ends): void {
  for (const which of ['dialler', 'acceptor'] as const) {
    for (const { stream } of pair[which].incoming) {
      if (!ends[which].has(stream.id)) ends[which].set(stream.id, endOf(stream));
    }
  }
}

/** False when a GOAWAY stood against it. */
function open(own: MuxSide, ends: Map<number, End>, isDraining: boolean): boolean {
  try {
    const stream = own.mux.openStream(Buffer.from('x'));
    ends.set(stream.id, endOf(stream));
    return true;
  } catch (error) {
    assert.ok(isDraining && error instanceof Fault && error.code === 'draining', String(error));
    return false;
  }
}

function endOf(stream: MuxStream): End {
  const end: End = {
    stream,
    wrote: [],
    heard: [],
    datagramsSent: [],
    datagramsHeard: [],
    heardBytes: 0,
    hasEnded: false,
    hasReset: false,
  };
  stream.onDatagram((content) => end.datagramsHeard.push(Buffer.from(content)));
  return end;
}

function act(end: End, one: StreamStep, fill: number): void {
  const { stream } = end;
  if (one.do === 'write' && !end.hasEnded && !stream.destroyed) {
    const content = Buffer.alloc(one.bytes, fill + 1);
    end.wrote.push(content);
    stream.write(content);
  } else if (one.do === 'datagram') {
    const content = Buffer.alloc(one.bytes, fill + 1);
    content.writeUInt32BE(end.datagramsSent.length);
    if (stream.sendDatagram(content)) end.datagramsSent.push(Buffer.from(content));
  } else if (one.do === 'end') {
    end.hasEnded = true;
    stream.end();
  } else if (one.do === 'reset') {
    end.hasReset ||= !stream.destroyed;
    stream.reset('cancelled');
  } else if (one.do === 'accept' && stream.isIncoming) stream.accept();
  else if (one.do === 'flow') hear(end);
  else if (one.do === 'pause') stream.pause();
  else if (one.do === 'read' && stream.listenerCount('data') === 0) {
    const content: unknown = stream.read();
    if (content !== null) take(end, content as Buffer);
  }
}

function hear(end: End): void {
  if (end.stream.listenerCount('data') === 0) end.stream.on('data', (content: Buffer) => take(end, content));
  end.stream.resume();
}

function take(end: End, content: Buffer): void {
  end.heard.push(content);
  end.heardBytes += content.length;
}

/** `to` heard what `from` wrote: all of it, or, if the stream was reset, its beginning. */
function compare(from: End, to: End, sent: Buffer): void {
  const wrote = Buffer.concat(from.wrote);
  const heard = Buffer.concat(to.heard);
  assert.ok(wrote.subarray(0, sent.length).equals(sent), 'sent is not what was written');
  assert.ok(wrote.subarray(0, heard.length).equals(heard), 'heard is not what was written');
  if (from.stream.errored === null && to.stream.errored === null) assert.equal(heard.length, wrote.length);
}

/** Of the datagrams that `from` sent, `to` heard some: each whole and once, in their order. */
function compareDatagrams(from: End, to: End): void {
  let next = 0;
  for (const heard of to.datagramsHeard) {
    while (next < from.datagramsSent.length && from.datagramsSent[next]?.equals(heard) !== true) next += 1;
    assert.ok(next < from.datagramsSent.length, 'a datagram that was not sent, or not then');
    next += 1;
  }
  const isWhole = from.stream.errored === null && to.stream.errored === null;
  // Who was asked has a handler from the start on only where it asked itself.
  if (isWhole && !to.stream.isIncoming && from.stream.droppedDatagrams === 0)
    assert.equal(to.datagramsHeard.length, from.datagramsSent.length);
}

/** How a stream came out. */
function ending(near: End, far: End): string {
  const [opener, asked] = near.stream.isIncoming ? [far, near] : [near, far];
  if (opener.hasReset && !asked.stream.isAccepted) return 'cancelled';
  if (asked.hasReset && !asked.stream.isAccepted) return 'refused';
  if (opener.hasReset || asked.hasReset) return 'reset';
  const ended = Number(opener.hasEnded) + Number(asked.hasEnded);
  return ended === 2 ? 'whole' : ended === 1 ? 'half open' : 'open both ways';
}
