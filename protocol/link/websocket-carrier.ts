/** A carrier over a WebSocket of the `ws` package, either side of it: binary messages whose borders mean nothing. */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { codes, codeName, Fault } from '../errors.ts';
import { giveBlock } from '../mux/record-block.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';

/** Close codes 4000 + our code are for applications (RFC 6455 section 7.4.2). */
const closeCodeBase = 4_000;
/** Above this much unsent, `write` asks to wait; below half of it, it asks for more. */
const highWaterBytes = 256 * 1_024;

/** The close code that carries a fault. */
export function closeCodeOf(fault: Fault): number {
  return closeCodeBase + codes[fault.code];
}

/** The fault behind a close code: none for 1000 and 1001, the carried one from 4000 on, else `unreachable`. */
export function faultOfClose(closeCode: number): Fault | undefined {
  if (closeCode === 1_000 || closeCode === 1_001) return undefined;
  if (closeCode > closeCodeBase) return new Fault(codeName(closeCode - closeCodeBase));
  return new Fault('unreachable', `the WebSocket closed with ${closeCode}`);
}

/** The socket is open already and belongs to the carrier from now on. Its `maxPayload` bounds what is kept unread. */
export function webSocketCarrier(socket: WebSocket): Carrier {
  return new WebSocketCarrier(socket);
}

class WebSocketCarrier implements Carrier {
  readonly #socket: WebSocket;
  #events: CarrierEvents | undefined;
  #fault: Fault | undefined;
  #closed = false;
  #waiting = false;
  /** Under `ws`, which gives it out only before the WebSocket is open. */
  readonly #connection: Duplex | undefined;
  /** What is written in one turn leaves at its end, in one write. */
  #isHeld = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#connection = (socket as unknown as { _socket?: Duplex })._socket;
    socket.pause();
    socket.on('error', (error) => {
      this.#fault ??= new Fault('unreachable', error.message, { cause: error });
    });
    socket.on('close', (code) => this.#end(this.#fault ?? faultOfClose(code)));
  }

  start(events: CarrierEvents): void {
    if (this.#events !== undefined) throw new Error('a carrier starts once');
    this.#events = events;
    if (this.#closed) return events.closed(this.#fault);
    this.#socket.on('message', this.#message);
    this.#socket.resume();
  }

  write(bytes: Buffer, block?: Buffer): boolean {
    if (this.#closed) return true;
    // Of what fails nobody knows who still sees its block: that one is left to the garbage collector.
    const taken = (error?: Error | null): void => {
      if (block !== undefined && (error === undefined || error === null)) giveBlock(block);
      this.#sent();
    };
    this.#hold();
    this.#socket.send(bytes, block === undefined ? this.#sent : taken);
    this.#waiting ||= this.#socket.bufferedAmount >= highWaterBytes;
    return !this.#waiting;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(fault?: Fault): void {
    if (this.#closed) return;
    // A paused socket never sees the other side's close.
    this.#socket.resume();
    if (fault === undefined) this.#socket.close(1_000);
    else this.#socket.close(closeCodeOf(fault));
    this.#end(fault);
  }

  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#connection?.cork();
    process.nextTick(this.#release);
  }

  readonly #release = (): void => {
    this.#isHeld = false;
    this.#connection?.uncork();
  };

  readonly #message = (data: RawData, isBinary: boolean): void => {
    if (this.#closed) return;
    if (!isBinary) return this.close(new Fault('protocol'));
    this.#events?.data(data as Buffer);
  };

  readonly #sent = (): void => {
    if (!this.#waiting || this.#closed || this.#socket.bufferedAmount > highWaterBytes / 2) return;
    this.#waiting = false;
    this.#events?.drain();
  };

  #end(fault: Fault | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fault ??= fault;
    this.#events?.closed(fault);
  }
}
