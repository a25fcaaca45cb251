/**
 * Takes the bytes of a WebSocket connection apart (RFC 6455 section 5.2) below `ws`: each binary message goes into memory
 * that is used again, where `ws` would join its pieces in fresh memory. Text, control and fragmented messages are left to
 * `ws`, and so is whatever it has to refuse.
 */
import { hopMaxPayload } from '../hop.ts';
import { giveBlock, recordBlockBytes, smallRecordBytes, takeBlock } from '../mux/record-block.ts';

const finalBinary = 0x82;
const opcodeBits = 0x0f;
const closeOpcode = 0x08;
const maskBit = 0x80;
const maskBytes = 4;
/** Length bytes of this value announce two more, the next eight more. */
const shortLength = 126;
const longLength = 127;
const longestHeader = 10 + maskBytes;

export class BinaryFrames {
  readonly #masks: boolean;
  readonly #pass: (bytes: Buffer) => boolean;
  #take: ((message: Buffer) => void) | undefined;
  readonly #header = Buffer.alloc(longestHeader);
  #headerFilled = 0;
  /** The message that is being read, the block it lies in, and how much of it is there. */
  #message: Buffer | undefined;
  #block: Buffer | undefined;
  #messageFilled = 0;
  /** What is still to come of a frame that is for `ws`. */
  #foreign = 0;
  /** A close frame has begun: whatever follows it is nobody's. */
  #isClosed = false;

  /**
   * @param sender whose frames they are: the side that dialled masks, with zero (WIRE A5), the other does not
   * @param pass takes what is for `ws`, valid during the call only; false: no more for now
   */
  constructor(sender: 'dialler' | 'acceptor', pass: (bytes: Buffer) => boolean) {
    this.#masks = sender === 'dialler';
    this.#pass = pass;
  }

  /** Binary messages go to `take` from the next frame on, and are valid during the call only; before, to `ws`. */
  takeMessages(take: (message: Buffer) => void): void {
    this.#take = take;
  }

  /** Takes bytes, which are valid during the call only and begin where the last ones ended. False: no more for now. */
  feed(bytes: Buffer): boolean {
    let wantsMore = true;
    for (let at = 0; at < bytes.length;) {
      if (this.#message !== undefined) at += this.#fill(this.#message, bytes, at);
      else if (this.#foreign > 0) {
        const end = Math.min(bytes.length, at + this.#foreign);
        wantsMore = this.#pass(bytes.subarray(at, end)) && wantsMore;
        this.#foreign -= end - at;
        at = end;
      } else if (this.#isClosed) return true;
      else {
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
    if (this.#take === undefined || !this.#isOurs(header) || length > hopMaxPayload) {
      this.#foreign = length;
      this.#isClosed = ((header[0] as number) & opcodeBits) === closeOpcode;
      return this.#pass(header);
    }
    if (length >= smallRecordBytes && length <= recordBlockBytes) this.#block = takeBlock();
    this.#message = this.#block?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    this.#messageFilled = 0;
    if (length === 0) this.#complete(this.#message);
    return true;
  }

  /** A whole binary message whose payload is what it stands for; what masks otherwise, or should, is for `ws`. */
  #isOurs(header: Buffer): boolean {
    const isMasked = (header[1] as number) >= maskBit;
    const isPlain = !isMasked || header.readUInt32BE(header.length - maskBytes) === 0;
    return header[0] === finalBinary && isMasked === this.#masks && isPlain;
  }

  #fill(message: Buffer, bytes: Buffer, at: number): number {
    const taken = bytes.copy(message, this.#messageFilled, at);
    this.#messageFilled += taken;
    if (this.#messageFilled === message.length) this.#complete(message);
    return taken;
  }

  #complete(message: Buffer): void {
    const block = this.#block;
    this.#message = undefined;
    this.#block = undefined;
    this.#take?.(message);
    if (block !== undefined) giveBlock(block);
  }
}

/** How long the header is, as far as it can be told from its first `filled` bytes. */
function headerLength(header: Buffer, filled: number): number {
  if (filled < 2) return 2;
  const second = header[1] as number;
  const length = second & (maskBit - 1);
  const lengthBytes = length === longLength ? 8 : length === shortLength ? 2 : 0;
  return 2 + lengthBytes + (second >= maskBit ? maskBytes : 0);
}

function payloadLength(header: Buffer): number {
  const length = (header[1] as number) & (maskBit - 1);
  if (length < shortLength) return length;
  return length === shortLength ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
}
