/**
 * What a mux has to send: control frames in their order, then the streams that have something to say, in turn, put
 * together into records for the sink. Used by the mux alone; what frames mean is the mux's.
 */
import { codes, type CodeName } from '../errors.ts';
import { ControlQueue } from './control-queue.ts';
import { frameTypes, maxDataBytes } from './frames.ts';
import { giveBlock, takeBlock } from './record-block.ts';
import type { MuxStream } from './stream.ts';

/** What carries records: whole frames, in order. */
export interface RecordSink {
  /** Free bytes that `send` wants before the frames, and the most frame bytes of one record. */
  readonly headroom: number;
  readonly maxFrames: number;
  /** Takes a record block, whose frames begin after the headroom and end at `end`, and gives it back. False: wait. */
  send(block: Buffer, end: number): boolean;
  pause(): void;
  resume(): void;
}

/** While several streams wait, each puts at most this much into a record before the next one's turn: two fill one. */
const quantumBytes = 32_000;
/**
 * A stream that has only so little to say after having had nothing goes before those that always have: a keystroke, an
 * answer, a datagram. Of each record at most the second is theirs, so that the others never wait for ever.
 */
const briefBytes = 4_096;
const briefShareBytes = 16 * 1_024;
/**
 * While answers of more than this wait to go out, the peer is not read. Only what the peer made us say counts: two sides
 * that both have much to say of their own must not wait for each other.
 */
const answersHighBytes = 64 * 1_024;

export class Outbox {
  readonly #sink: RecordSink;
  readonly #control = new ControlQueue();
  /** Of what waits, at most this much answers the peer. */
  #answerBytes = 0;
  readonly #brief = new ReadyStreams();
  readonly #ready = new ReadyStreams();
  #isScheduled = false;
  #isGathering = false;
  #isFlushing = false;
  #isBlocked = false;
  #isPaused = false;
  #isOver = false;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  /** The stream has something to send and the credit to do so. */
  ready(stream: MuxStream): void {
    const isBrief = stream.sendable <= briefBytes;
    if (!stream.isQueued) (isBrief ? this.#brief : this.#ready).push(stream);
    if (isBrief) this.#scheduleForAll();
    else this.#schedule();
  }

  /** A frame of our own accord. */
  frame(stream: number, type: number, payload: Uint8Array): void {
    if (this.#isOver) return;
    const at = this.#control.append(stream, type, payload.length);
    this.#control.buffer.set(payload, at);
    this.#schedule();
  }

  /** A frame that the peer makes us send. */
  answer(stream: number, type: number, payload: Uint8Array): void {
    const before = this.#control.length;
    this.frame(stream, type, payload);
    this.#answerBytes += this.#control.length - before;
  }

  credit(stream: number, bytes: number): void {
    if (this.#isOver) return;
    const at = this.#control.append(stream, frameTypes.credit, 4);
    this.#control.buffer.writeUInt32BE(bytes, at);
    this.#schedule();
  }

  /** RESET; `isAnswer` when it is for a stream of the peer's. */
  reset(stream: number, code: CodeName, isAnswer: boolean): void {
    if (this.#isOver) return;
    const before = this.#control.length;
    const at = this.#control.append(stream, frameTypes.reset, 2);
    this.#control.buffer.writeUInt16BE(codes[code], at);
    if (isAnswer) this.#answerBytes += this.#control.length - before;
    this.#schedule();
  }

  goaway(code: CodeName, last: number): void {
    const at = this.#control.append(0, frameTypes.goaway, 6);
    this.#control.buffer.writeUInt16BE(codes[code], at);
    this.#control.buffer.writeUInt32BE(last, at + 2);
    this.#schedule();
  }

  /** The peer was read: stops that while too many answers to it wait. */
  throttle(): void {
    if (this.#isPaused || this.#answerBytes <= answersHighBytes) return;
    this.#isPaused = true;
    this.#sink.pause();
  }

  /** Sends what waits, without waiting for the end of tick or turn. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (!this.#isBlocked && !this.#isOver && this.#hasWork()) {
      this.#sendRecord();
    }
    this.#isFlushing = false;
    this.#answerBytes = Math.min(this.#answerBytes, this.#control.length);
    if (this.#isPaused && this.#answerBytes < answersHighBytes / 2 && !this.#isOver) {
      this.#isPaused = false;
      this.#sink.resume();
    }
  }

  /** The sink takes records again. */
  drained(): void {
    this.#isBlocked = false;
    this.flush();
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#isOver = true;
  }

  #hasWork(): boolean {
    return this.#control.length > 0 || !this.#brief.isEmpty || !this.#ready.isEmpty;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isBlocked || this.#isOver) return;
    this.#isScheduled = true;
    process.nextTick(this.#tick);
  }

  readonly #tick = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** For the end of this turn of the event loop: what many streams were given little of leaves as one record, by one write. */
  #scheduleForAll(): void {
    if (this.#isGathering || this.#isScheduled || this.#isBlocked || this.#isOver) return;
    this.#isGathering = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isGathering = false;
    this.flush();
  };

  /** One record: control frames first, then the streams in turn. Applications may be called back in between. */
  #sendRecord(): void {
    const { headroom, maxFrames } = this.#sink;
    const block = takeBlock();
    const limit = headroom + maxFrames;
    let end = headroom;
    if (this.#control.length > 0) end = this.#control.moveInto(block, end, maxFrames);
    if (this.#control.length === 0) {
      end = this.#fill(this.#brief, block, end, Math.min(limit, end + briefShareBytes));
      end = this.#fill(this.#ready, block, end, limit);
    }
    if (end === headroom) giveBlock(block);
    else this.#isBlocked = !this.#sink.send(block, end);
  }

  /** Puts what `streams` have to say into the record, up to `limit`; returns where it ends now. */
  #fill(streams: ReadyStreams, block: Buffer, start: number, limit: number): number {
    const isFirst = start === this.#sink.headroom;
    let end = start;
    for (;;) {
      const stream = streams.head;
      // Whoever is called back while a stream is filled may have a frame that goes before the rest.
      if (stream === undefined || this.#control.length > 0) return end;
      // A payload is cut only where a record is full of it: what leaves whole arrives whole.
      const isBegun = !isFirst || end > start;
      if (isBegun && limit - end < Math.min(stream.sendable, quantumBytes)) return end;
      const before = end;
      const quantum = stream.nextReady === undefined ? maxDataBytes : quantumBytes;
      end = stream.fill(block, end, limit - end, quantum);
      const isStuck = end === before && stream.sendable > 0;
      if (isStuck && streams === this.#ready) return end;
      streams.shift();
      // What it still has after its turn waits behind the others.
      if (stream.sendable > 0) this.#ready.push(stream);
    }
  }
}

/** Streams that wait for their turn, linked through themselves. */
class ReadyStreams {
  #head: MuxStream | undefined;
  #tail: MuxStream | undefined;

  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  get head(): MuxStream | undefined {
    return this.#head;
  }

  push(stream: MuxStream): void {
    stream.isQueued = true;
    if (this.#tail === undefined) this.#head = stream;
    else this.#tail.nextReady = stream;
    this.#tail = stream;
  }

  shift(): void {
    const stream = this.#head;
    if (stream === undefined) return;
    this.#head = stream.nextReady;
    if (this.#head === undefined) this.#tail = undefined;
    stream.nextReady = undefined;
    stream.isQueued = false;
  }
}
