/** A carrier over any Node Duplex: a TCP socket, or a stream of the hop mux (a circuit through a relay). */
import type { Duplex } from 'node:stream';
import { Fault } from '../errors.ts';
import { giveBlock } from '../mux/record-block.ts';
import { MuxStream } from '../mux/stream.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';

/** From this much unsent on, `write` asks to wait: what comes later should not stand behind a queue down here. */
const highWaterBytes = 48 * 1_024;

/** The duplex belongs to the carrier from now on. */
export function duplexCarrier(duplex: Duplex): Carrier {
  return new DuplexCarrier(duplex);
}

class DuplexCarrier implements Carrier {
  readonly #duplex: Duplex;
  #events: CarrierEvents | undefined;
  #fault: Fault | undefined;
  #closed = false;
  #isWaiting = false;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
    duplex.on('error', (error: Error) => {
      this.#fault ??=
        error instanceof Fault ? error : new Fault('unreachable', error.message, { cause: error });
    });
    duplex.on('close', () => this.#end(this.#fault));
  }

  start(events: CarrierEvents): void {
    if (this.#events !== undefined) throw new Error('a carrier starts once');
    this.#events = events;
    if (this.#closed) return events.closed(this.#fault);
    const take = (bytes: Buffer): void => {
      if (!this.#closed) events.data(bytes);
    };
    if (this.#duplex instanceof MuxStream) this.#duplex.onLentData(take);
    else this.#duplex.on('data', take);
    this.#duplex.on('end', () => this.close());
  }

  write(bytes: Buffer, block?: Buffer): boolean {
    if (this.#closed || this.#duplex.writableEnded) return true;
    if (block === undefined) this.#duplex.write(bytes, this.#sent);
    else {
      this.#duplex.write(bytes, () => {
        giveBlock(block);
        this.#sent();
      });
    }
    // A small write after the large one does not mean that nobody waits any more.
    this.#isWaiting ||= this.#duplex.writableLength >= highWaterBytes;
    return !this.#isWaiting;
  }

  pause(): void {
    this.#duplex.pause();
  }

  resume(): void {
    this.#duplex.resume();
  }

  close(fault?: Fault): void {
    if (this.#closed) return;
    if (fault === undefined) {
      this.#duplex.end();
      // What still arrives is read and dropped, so that the other side's end is seen.
      this.#duplex.resume();
    } else if (this.#duplex instanceof MuxStream) this.#duplex.reset(fault.code);
    else this.#duplex.destroy();
    this.#end(fault);
  }

  readonly #sent = (): void => {
    if (!this.#isWaiting || this.#closed || this.#duplex.writableLength > highWaterBytes / 2) return;
    this.#isWaiting = false;
    this.#events?.drain();
  };

  #end(fault: Fault | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fault ??= fault;
    this.#events?.closed(fault);
  }
}
