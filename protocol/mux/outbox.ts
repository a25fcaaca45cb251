/**
 * What a mux has to send: control frames in their order, then the streams that have something to say, in turn, put
 * together into records for the sink. Used by the mux alone; what frames mean is the mux's.
 */
import { codes, type CodeName } from '../errors.ts';
import { ControlQueue } from './control-queue.ts';
import { frameTypes, maxDataBytes } from './frames.ts';
import { cutRecord, reserveRecord } from './record-buffer.ts';
import type { MuxStream } from './stream.ts';

/** What carries records: whole frames, in order. */
export interface RecordSink {
  /** Free bytes that `send` wants before and after the frames, and the most frame bytes of one record. */
  readonly headroom: number;
  readonly tailroom: number;
  readonly maxFrames: number;
  /** Takes `block[start, end)`, whose frames begin after the headroom and end before the tailroom. False: wait. */
  send(block: Buffer, start: number, end: number): boolean;
  pause(): void;
  resume(): void;
}

/** While several streams wait, each puts at most this much into a record before the next one's turn. */
const quantumBytes = 16 * 1_024;
/** While more than this waits to go out, datagrams are dropped. */
const controlHighBytes = 64 * 1_024;
/**
 * While answers of more than this wait to go out, the peer is not read. Only what the peer made us say counts: two sides
 * that both have much to say of their own must not wait for each other.
 */
const answersHighBytes = 64 * 1_024;

export class Outbox {
  /** The sink wants nothing around the frames: what is written onwards may be framed where it lies. */
  readonly sendsBare: boolean;
  readonly #sink: RecordSink;
  readonly #control = new ControlQueue();
  /** Of what waits, at most this much answers the peer. */
  #answerBytes = 0;
  #readyHead: MuxStream | undefined;
  #readyTail: MuxStream | undefined;
  #isScheduled = false;
  #isFlushing = false;
  #isBlocked = false;
  #isPaused = false;
  #isOver = false;

  constructor(sink: RecordSink) {
    this.#sink = sink;
    this.sendsBare = sink.headroom === 0 && sink.tailroom === 0;
  }

  /** Whether something that may be dropped should be. */
  get isFull(): boolean {
    return this.#isBlocked || this.#isOver || this.#control.length > controlHighBytes;
  }

  /** The stream has something to send and the credit to do so. */
  ready(stream: MuxStream): void {
    if (!stream.isQueued) {
      stream.isQueued = true;
      if (this.#readyTail === undefined) this.#readyHead = stream;
      else this.#readyTail.nextReady = stream;
      this.#readyTail = stream;
    }
    this.#schedule();
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

  /** Sends what waits, without waiting for the end of the tick. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (!this.#isBlocked && !this.#isOver && this.#hasWork()) {
      if (!this.#sendWhole()) this.#sendRecord();
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
    return this.#control.length > 0 || this.#readyHead !== undefined;
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

  /** The chunk at the head as a record of its own, without copying it; false when it has to be copied. */
  #sendWhole(): boolean {
    const stream = this.#readyHead;
    if (stream === undefined || !this.sendsBare || this.#control.length > 0) return false;
    const record = stream.takeWhole();
    if (record === undefined) return false;
    this.#shiftReady();
    if (stream.sendable > 0) this.ready(stream);
    this.#isBlocked = !this.#sink.send(record, 0, record.length);
    return true;
  }

  /** One record: control frames first, then the streams in turn. Applications may be called back in between. */
  #sendRecord(): void {
    const { headroom, tailroom, maxFrames } = this.#sink;
    const space = reserveRecord(headroom + maxFrames + tailroom);
    const first = space.start + headroom;
    const limit = first + maxFrames;
    let end = first;
    if (this.#control.length > 0) end = this.#control.moveInto(space.buffer, end, maxFrames);
    while (this.#readyHead !== undefined && this.#control.length === 0) {
      const stream = this.#readyHead;
      // A payload is cut only where a record is full of it: pieces that arrive whole need no copy.
      if (end > first && limit - end < Math.min(stream.sendable, quantumBytes)) break;
      const before = end;
      const quantum = stream.nextReady === undefined ? maxDataBytes : quantumBytes;
      end = stream.fill(space.buffer, end, limit - end, quantum);
      if (end === before && stream.sendable > 0) break;
      this.#shiftReady();
      if (stream.sendable > 0) this.ready(stream);
    }
    if (end === first) return cutRecord(space, space.start);
    cutRecord(space, end + tailroom);
    this.#isBlocked = !this.#sink.send(space.buffer, space.start, end + tailroom);
  }

  #shiftReady(): void {
    const stream = this.#readyHead as MuxStream;
    this.#readyHead = stream.nextReady;
    if (this.#readyHead === undefined) this.#readyTail = undefined;
    stream.nextReady = undefined;
    stream.isQueued = false;
  }
}
