/**
 * Reads the binary WebSocket messages of a relay (RFC 6455 section 5.2) below `ws`, the counterpart of `BinaryMessages`:
 * what the connection brings is read into one buffer and goes into the memory of its message at once, where TLS and `ws`
 * would make two allocations and a copy of it; and that memory is used again. Text, control and fragmented messages are left to `ws`.
 */
import { connect as connectPlain, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { hopMaxPayload } from '../hop.ts';
import { giveBlock, recordBlockBytes, smallRecordBytes, takeBlock } from '../mux/record-block.ts';

/** A read and what is made of it follow each other at once, so no two connections use it at a time. */
const shared = Buffer.allocUnsafeSlow(64 * 1_024);

const finalBinary = 0x82;
/** Length bytes of this value announce two more, the next eight more. */
const shortLength = 126;
const longLength = 127;
const longestHeader = 10;

export class BinaryReads {
  #socket: Socket | undefined;
  /** Whether what comes is taken apart; until then it is the HTTP answer and what `ws` waits for. */
  #hasBegun = false;
  #take: ((message: Buffer) => void) | undefined;
  readonly #header = Buffer.alloc(longestHeader);
  #headerFilled = 0;
  /** The message that is being read, the block it lies in, and how much of it is there. */
  #message: Buffer | undefined;
  #block: Buffer | undefined;
  #messageFilled = 0;
  /** What is still to come of a frame that is for `ws`. */
  #foreign = 0;

  /** Connects, for the `createConnection` of `ws`; once. */
  connect(options: NetConnectOpts & ConnectionOptions, isSecure: boolean): Socket {
    const onread = { buffer: shared, callback: (length: number) => this.#read(shared.subarray(0, length)) };
    const way: object = { ...options, path: undefined, onread };
    const { host = '', servername = isIP(host) === 0 ? host : '' } = options as ConnectionOptions;
    this.#socket = isSecure ? connectTls({ ...way, servername }) : connectPlain(way as NetConnectOpts);
    return this.#socket;
  }

  /** The next byte is the first of a frame. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** Binary messages go to `take` from now on, and are valid during the call only; before, and what `ws` has of them already, to `ws`. */
  takeMessages(take: (message: Buffer) => void): void {
    this.#take = take;
  }

  /** False: no more for now. */
  #read(bytes: Buffer): boolean {
    if (!this.#hasBegun) return this.#pass(bytes);
    let wantsMore = true;
    for (let at = 0; at < bytes.length;) {
      if (this.#message !== undefined) at += this.#fill(this.#message, bytes, at);
      else if (this.#foreign > 0) {
        const end = Math.min(bytes.length, at + this.#foreign);
        wantsMore = this.#pass(bytes.subarray(at, end)) && wantsMore;
        this.#foreign -= end - at;
        at = end;
      } else {
        this.#header[this.#headerFilled++] = bytes[at++] as number;
        if (this.#headerFilled === headerLength(this.#header, this.#headerFilled))
          wantsMore = this.#beginFrame() && wantsMore;
      }
    }
    return wantsMore;
  }

  /** The header is whole. */
  #beginFrame(): boolean {
    const header = this.#header.subarray(0, this.#headerFilled);
    this.#headerFilled = 0;
    const length = payloadLength(header);
    const isMasked = (header[1] as number) >= 0x80;
    // What no relay sends is for `ws` to refuse.
    if (this.#take === undefined || header[0] !== finalBinary || isMasked || length > hopMaxPayload) {
      this.#foreign = length;
      return this.#pass(header);
    }
    if (length >= smallRecordBytes && length <= recordBlockBytes) this.#block = takeBlock();
    this.#message = this.#block?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    this.#messageFilled = 0;
    if (length === 0) this.#complete(this.#message);
    return true;
  }

  #fill(message: Buffer, bytes: Buffer, at: number): number {
    const taken = bytes.copy(message, this.#messageFilled, at);
    this.#messageFilled += taken;
    if (this.#messageFilled === message.length) this.#complete(message);
    return taken;
  }

  #complete(message: Buffer): void {
    this.#message = undefined;
    this.#take?.(message);
    if (this.#block !== undefined) giveBlock(this.#block);
    this.#block = undefined;
  }

  /** As the socket itself would have brought it. */
  #pass(bytes: Buffer): boolean {
    return this.#socket?.push(Buffer.from(bytes)) ?? false;
  }
}

/** How long the header is, as far as it can be told from its first `filled` bytes. A relay masks nothing. */
function headerLength(header: Buffer, filled: number): number {
  if (filled < 2) return 2;
  const length = (header[1] as number) & 0x7f;
  return 2 + (length === longLength ? 8 : length === shortLength ? 2 : 0);
}

function payloadLength(header: Buffer): number {
  const length = (header[1] as number) & 0x7f;
  if (length < shortLength) return length;
  return length === shortLength ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
}
