/**
 * The mux over one WebSocket, as both ends of the hop run it once the node is attached: one record per binary message,
 * pings in the data path, back-pressure both ways.
 */
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { Fault, type CodeName } from '../errors.ts';
import { maxHopMessageBytes } from '../hop.ts';
import { frameHeaderBytes, pingBytes } from '../mux/frames.ts';
import { Mux, type RecordSink } from '../mux/mux.ts';
import type { MuxStream } from '../mux/stream.ts';
import { Liveness } from './liveness.ts';
import { closeCodeOf, faultOfClose } from './websocket-carrier.ts';

export interface HopOptions {
  /** Open, of this session's own from now on. */
  readonly socket: WebSocket;
  readonly side: 'dialler' | 'acceptor';
  readonly clock: Clock;
  /** The other end opened a stream; `payload` is valid during the call only. */
  stream(stream: MuxStream, payload: Buffer): void;
  /** Called once, whoever ended it. */
  closed(fault: Fault): void;
  /** What windows of this process may grow by together, where it has a limit. */
  readonly growth?: { left: number };
}

export interface HopSession {
  readonly rttMs: number | undefined;
  /** Throws a Fault: `limit`, `draining`, or what ended the session. */
  openStream(payload: object): MuxStream;
  close(code: CodeName): void;
}

/** Above this much unsent the mux waits; below half of it, it goes on. */
const highWaterBytes = 512 * 1_024;

export function runHopSession(options: HopOptions): HopSession {
  const { socket, clock } = options;
  let isOver = false;
  let isWaiting = false;
  const sink: RecordSink = {
    headroom: 0,
    tailroom: 0,
    maxFrames: maxHopMessageBytes,
    send(block, start, end) {
      if (isOver) return true;
      socket.send(block.subarray(start, end), sent);
      isWaiting = socket.bufferedAmount >= highWaterBytes;
      if (!isPingOnly(block, start, end)) liveness.outstanding();
      return !isWaiting;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  const liveness = new Liveness(
    clock,
    (payload) => mux.ping(payload),
    () => end(new Fault('unreachable', 'The relay or the path to it has been silent for 6 s.')),
  );
  const mux = new Mux({
    level: 'hop',
    side: options.side,
    sink,
    clock,
    rttMs: () => liveness.rttMs,
    ...(options.growth === undefined ? {} : { growth: options.growth }),
    handlers: {
      stream: (stream, payload) => options.stream(stream, payload),
      pong: (payload) => {
        liveness.confirmed(true);
        liveness.pong(payload);
      },
    },
  });
  socket.on('message', receive);
  socket.on('error', () => end(new Fault('unreachable')));
  socket.on('close', (code) => end(faultOfClose(code) ?? new Fault('draining')));
  liveness.start();
  return {
    get rttMs() {
      return liveness.rttMs;
    },
    openStream: (payload) => mux.openStream(Buffer.from(JSON.stringify(payload))),
    close: (code) => end(new Fault(code)),
  };

  function receive(data: RawData, isBinary: boolean): void {
    if (isOver) return;
    const fault = isBinary ? mux.receive(data as Buffer) : new Fault('protocol');
    if (fault !== undefined) end(fault);
  }

  function sent(): void {
    if (!isWaiting || isOver || socket.bufferedAmount > highWaterBytes / 2) return;
    isWaiting = false;
    mux.drained();
  }

  function end(fault: Fault): void {
    if (isOver) return;
    mux.flush();
    isOver = true;
    liveness.stop();
    mux.end(fault);
    // A paused socket would not see the other side's close.
    socket.resume();
    socket.close(closeCodeOf(fault));
    const cancel = clock.after(closeTimeoutMs, () => socket.terminate());
    socket.once('close', cancel);
    options.closed(fault);
  }
}

/** A peer that does not answer the close is cut off after this. */
const closeTimeoutMs = 2_000;

/** Whether a record is one PING or PONG: answering a ping must not keep a quiet hop busy. */
function isPingOnly(block: Buffer, start: number, end: number): boolean {
  return end - start === frameHeaderBytes + pingBytes && block.readUInt32BE(start) === 0;
}
