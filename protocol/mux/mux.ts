/**
 * The mux of WIRE A8, used at both levels: over the WebSocket to a relay (hop) and inside the sealed link (inner). It
 * turns streams into frames and back: receiving and its rules are here, sending is the `Outbox`'s, through which records
 * go to a `RecordSink`. It knows nothing of keys, carriers or what payloads mean.
 *
 * Whatever a peer that keeps the protocol could not send ends the session with `protocol`, decided on the header before a
 * byte is kept. Nothing here allocates per frame except the view that an application is handed.
 */
import type { Clock } from '../clock.ts';
import { codeName, Fault, type CodeName } from '../errors.ts';
import {
  frameHeaderBytes,
  frameTypes,
  maxDataBytes,
  maxGrantBytes,
  maxNoteBytes,
  maxOpenBytes,
  maxStreams,
  pingBytes,
} from './frames.ts';
import { GrowthBudget } from './growth-budget.ts';
import { Outbox, type RecordSink } from './outbox.ts';
import { MuxStream, type StreamOwner } from './stream.ts';
import { StreamTable } from './stream-table.ts';
import { TokenBucket } from './token-bucket.ts';

export interface MuxHandlers {
  /** The peer opened a stream. `payload` is valid during the call only. */
  stream(stream: MuxStream, payload: Buffer): void;
  /** Inner only. `payload` is valid during the call only. */
  grant?(payload: Buffer): void;
  note?(payload: Buffer): void;
  /** Answer to `ping`. `payload` is valid during the call only. */
  pong?(payload: Buffer): void;
  /** The peer opens and takes no more streams. */
  goaway?(code: CodeName): void;
}

export interface MuxOptions {
  readonly level: 'hop' | 'inner';
  readonly side: 'dialler' | 'acceptor';
  readonly sink: RecordSink;
  readonly handlers: MuxHandlers;
  readonly clock: Clock;
  /**
   * The round trip of the path itself, as measured by whoever pings; undefined while unknown, when windows do not grow.
   * Not one that our own queues have lengthened: windows would then grow to feed the queues.
   */
  minRttMs(): number | undefined;
  /** Streams this side may have open at once, as the peer said; default 2,048. */
  readonly peerMaxStreams?: number;
  /** What the windows of several sessions grow out of together; default: no bound but the session's. */
  readonly growth?: GrowthBudget;
}

const initialWindows = { inner: 64 * 1_024, hop: 256 * 1_024 };
/** A path that is short but busy has queues of this length that the idle round trip does not show. */
const busyPathMs = 15;
/** All windows of a session together grow by at most this much, and by this before their readers have been fast for long. */
const sessionGrowth = 32 * 1_024 * 1_024;
const quickGrowth = 4 * 1_024 * 1_024;
/**
 * A small payload is copied out of memory at least this many times its size, so as not to hold that. A full record of
 * the hop in one of Node's 64 KiB pools, where WebSocket messages are put together, is not small.
 */
const copyRatio = 2;
/** Streams a peer may cancel before they were accepted: at once, and per second after that. */
const cancelBurst = 1_000;
const cancelPerSecond = 100;
const nothing = new Uint8Array(0);

export class Mux implements StreamOwner {
  readonly inner: boolean;
  readonly initialWindow: number;
  readonly maxDatagramBytes: number;
  readonly quick: GrowthBudget;
  readonly steady: GrowthBudget;
  readonly #options: MuxOptions;
  readonly #outbox: Outbox;
  readonly #streams: StreamTable;
  readonly #cancels: TokenBucket;
  #goaway: CodeName | undefined;
  #peerGoaway: CodeName | undefined;
  #ended: Fault | undefined;
  /** Whether the frames that are being received are lent. */
  #isLent = false;

