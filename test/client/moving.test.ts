/** Property tests of a session that moves: whatever its routes do, every byte arrives once and in order, or the session ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Route } from '../../client/tunnel/route.ts';
import { toFault } from '../../protocol/errors.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { Reached } from '../support/memory-routes.ts';

const routes: readonly (readonly [Route, number])[] = [
  [{ kind: 'relay', relay: 'a' }, 10],
  [{ kind: 'relay', relay: 'b' }, 3],
  [{ kind: 'direct', endpoint: '192.0.2.1:7000' }, 20],
];

/** What happens to the world, one after the other. */
type Event =
  | { readonly do: 'cut' | 'freeze' | 'thaw' | 'hide' | 'show'; readonly way: number }
  | { readonly do: 'delay'; readonly way: number; readonly ms: number }
  /** Moves there, whatever is best. */
  | { readonly do: 'move'; readonly way: number }
  | { readonly do: 'open' }
  | { readonly do: 'send'; readonly flow: number; readonly side: 'near' | 'far'; readonly bytes: number }
  | { readonly do: 'datagram'; readonly flow: number; readonly side: 'near' | 'far'; readonly bytes: number }
  | { readonly do: 'pass'; readonly ms: number };

const way = fc.integer({ min: 0, max: routes.length - 1 });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('cut', 'freeze', 'thaw', 'hide', 'show'), way }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delay'), way, ms: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move'), way }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open') }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send'),
      flow: fc.integer({ min: 0, max: 3 }),
      side: fc.constantFrom('near', 'far'),
      bytes: fc.integer({ min: 1, max: 90_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('datagram'),
      flow: fc.integer({ min: 0, max: 3 }),
      side: fc.constantFrom('near', 'far'),
      bytes: fc.integer({ min: 4, max: 9_000 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(5, 20, 100, 700, 2_500, 9_000) }),
  },
);

/** The slow model: what each side of each flow has said so far, and what the other has heard. */
class Model {
  readonly said: Record<'near' | 'far', Buffer[]>[] = [];
  readonly heard: Record<'near' | 'far', Buffer[]>[] = [];
  /** The same of datagrams. */
  readonly sent: Record<'near' | 'far', Buffer[]>[] = [];
  readonly got: Record<'near' | 'far', Buffer[]>[] = [];

  /** Numbered by what was said before, so that loss, doubling and disorder all show. */
  say(flow: number, side: 'near' | 'far', bytes: number): Buffer {
    const said = this.said[flow]?.[side] ?? [];
    const before = said.reduce((sum, { length }) => sum + length, 0);
    const block = Buffer.alloc(bytes);
    for (let at = 0; at < bytes; at++)
      block[at] = ((before + at) * 131 + ((before + at) >>> 8) + flow) & 0xff;
    said.push(block);
    return block;
  }

  /** The next of a flow: its number, and bytes that only this one has. */
  datagram(flow: number, side: 'near' | 'far', bytes: number): Buffer {
    const sent = this.sent[flow]?.[side] ?? [];
    const datagram = Buffer.alloc(bytes, sent.length + 1);
    datagram.writeUInt32BE(sent.length);
    sent.push(datagram);
    // What is sent belongs to the stream.
    return Buffer.from(datagram);
  }

  /** Lost they may be; each that came is whole, once, and behind those that were sent before it. */
  checkDatagrams(flow: number, side: 'near' | 'far'): void {
    const sent = this.sent[flow]?.[side] ?? [];
    let last = -1;
    for (const datagram of this.got[flow]?.[side === 'near' ? 'far' : 'near'] ?? []) {
      const number = datagram.readUInt32BE();
      assert.ok(number > last, `flow ${flow} ${side}: datagram ${number} behind ${last}`);
      assert.ok(sent[number]?.equals(datagram), `flow ${flow} ${side}: datagram ${number} is another`);
      last = number;
    }
  }

  open(): number {
    this.sent.push({ near: [], far: [] });
    this.got.push({ near: [], far: [] });
    this.said.push({ near: [], far: [] });
    this.heard.push({ near: [], far: [] });
    return this.said.length - 1;
  }

