/**
 * The mux over an attached WebSocket, as node and relay both run it: whole frames per binary message, pings in the data
 * path, back-pressure by pausing the socket. Text messages are the attach protocol's and go to `text`.
 */
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { Fault } from '../errors.ts';
import { frameHeaderBytes, frameTypes, hopRecordBytes, pingBytes } from '../mux/frames.ts';
import { giveBlock, smallRecordBytes } from '../mux/record-block.ts';
import type { GrowthBudget } from '../mux/growth-budget.ts';
import { Mux } from '../mux/mux.ts';
import type { RecordSink } from '../mux/outbox.ts';
import type { MuxStream } from '../mux/stream.ts';
import { BinaryMessages, messageHeadroom } from './binary-messages.ts';
import { takeBinaryMessages, type BinaryReads } from './binary-reads.ts';
import { Liveness } from './liveness.ts';
import { closeCodeOf, faultOfClose } from './websocket-carrier.ts';
import { countPassed } from './collect-garbage.ts';

/**
 * With this much unsent, the mux waits: one large record is on its way at a time, and whatever comes meanwhile has its
 * place in the next by the mux's rules, not behind a queue.
 */
const highWaterBytes = 16 * 1_024;

/** Who is asked whether it lives answers within this. */
const checkMs = 2_500;

export interface HopHandlers {
  /** The other side opened a stream; `payload` is valid during the call only. */
  stream(stream: MuxStream, payload: Buffer): void;
  text(message: string): void;
  /** The other side takes no new streams from now on. */
  draining?(): void;
  /** Once, whoever ended it. */
  closed(fault: Fault): void;
}

export interface HopOptions {
  readonly side: 'dialler' | 'acceptor';
  readonly clock: Clock;
  readonly handlers: HopHandlers;
  /** Brings the binary messages of the side that dialled; whatever it does not comes by the socket. */
  readonly reads?: BinaryReads;
  /** Windows of all hops of a process grow out of this; default: without a common bound. */
  readonly growth?: GrowthBudget;
}

export class HopLink implements RecordSink {
  readonly headroom = messageHeadroom;
  readonly maxFrames = hopRecordBytes;
  readonly #socket: WebSocket;
  readonly #messages: BinaryMessages;
  readonly #handlers: HopHandlers;
  readonly #options: HopOptions;
  readonly #mux: Mux;
  readonly #liveness: Liveness;
  #isBlocked = false;
  /** Messages so far. */
  #heard = 0;
  #cancelCheck: (() => void) | undefined;
  #isOver = false;

  /** The socket is open and attached, and the link's from now on. */
  constructor(socket: WebSocket, options: HopOptions) {
    this.#socket = socket;
    this.#messages = new BinaryMessages(socket, options.side);
    this.#handlers = options.handlers;
    this.#options = options;
    this.#liveness = new Liveness(
      options.clock,
      (payload) => this.#mux.ping(payload),
      () => this.close(new Fault('timeout', 'The other side of the hop has been silent for 6 s.')),
    );
    this.#mux = new Mux({
      level: 'hop',
      side: options.side,
      sink: this,
      clock: options.clock,
      minRttMs: () => this.#liveness.minRttMs,
      ...(options.growth === undefined ? {} : { growth: options.growth }),
      handlers: {
        stream: (stream, payload) => this.#handlers.stream(stream, payload),
        pong: (payload) => this.#liveness.pong(payload),
        goaway: () => this.#handlers.draining?.(),
      },
    });
    socket.on('message', this.#message);
    const take = (message: Buffer): void => this.#frames(message, true);
    if (options.side === 'acceptor') takeBinaryMessages(socket, take);
    else options.reads?.takeMessages(take);
    socket.on('error', (error) => this.#end(new Fault('unreachable', error.message, { cause: error })));
    socket.on('close', (code) => this.#end(faultOfClose(code) ?? new Fault('draining')));
    this.#liveness.start();
  }

  get rttMs(): number | undefined {
    return this.#liveness.rttMs;
  }

  get streams(): number {
    return this.#mux.streams;
  }

  /** Throws a Fault: `limit`, or what ended the hop. */
  openStream(payload: Buffer): MuxStream {
    return this.#mux.openStream(payload);
  }

  /** Says GOAWAY: no new streams from here on, either way; those that are open stay. */
  drain(): void {
    this.#mux.drain('draining');
  }

  /** There is reason to doubt it: without a sign of life within 2.5 s it ends. */
  check(): void {
    if (this.#isOver || this.#cancelCheck !== undefined) return;
    const heard = this.#heard;
    this.#mux.ping(Buffer.alloc(pingBytes));
    this.#cancelCheck = this.#options.clock.after(checkMs, () => {
      this.#cancelCheck = undefined;
      if (this.#heard === heard)
        this.close(new Fault('timeout', 'The other side of the hop does not answer.'));
    });
  }

  sendText(message: string): void {
    if (!this.#isOver) this.#socket.send(message);
  }

  /** Ends every stream and the socket; the other side sees the code. */
  close(fault: Fault): void {
    if (this.#isOver) return;
    // What was said just before goes out before: the ends of sessions, which would otherwise be waited for.
    this.#mux.flush();
    // A paused socket never sees the answer to its close.
    this.#socket.resume();
    this.#socket.close(closeCodeOf(fault));
    this.#end(fault);
  }

  send(block: Buffer, end: number): boolean {
    if (!isPingOnly(block, end)) this.#liveness.outstanding();
    countPassed(end);
    if (end < smallRecordBytes) {
      const message = Buffer.allocUnsafe(end);
      block.copy(message, 0, 0, end);
      giveBlock(block);
      this.#messages.send(message, end, this.#sent);
    } else {
      this.#messages.send(block, end, () => {
        giveBlock(block);
        this.#sent();
      });
    }
    this.#isBlocked = this.#messages.waitingBytes >= highWaterBytes;
    return !this.#isBlocked;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  readonly #message = (data: RawData, isBinary: boolean): void => {
    if (isBinary) this.#frames(data as Buffer, false);
    else if (!this.#isOver) this.#handlers.text((data as Buffer).toString());
  };

  #frames(frames: Buffer, isLent: boolean): void {
    if (this.#isOver) return;
    this.#heard += 1;
    // TCP keeps order and confirms: whatever arrives shows that both directions work.
    this.#liveness.confirmed(true);
    countPassed(frames.length);
    const fault = this.#mux.receive(frames, isLent);
    if (fault !== undefined) this.close(fault);
  }

  readonly #sent = (): void => {
    if (!this.#isBlocked || this.#isOver || this.#messages.waitingBytes >= highWaterBytes) return;
    this.#isBlocked = false;
    this.#mux.drained();
  };

  #end(fault: Fault): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#liveness.stop();
    this.#cancelCheck?.();
    this.#mux.end(fault);
    this.#handlers.closed(fault);
  }
}

/** A lone PING or PONG: nobody waits for what follows it, or two idle sides would ping each other without end. */
function isPingOnly(block: Buffer, end: number): boolean {
  const type = block[messageHeadroom + 4];
  const isPing = type === frameTypes.ping || type === frameTypes.pong;
  return isPing && end - messageHeadroom === frameHeaderBytes + pingBytes;
}
