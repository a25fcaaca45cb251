/**
 * A pair of carriers in memory. A test sees every byte that passes and decides what is delivered, held, dropped,
 * changed or cut, and into which pieces it is chopped.
 */
import type { Fault } from '../../protocol/errors.ts';
import { giveBlock } from '../../protocol/mux/record-block.ts';
import type { Carrier, CarrierEvents } from '../../protocol/link/carrier.ts';

const highWaterBytes = 128 * 1_024;

/** One way of the pair, as a test holds it. */
export class Direction {
  /** Every write, as it was made. */
  readonly sent: Buffer[] = [];
  /** Pieces of at most this many bytes are delivered. */
  chunk = Number.POSITIVE_INFINITY;
  /** Changes a write when its turn to be delivered comes; undefined drops it. */
  change: (bytes: Buffer) => Buffer | undefined = (bytes) => bytes;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What is left of a write of which pieces have been delivered. */
  #rest: Buffer | undefined;
  #isHeld = false;
  #isScheduled = false;
  #end: { fault: Fault | undefined } | undefined;
  receiver: MemoryCarrier | undefined;
  sender: MemoryCarrier | undefined;

  /** Nothing is delivered until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.schedule();
  }

  /** Bytes as if the sender had written them. */
  inject(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.schedule();
  }

  write(bytes: Buffer): boolean {
    this.sent.push(Buffer.from(bytes));
    this.inject(bytes);
    return this.#waitingBytes < highWaterBytes;
  }

  end(fault: Fault | undefined): void {
    this.#end ??= { fault };
    if (fault !== undefined) {
      this.#waiting.length = 0;
      this.#rest = undefined;
    }
    this.schedule();
  }

  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const wasFull = this.#waitingBytes >= highWaterBytes;
    while (!this.#isHeld && this.receiver?.isReading === true) {
      const bytes = this.#rest ?? this.#next();
      if (bytes === undefined) {
        if (this.#end !== undefined) this.receiver.end(this.#end.fault);
        break;
      }
      const piece = bytes.subarray(0, this.chunk);
      this.#rest = piece.length < bytes.length ? bytes.subarray(piece.length) : undefined;
      this.receiver.take(Buffer.from(piece));
    }
    if (wasFull && this.#waitingBytes < highWaterBytes) this.sender?.drained();
  }

  #next(): Buffer | undefined {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return undefined;
      this.#waitingBytes -= bytes.length;
      const changed = this.change(bytes);
      if (changed !== undefined && changed.length > 0) return changed;
    }
  }
}

export class MemoryCarrier implements Carrier {
  readonly #outgoing: Direction;
  readonly #incoming: Direction;
  #events: CarrierEvents | undefined;
  #isPaused = false;
  #closed: { fault: Fault | undefined } | undefined;

  constructor(outgoing: Direction, incoming: Direction) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    outgoing.sender = this;
    incoming.receiver = this;
  }

  start(events: CarrierEvents): void {
    this.#events = events;
    if (this.#closed !== undefined) return events.closed(this.#closed.fault);
    this.#incoming.schedule();
  }

  write(bytes: Buffer, block?: Buffer): boolean {
    if (this.#closed !== undefined) return true;
    if (block === undefined) return this.#outgoing.write(bytes);
    const isReady = this.#outgoing.write(Buffer.from(bytes));
    // Whoever still looked at it would see this.
    giveBlock(block.fill(0xdd));
    return isReady;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#incoming.schedule();
  }

  close(fault?: Fault): void {
    if (this.#closed !== undefined) return;
    this.#outgoing.end(fault);
    this.end(fault);
  }

  // For the direction.

  get isReading(): boolean {
    return this.#events !== undefined && !this.#isPaused && this.#closed === undefined;
  }

  take(bytes: Buffer): void {
    this.#events?.data(bytes);
    // Whoever still looked at it would see this.
    bytes.fill(0xdd);
  }

  drained(): void {
    if (this.#closed === undefined) this.#events?.drain();
  }

  end(fault: Fault | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = { fault };
    this.#outgoing.end(fault);
    this.#events?.closed(fault);
  }
}

export interface MemoryPair {
  readonly left: Carrier;
  readonly right: Carrier;
  readonly toRight: Direction;
  readonly toLeft: Direction;
  /** Ends both sides at once, as a lost path does. */
  cut(fault: Fault): void;
}

export function memoryCarriers(): MemoryPair {
  const toRight = new Direction();
  const toLeft = new Direction();
  const left = new MemoryCarrier(toRight, toLeft);
  const right = new MemoryCarrier(toLeft, toRight);
  return {
    left,
    right,
    toRight,
    toLeft,
    cut(fault) {
      left.end(fault);
      right.end(fault);
    },
  };
}
