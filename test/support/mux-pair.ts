/**
 * Two muxes joined by memory: each record one side sends is delivered whole to the other, when the test lets it. For
 * tests of the mux alone, without sealing or carriers.
 */
import type { Fault } from '../../protocol/errors.ts';
import { giveBlock } from '../../protocol/mux/record-block.ts';
import { Mux, type MuxHandlers } from '../../protocol/mux/mux.ts';
import type { RecordSink } from '../../protocol/mux/outbox.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A sink that hands every record to `deliver`, or keeps it while held. */
export class MemorySink implements RecordSink {
  readonly headroom: number;
  readonly maxFrames = 65_000;
  /** Frames of every record, as sent. */
  readonly records: Buffer[] = [];
  readonly #waiting: Buffer[] = [];
  deliver: (frames: Buffer) => void = () => {};
  drained: () => void = () => {};
  isHeld = false;
  isPaused = false;
  peer: MemorySink | undefined;

  constructor(level: 'hop' | 'inner') {
    this.headroom = level === 'inner' ? 5 : 8;
  }

  send(block: Buffer, end: number): boolean {
    const frames = Buffer.from(block.subarray(this.headroom, end));
    // Whoever still looked at it would see this.
    giveBlock(block.fill(0xdd));
    this.records.push(frames);
    this.#waiting.push(frames);
    if (!this.isHeld) setImmediate(() => this.#deliver());
    return !this.isHeld;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.peer?.release();
  }

  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    setImmediate(() => {
      this.#deliver();
      this.drained();
    });
  }

  #deliver(): void {
    while (!this.isHeld && this.peer?.isPaused !== true) {
      const frames = this.#waiting.shift();
      if (frames === undefined) return;
      this.deliver(Buffer.from(frames));
    }
  }
}

export interface MuxSide {
  readonly mux: Mux;
  readonly sink: MemorySink;
  /** Streams the other side opened, with their payloads. */
  readonly incoming: { readonly stream: MuxStream; readonly payload: string }[];
  /** Why `receive` wanted the session to end. */
  fault: Fault | undefined;
}

export interface MuxPairOptions {
  readonly level?: 'hop' | 'inner';
  readonly rttMs?: () => number | undefined;
  readonly handlers?: Partial<MuxHandlers>;
}

/** `onStream` answers streams on the acceptor's side. */
export function muxPair(options: MuxPairOptions = {}) {
  const clock = new VirtualClock();
  const dialler = muxSide('dialler', options, clock);
  const acceptor = muxSide('acceptor', options, clock);
  join(dialler, acceptor);
  join(acceptor, dialler);
  return { clock, dialler, acceptor };
}

export function muxSide(
  side: 'dialler' | 'acceptor',
  options: MuxPairOptions,
  clock = new VirtualClock(),
): MuxSide {
  const sink = new MemorySink(options.level ?? 'inner');
  const incoming: MuxSide['incoming'] = [];
  const mux = new Mux({
    level: options.level ?? 'inner',
    side,
    sink,
    clock,
    minRttMs: options.rttMs ?? (() => undefined),
    handlers: {
      ...options.handlers,
      stream(stream, payload) {
        incoming.push({ stream, payload: payload.toString() });
        options.handlers?.stream?.(stream, payload);
      },
    },
  });
  sink.drained = () => mux.drained();
  return { mux, sink, incoming, fault: undefined };
}

function join(from: MuxSide, to: MuxSide): void {
  from.sink.peer = to.sink;
  from.sink.deliver = (frames) => {
    const fault = to.mux.receive(frames, true);
    // Whoever still looked at it would see this.
    frames.fill(0xdd);
    if (fault === undefined) return;
    to.fault = fault;
    to.mux.end(fault);
  };
}