  /** What `side` said of a flow, whole, and what the other heard. */
  pair(flow: number, side: 'near' | 'far'): [Buffer, Buffer] {
    const other = side === 'near' ? 'far' : 'near';
    return [Buffer.concat(this.said[flow]?.[side] ?? []), Buffer.concat(this.heard[flow]?.[other] ?? [])];
  }
}

test('REL-1 over routes that are cut, silent, late and gone, at any record, every byte arrives once and in order, and no datagram twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 40 }), async (events) => {
      const world = await new Reached(routes).begin();
      const model = new Model();
      const near: MuxStream[] = [];
      const open = (): void => {
        if (near.length >= 4 || world.kept.session.isOver) return;
        const flow = model.open();
        const stream = world.kept.session.openStream({ flow });
        stream.on('error', () => undefined);
        stream.on('data', (bytes: Buffer) => model.heard[flow]?.near.push(bytes));
        stream.onDatagram((bytes) => model.got[flow]?.near.push(bytes));
        near.push(stream);
        world.kept.choice.used();
      };
      let taken = 0;
      const takeFar = (): void => {
        for (; taken < world.streams.length; taken++) {
          const flow = taken;
          const stream = world.streams[flow] as MuxStream;
          stream.on('error', () => undefined);
          stream.on('data', (bytes: Buffer) => model.heard[flow]?.far.push(bytes));
          stream.onDatagram((bytes) => model.got[flow]?.far.push(bytes));
        }
      };
      const run = async (each: Event): Promise<void> => {
        if (each.do === 'open') return open();
        if (each.do === 'pass') return world.pass(each.ms, each.ms > 500 ? 20 : 5);
        if (each.do === 'send' || each.do === 'datagram') {
          const flow = near.length === 0 ? 0 : each.flow % near.length;
          const stream = each.side === 'near' ? near[flow] : world.streams[flow];
          if (stream === undefined || stream.destroyed) return undefined;
          if (each.do === 'send') stream.write(model.say(flow, each.side, each.bytes));
          else stream.sendDatagram(model.datagram(flow, each.side, each.bytes));
          return undefined;
        }
        const target = world.ways[each.way];
        if (target === undefined) return undefined;
        if (each.do === 'cut') return target.cut();
        if (each.do === 'freeze') return target.freeze();
        if (each.do === 'thaw') return target.thaw();
        if (each.do === 'delay') return void (target.delayMs = each.ms);
        if (each.do === 'move') {
          const moving = world.kept.prove(target.route).then((path) => world.kept.moveTo(target.route, path));
          await moving.catch(toFault);
          return undefined;
        }
        target.isThere = each.do === 'show';
        return world.kept.poke();
      };
      open();
      for (const each of events) {
        // A move goes on while the next things happen.
        const ran = run(each);
        if (each.do !== 'move') await ran;
        await world.pass(5);
        takeFar();
      }
      // Everything works again: what was said must arrive now, unless 60 s without a route ended it all.
      for (const each of world.ways) {
        each.isThere = true;
        each.thaw();
      }
      world.kept.poke();
      for (let round = 0; round < 80 && !isWhole(model); round++) {
        await world.pass(500, 10);
        takeFar();
      }
      for (let flow = 0; flow < near.length; flow++) {
        for (const side of ['near', 'far'] as const) {
          model.checkDatagrams(flow, side);
          const [said, heard] = model.pair(flow, side);
          if (world.kept.session.isOver) assert.ok(said.subarray(0, heard.length).equals(heard));
          else assert.ok(said.equals(heard), `flow ${flow} ${side}: ${heard.length} of ${said.length} bytes`);
        }
      }
      if (world.kept.session.isOver)
        assert.equal((await world.kept.session.closed).code, 'connector-lost', 'the only end there may be');
      world.kept.session.close();
    }),
    { numRuns: 30, endOnFailure: true },
  );

  function isWhole(model: Model): boolean {
    return model.said.every((_, flow) =>
      (['near', 'far'] as const).every((side) => {
        const [said, heard] = model.pair(flow, side);
        return said.length === heard.length;
      }),
    );
  }
});
