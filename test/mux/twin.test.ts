import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { markHeadroom } from '../../protocol/mux/headroom.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { muxPair, type MuxSide } from '../support/mux-pair.ts';
import { MuxReferee, type Side } from '../support/mux-referee.ts';
import { settle } from '../support/settle.ts';

type Step =
  | { readonly do: 'open'; readonly side: Side }
  | { readonly do: 'write'; readonly side: Side; readonly which: number; readonly bytes: number }
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
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), side }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), side, which, bytes }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('read' as const, 'flow' as const, 'pause' as const, 'accept' as const),
      side,
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'reset' as const), side, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const), side }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
);

/** One end of a stream and what the test did with it. */
interface End {
  readonly stream: MuxStream;
  readonly wrote: Buffer[];
  readonly heard: Buffer[];
  hasEnded: boolean;
}

for (const level of ['inner', 'hop'] as const) {
  test(`${level}: any run of opens, writes, reads, pauses, ends and resets keeps every rule of the wire and every byte`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), async (steps) => {
        const referee = new MuxReferee(level);
        const ends: Record<Side, Map<number, End>> = { dialler: new Map(), acceptor: new Map() };
        const pair = muxPair({ level, rttMs: () => 5 });
        watch(pair.dialler, 'dialler', referee);
        watch(pair.acceptor, 'acceptor', referee);
        let fill = 0;
        for (const one of steps) {
          adopt(pair, ends);
          if (one.do === 'settle') {
            await settle(3);
            continue;
          }
          const own = pair[one.side];
          if (one.do === 'hold' || one.do === 'release') own.sink[one.do]();
          else if (one.do === 'open') {
            const stream = own.mux.openStream(Buffer.from('x'));
            ends[one.side].set(stream.id, endOf(stream));
          } else if ('which' in one) {
            const list = [...ends[one.side].values()];
            const end = list[one.which % Math.max(1, list.length)];
            if (end !== undefined) act(end, one, ++fill);
          }
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
        }
      }),
      { seed: 20_261_120, numRuns: 300 },
    );
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
function adopt(pair: Record<Side, MuxSide>, ends: Record<Side, Map<number, End>>): void {
  for (const which of ['dialler', 'acceptor'] as const) {
    for (const { stream } of pair[which].incoming) {
      if (!ends[which].has(stream.id)) ends[which].set(stream.id, endOf(stream));
    }
  }
}

function endOf(stream: MuxStream): End {
  return { stream, wrote: [], heard: [], hasEnded: false };
}

function act(end: End, one: StreamStep, fill: number): void {
  const { stream } = end;
  if (one.do === 'write' && !end.hasEnded && !stream.destroyed) {
    end.wrote.push(Buffer.alloc(one.bytes, fill));
    // On the hop large chunks leave where they lie, with a header written before them.
    stream.write(markHeadroom(Buffer.alloc(8 + one.bytes, fill).subarray(8)));
  } else if (one.do === 'end') {
    end.hasEnded = true;
    stream.end();
  } else if (one.do === 'reset') stream.reset('cancelled');
  else if (one.do === 'accept' && stream.isIncoming) stream.accept();
  else if (one.do === 'flow') hear(end);
  else if (one.do === 'pause') stream.pause();
  else if (one.do === 'read' && stream.listenerCount('data') === 0) {
    const content: unknown = stream.read();
    if (content !== null) end.heard.push(content as Buffer);
  }
}

function hear(end: End): void {
  if (end.stream.listenerCount('data') === 0)
    end.stream.on('data', (content: Buffer) => end.heard.push(content));
  end.stream.resume();
}

/** `to` heard what `from` wrote: all of it, or, if the stream was reset, its beginning. */
function compare(from: End, to: End, sent: Buffer): void {
  const wrote = Buffer.concat(from.wrote);
  const heard = Buffer.concat(to.heard);
  assert.ok(wrote.subarray(0, sent.length).equals(sent), 'sent is not what was written');
  assert.ok(wrote.subarray(0, heard.length).equals(heard), 'heard is not what was written');
  if (from.stream.errored === null && to.stream.errored === null) assert.equal(heard.length, wrote.length);
}