  constructor(options: MuxOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.sink);
    this.inner = options.level === 'inner';
    this.initialWindow = initialWindows[options.level];
    this.maxDatagramBytes = Math.min(maxDataBytes, options.sink.maxFrames - frameHeaderBytes);
    this.#streams = new StreamTable(options.side, options.peerMaxStreams ?? maxStreams, this.initialWindow);
    this.quick = new GrowthBudget(quickGrowth, options.growth);
    this.steady = new GrowthBudget(sessionGrowth - quickGrowth, options.growth);
    this.#cancels = new TokenBucket(options.clock, { burst: cancelBurst, perSecond: cancelPerSecond });
  }

  /** Streams open now, both directions. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Opens a stream; may be written at once. Throws the Fault of an ended session, `draining` or `limit`. */
  openStream(payload: Uint8Array): MuxStream {
    if (payload.length > maxOpenBytes) throw new Error(`an OPEN of ${payload.length} bytes is too large`);
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#peerGoaway !== undefined) throw new Fault(this.#peerGoaway);
    if (this.#goaway !== undefined) throw new Fault('draining');
    const stream = this.#streams.open((id) => new MuxStream(this, id, false));
    if (stream === undefined) throw new Fault('limit');
    this.#outbox.frame(stream.id, frameTypes.open, payload);
    return stream;
  }

  /** @param payload exactly 8 bytes, which come back in `pong` */
  ping(payload: Uint8Array): void {
    this.#outbox.frame(0, frameTypes.ping, payload);
  }

  sendGrant(jws: string): void {
    const bytes = Buffer.from(jws);
    if (bytes.length > maxGrantBytes) throw new Error(`a grant of ${bytes.length} bytes is too large`);
    this.#outbox.frame(0, frameTypes.grant, bytes);
  }

  sendNote(note: object): void {
    const bytes = Buffer.from(JSON.stringify(note));
    if (bytes.length > maxNoteBytes) throw new Error(`a note of ${bytes.length} bytes is too large`);
    this.#outbox.frame(0, frameTypes.note, bytes);
  }

  /** No new streams from here on, either way; open ones stay. */
  drain(code: CodeName): void {
    if (this.#goaway !== undefined || this.#ended !== undefined) return;
    this.#goaway = code;
    this.#outbox.goaway(code, this.#streams.lastPeerId);
  }

  /** Resets the streams of our own that the peer has not answered yet: whoever opened them may ask elsewhere. */
  resetUnanswered(code: CodeName): void {
    for (const stream of [...this.#streams.all()])
      if (!stream.isIncoming && !stream.isAccepted) stream.reset(code);
  }

  /** Ends every stream with `fault`; nothing is sent or taken afterwards. */
  end(fault: Fault): void {
    if (this.#ended !== undefined) return;
    this.#ended = fault;
    this.#outbox.end();
    for (const stream of this.#streams.all()) stream.receiveReset(fault);
  }

  /** Sends what waits, without waiting for the end of tick or turn. */
  flush(): void {
    this.#outbox.flush();
  }

  /** The sink takes records again. */
  drained(): void {
    this.#outbox.drained();
  }

  /**
   * Takes the frames of one record, which belong to the mux from now on unless they are lent: then they are valid during
   * the call only. Returns the Fault that must end the session, or undefined.
   */
  receive(frames: Buffer, isLent = false): Fault | undefined {
    this.#isLent = isLent;
    let offset = 0;
    while (offset < frames.length && this.#ended === undefined) {
      if (frames.length - offset < frameHeaderBytes) return broken('a frame header is cut short');
      const stream = frames.readUInt32BE(offset);
      const type = frames[offset + 4] as number;
      const length = frames.readUIntBE(offset + 5, 3);
      const start = offset + frameHeaderBytes;
      const end = start + length;
      if (end > frames.length) return broken('a frame is longer than its record');
      const why =
        stream === 0
          ? this.#receiveSession(type, frames, start, end)
          : this.#receiveStream(stream, type, frames, start, end);
      if (why !== undefined) return why === 'limit' ? new Fault('limit') : broken(why);
      offset = end;
    }
    this.#outbox.throttle();
    return undefined;
  }

  /** A frame of stream 0. Returns what was wrong with it. */
  #receiveSession(type: number, frames: Buffer, start: number, end: number): string | undefined {
    const length = end - start;
    const { handlers } = this.#options;
    switch (type) {
      case frameTypes.ping:
        if (length !== pingBytes) return 'a PING of a wrong length';
        this.#outbox.answer(0, frameTypes.pong, frames.subarray(start, end));
        return undefined;
      case frameTypes.pong:
        if (length !== pingBytes) return 'a PONG of a wrong length';
        handlers.pong?.(frames.subarray(start, end));
        return undefined;
      case frameTypes.goaway:
        if (length !== 6) return 'a GOAWAY of a wrong length';
        this.#receiveGoaway(frames.readUInt16BE(start), frames.readUInt32BE(start + 2));
        return undefined;
      case frameTypes.grant:
        if (!this.inner || length > maxGrantBytes) return 'a GRANT that is too long or on the hop';
        handlers.grant?.(frames.subarray(start, end));
        return undefined;
      case frameTypes.note:
        if (!this.inner || length > maxNoteBytes) return 'a NOTE that is too long or on the hop';
        handlers.note?.(frames.subarray(start, end));
        return undefined;
      default:
        return `frame type ${type} on stream 0`;
    }
  }

  /** A frame of any other stream. Returns what was wrong with it. */
  #receiveStream(id: number, type: number, frames: Buffer, start: number, end: number): string | undefined {
    if (type === frameTypes.open) return this.#receiveOpen(id, frames, start, end);
    const stream = this.#streams.get(id);
    const length = end - start;
    // What was on its way when a stream ended is nobody's fault; a stream that never was is.
    if (stream === undefined && !this.#streams.wasOpened(id))
      return 'a frame of a stream that was never opened';
    switch (type) {
      case frameTypes.data:
        if (length === 0 || length > maxDataBytes) return 'a DATA of a wrong length';
        return this.#receiveData(stream, frames, start, end)
          ? undefined
          : 'DATA over the window or after FIN';
      case frameTypes.accept:
        if (length !== 0) return 'an ACCEPT of a wrong length';
        return stream === undefined || stream.receiveAccept() ? undefined : 'an ACCEPT nobody waited for';
      case frameTypes.credit:
        if (length !== 4) return 'a CREDIT of a wrong length';
        return stream === undefined || stream.receiveCredit(frames.readUInt32BE(start))
          ? undefined
          : 'a CREDIT of nothing or of too much';
      case frameTypes.fin:
        return this.#receiveFin(stream, frames, start, length);
      case frameTypes.reset:
        if (length !== 2) return 'a RESET of a wrong length';
        return this.#receiveReset(stream, frames.readUInt16BE(start));
      case frameTypes.datagram:
        if (!this.inner || length > maxDataBytes) return 'a DGRAM that is too long or on the hop';
        stream?.receiveDatagram(Buffer.from(frames.subarray(start, end)));
        return undefined;
      default:
        return `frame type ${type} on a stream`;
    }
  }

  #receiveData(stream: MuxStream | undefined, frames: Buffer, start: number, end: number): boolean {
    if (stream !== undefined) {
      const bytes = this.#isLent ? frames.subarray(start, end) : this.#keep(frames, start, end);
      return stream.receiveData(bytes, this.#isLent);
    }
    return this.#streams.takeLate(end - start);
  }

  #receiveOpen(id: number, frames: Buffer, start: number, end: number): string | undefined {
    if (end - start > maxOpenBytes) return 'an OPEN that is too long';
    const objection = this.#streams.takePeerId(id);
    if (objection !== undefined) return objection;
    const refusal = this.#goaway === undefined ? this.#streams.refusal : 'draining';
    if (refusal !== undefined) {
      this.#streams.refuse();
      this.#outbox.reset(id, refusal, true);
      return undefined;
    }
    const stream = new MuxStream(this, id, true);
    this.#streams.admit(stream);
    this.#options.handlers.stream(stream, frames.subarray(start, end));
    return undefined;
  }

  #receiveFin(
    stream: MuxStream | undefined,
    frames: Buffer,
    start: number,
    length: number,
  ): string | undefined {
    if (length !== (this.inner ? 16 : 0)) return 'a FIN of a wrong length';
    if (stream === undefined) return undefined;
    const good = this.inner
      ? stream.receiveFin(Number(frames.readBigUInt64BE(start)), Number(frames.readBigUInt64BE(start + 8)))
      : stream.receiveFin(undefined, undefined);
    return good ? undefined : 'a second FIN, or one whose counters are wrong';
  }

  #receiveReset(stream: MuxStream | undefined, code: number): string | undefined {
    if (stream === undefined) return undefined;
    const isCancel = stream.isIncoming && !stream.isAccepted;
    stream.receiveReset(new Fault(codeName(code)));
    // A peer that only opens and cancels would keep us dialling for nothing.
    return isCancel && !this.#cancels.take() ? 'limit' : undefined;
  }

  #receiveGoaway(code: number, last: number): void {
    this.#peerGoaway = codeName(code);
    for (const stream of this.#streams.all()) {
      if (!stream.isIncoming && stream.id > last) stream.receiveReset(new Fault(codeName(code)));
    }
    this.#options.handlers.goaway?.(codeName(code));
  }

  /** The payload as a buffer that may be held without holding much more. */
  #keep(frames: Buffer, start: number, end: number): Buffer {
    const view = frames.subarray(start, end);
    return view.length * copyRatio < frames.buffer.byteLength ? Buffer.from(view) : view;
  }

  // What streams ask for.

  ready(stream: MuxStream): void {
    this.#outbox.ready(stream);
  }

  sendAccept(stream: MuxStream): void {
    this.#streams.accepted();
    this.#outbox.answer(stream.id, frameTypes.accept, nothing);
  }

  sendCredit(stream: MuxStream, bytes: number): void {
    this.#outbox.credit(stream.id, bytes);
  }

  sendReset(stream: MuxStream, code: CodeName): void {
    this.#outbox.reset(stream.id, code, stream.isIncoming);
  }

  periodMs(): number | undefined {
    const rttMs = this.#options.minRttMs();
    return rttMs === undefined ? undefined : Math.max(2 * rttMs, busyPathMs);
  }

  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  forget(stream: MuxStream, late: number): void {
    this.#streams.forget(stream, late);
  }
}

function broken(why: string): Fault {
  return new Fault('protocol', `The other side broke the protocol: ${why}.`);
}
