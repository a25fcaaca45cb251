/**
 * The control channel between a node and the controller (WIRE A4): messages `u32 length | JSON` over a secure channel.
 * Framing only; what the messages say is `control.ts`. It does not ping, since the controller's beats do.
 */
import type { Clock, Random } from '../clock.ts';
import { Fault, type CodeName } from '../errors.ts';
import type { AgreementKey } from '../keys.ts';
import { hasRepeatedKeys } from '../repeated-keys.ts';
import type { Carrier } from './carrier.ts';
import type { HandshakeBudget } from './handshake-budget.ts';
import { controlPrologue } from './handshake-messages.ts';
import {
  acceptSecureChannel,
  maxFirstPlaintextBytes,
  openSecureChannel,
  type SecureChannel,
} from './secure-channel.ts';

export const controlSubprotocol = 'postern.control.v1';
/** The largest message, in bytes of JSON. */
export const maxControlMessageBytes = 4 * 1_024 * 1_024;
/** A peer that lets this much pile up is cut off. */
const maxUnsentBytes = 16 * 1_024 * 1_024;
const lengthBytes = 4;
const recordBytes = 32_768;

export interface ControlEvents {
  /** One message: a JSON object, otherwise unchecked. */
  message(message: Record<string, unknown>): void;
  /** Once, whoever ended it. */
  closed(fault: Fault): void;
}

export interface ControlChannelOptions {
  readonly own: AgreementKey;
  readonly clock: Clock;
  readonly random: Random;
}

/** Node: `peer` is the controller's control key. Rejects with a Fault. */
export async function openControlChannel(
  carrier: Carrier,
  options: ControlChannelOptions & { readonly peer: Buffer },
): Promise<ControlChannel> {
  const channel = await openSecureChannel(carrier, { ...options, prologue: controlPrologue, kem: true });
  return new ControlChannel(channel);
}

/** Controller. Resolves when the node's first record opened; rejects with a Fault. */
export async function acceptControlChannel(
  carrier: Carrier,
  options: ControlChannelOptions & { readonly budget: HandshakeBudget; readonly source: string },
): Promise<ControlChannel> {
  const channel = await acceptSecureChannel(carrier, { ...options, prologue: controlPrologue, kem: true });
  return new ControlChannel(channel);
}

export class ControlChannel {
  readonly #channel: SecureChannel;
  #events: ControlEvents | undefined;
  #isClosed = false;
  /** The first record of an initiator must be small; later ones need not. */
  #isFirst = true;
  #isBlocked = false;
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  /** What has arrived of the current message, length included; grows with what arrives, not with what is announced. */
  #received = Buffer.alloc(0);
  #receivedBytes = 0;

  constructor(channel: SecureChannel) {
    this.#channel = channel;
  }

  /** The other side's static key, raw X25519. */
  get peerKey(): Buffer {
    return this.#channel.peerKey;
  }

  /** What `control` and `enrol` signatures cover, 32 bytes. */
  get handshakeHash(): Buffer {
    return this.#channel.handshakeHash;
  }

  /** Begins to deliver messages; exactly once. What arrived before waits. */
  start(events: ControlEvents): void {
    this.#events = events;
    this.#channel.start({
      record: (plaintext) => this.#take(plaintext),
      drain: () => {
        this.#isBlocked = false;
        this.#flush();
      },
      closed: (fault) => this.#end(fault),
    });
  }

  /** Throws a Fault `limit` when the message is larger than 4 MiB; after the end it does nothing. */
  send(message: object): void {
    if (this.#isClosed) return;
    const json = JSON.stringify(message);
    const framed = framedFor(Buffer.byteLength(json));
    framed.write(json, lengthBytes);
    this.#queue(framed);
  }

  /** The same for a message that is JSON already, in parts, which are copied. */
  sendWritten(parts: readonly Buffer[]): void {
    if (this.#isClosed) return;
    const framed = framedFor(parts.reduce((sum, { length }) => sum + length, 0));
    let at = lengthBytes;
    for (const part of parts) at += part.copy(framed, at);
    this.#queue(framed);
  }

  #queue(framed: Buffer): void {
    this.#unsent.push(framed);
    this.#unsentBytes += framed.length;
    this.#flush();
    if (this.#unsentBytes > maxUnsentBytes) this.#fail(new Fault('limit'));
  }

  /** Ends it in order: what was sent before is still delivered as far as the carrier has taken it. */
  close(code: CodeName = 'cancelled'): void {
    if (this.#isClosed) return;
    this.#end(new Fault(code));
    this.#channel.close();
  }

  #flush(): void {
    let next = 0;
    while (!this.#isBlocked && next < this.#unsent.length) {
      const bytes = this.#unsent[next] as Buffer;
      const limit = this.#isFirst ? maxFirstPlaintextBytes : recordBytes;
      this.#isFirst = false;
      const record = bytes.subarray(0, limit);
      this.#isBlocked = !this.#channel.send(record);
      this.#unsentBytes -= record.length;
      if (record.length === bytes.length) next++;
      else this.#unsent[next] = bytes.subarray(record.length);
    }
    this.#unsent = this.#unsent.slice(next);
  }

  #take(plaintext: Buffer): void {
    this.#append(plaintext);
    let start = 0;
    while (!this.#isClosed && this.#receivedBytes - start >= lengthBytes) {
      const length = this.#received.readUInt32BE(start);
      if (length > maxControlMessageBytes) return this.#broken('a message over 4 MiB');
      const end = start + lengthBytes + length;
      if (this.#receivedBytes < end) break;
      this.#deliver(this.#received.subarray(start + lengthBytes, end));
      start = end;
    }
    this.#received.copyWithin(0, start, this.#receivedBytes);
    this.#receivedBytes -= start;
    if (this.#receivedBytes === 0) this.#received = Buffer.alloc(0);
  }

  #append(bytes: Buffer): void {
    const needed = this.#receivedBytes + bytes.length;
    if (needed > this.#received.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#received.length));
      this.#received.copy(larger, 0, 0, this.#receivedBytes);
      this.#received = larger;
    }
    bytes.copy(this.#received, this.#receivedBytes);
    this.#receivedBytes = needed;
  }

  #deliver(bytes: Buffer): void {
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString());
    } catch {
      return this.#broken('a message that is not JSON');
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      return this.#broken('a message that is no object');
    }
    if (hasRepeatedKeys(bytes)) return this.#broken('a message that names something twice');
    this.#events?.message(message as Record<string, unknown>);
  }

  #broken(why: string): void {
    this.#fail(new Fault('protocol', `The other side broke the protocol: ${why}.`));
  }

  #fail(fault: Fault): void {
    if (this.#isClosed) return;
    this.#end(fault);
    this.#channel.close(fault);
  }

  #end(fault: Fault): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsent = [];
    this.#received = Buffer.alloc(0);
    this.#receivedBytes = 0;
    this.#events?.closed(fault);
  }
}

/** Room for a message of so many bytes behind its length. Throws a Fault `limit` when it may not be so long. */
function framedFor(length: number): Buffer {
  if (length > maxControlMessageBytes)
    throw new Fault('limit', `a control message of ${length} bytes is too large`);
  const framed = Buffer.allocUnsafe(lengthBytes + length);
  framed.writeUInt32BE(length);
  return framed;
}
