/**
 * A carrier over plain TCP, between a client and a connector without a relay (WIRE A6). Adds to the bytes of the channel
 * only this: a responder that refuses an INIT for want of budget says so in place of RESP, by the message
 * `u16 4 | u8 4 BUSY | u8 0 | u16 code`, since nothing else of TCP could carry the code.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { codes, Fault } from '../errors.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { duplexCarrier } from './duplex-carrier.ts';

const busyMessage = Buffer.from([0, 4, 4, 0, codes.busy >>> 8, codes.busy]);
/** How long the other side has to take the rest and end too, once this one has ended in order. */
const lingerMs = 2_000;

/** The responder's: `head` has arrived already, and the socket is paused. It is the carrier's from now on. */
export function acceptedTcpCarrier(socket: Socket, head: Buffer, clock: Clock): Carrier {
  const carrier = duplexCarrier(socket);
  let hasWritten = false;
  return {
    start(events) {
      carrier.start(events);
      carrier.resume();
      if (head.length > 0) events.data(head);
    },
    write(bytes, block) {
      hasWritten = true;
      return carrier.write(bytes, block);
    },
    pause: () => carrier.pause(),
    resume: () => carrier.resume(),
    close(fault) {
      const tells = fault?.code === 'busy' && !hasWritten;
      if (tells) carrier.write(Buffer.from(busyMessage));
      carrier.close(tells ? undefined : fault);
      // Whoever never ends their half would keep the socket for ever.
      if (!socket.destroyed)
        socket.once(
          'close',
          clock.after(lingerMs, () => socket.destroy()),
        );
    },
  };
}

/** The initiator's. The socket is connected, and the carrier's from now on. */
export function dialledTcpCarrier(socket: Socket): Carrier {
  return new DialledTcpCarrier(duplexCarrier(socket));
}

class DialledTcpCarrier implements Carrier {
  readonly #carrier: Carrier;
  #events: CarrierEvents | undefined;
  /** What has arrived while it may still be the whole of a BUSY. */
  #first: Buffer | undefined = Buffer.alloc(0);
  #isOver = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  start(events: CarrierEvents): void {
    this.#events = events;
    this.#carrier.start({
      data: (bytes) => this.#data(bytes, events),
      drain: () => events.drain(),
      closed: (fault) => this.#end(fault),
    });
  }

  write(bytes: Buffer, block?: Buffer): boolean {
    return this.#carrier.write(bytes, block);
  }

  pause(): void {
    this.#carrier.pause();
  }

  resume(): void {
    this.#carrier.resume();
  }

  close(fault?: Fault): void {
    this.#carrier.close(fault);
  }

  #data(bytes: Buffer, events: CarrierEvents): void {
    if (this.#isOver) return undefined;
    if (this.#first === undefined) return events.data(bytes);
    const first = this.#first.length === 0 ? bytes : Buffer.concat([this.#first, bytes]);
    const shown = Math.min(first.length, busyMessage.length);
    if (!first.subarray(0, shown).equals(busyMessage.subarray(0, shown))) {
      this.#first = undefined;
      return events.data(first);
    }
    // What is kept has to be our own.
    this.#first = Buffer.from(first);
    if (shown < busyMessage.length) return undefined;
    this.#end(new Fault('busy'));
    return this.#carrier.close();
  }

  #end(fault: Fault | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events?.closed(fault);
  }
}
