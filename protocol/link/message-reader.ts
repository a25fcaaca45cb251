/**
 * Cuts the byte stream of a carrier into the messages of WIRE A6, `u16 n | u8 type | u8 epoch | body (n − 2)`, without
 * copying those that arrive in one piece. Checks lengths on the header, before a byte is kept.
 */
import { giveBlock, smallRecordBytes, takeBlock } from '../mux/record-block.ts';

export const messageHeaderBytes = 4;
/** The largest body a header can announce. */
export const maxBodyBytes = 65_533;

/** `body` is valid during the call only, in which the handler may overwrite it. */
export type MessageHandler = (type: number, epoch: number, body: Buffer) => void;

export class MessageReader {
  readonly #handle: MessageHandler;
  #limit: number;
  #header = Buffer.alloc(messageHeaderBytes);
  #headerFilled = 0;
  /** The body that came in pieces, and the block that a large one lies in. */
  #body: Buffer | undefined;
  #block: Buffer | undefined;
  #bodyFilled = 0;
  #isStopped = false;

  /** @param limit the largest body taken; a header that announces more is refused */
  constructor(limit: number, handle: MessageHandler) {
    this.#limit = limit;
    this.#handle = handle;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
  }

  /** Ends it: the rest of what is being fed is dropped. */
  stop(): void {
    this.#isStopped = true;
    this.#body = undefined;
  }

  /** Takes bytes, which are valid during the call only and may be overwritten in it. False: the framing is broken. */
  feed(bytes: Buffer): boolean {
    let offset = 0;
    while (offset < bytes.length && !this.#isStopped) {
      if (this.#body !== undefined) {
        offset += this.#continue(this.#body, bytes, offset);
        continue;
      }
      if (this.#headerFilled === 0 && bytes.length - offset >= messageHeaderBytes) {
        const length = bytes.readUInt16BE(offset) - 2;
        if (length < 0 || length > this.#limit) return false;
        const start = offset + messageHeaderBytes;
        if (bytes.length - start >= length) {
          offset = start + length;
          this.#handle(bytes[start - 2] as number, bytes[start - 1] as number, bytes.subarray(start, offset));
          continue;
        }
      }
      this.#header[this.#headerFilled++] = bytes[offset++] as number;
      if (this.#headerFilled < messageHeaderBytes) continue;
      const length = this.#header.readUInt16BE(0) - 2;
      if (length < 0 || length > this.#limit) return false;
      if (length >= smallRecordBytes) this.#block = takeBlock();
      this.#body = this.#block?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length);
      this.#bodyFilled = 0;
      if (length === 0) this.#complete(this.#body);
    }
    return true;
  }

  #continue(body: Buffer, bytes: Buffer, offset: number): number {
    const taken = Math.min(body.length - this.#bodyFilled, bytes.length - offset);
    bytes.copy(body, this.#bodyFilled, offset, offset + taken);
    this.#bodyFilled += taken;
    if (this.#bodyFilled === body.length) this.#complete(body);
    return taken;
  }

  #complete(body: Buffer): void {
    const block = this.#block;
    this.#body = undefined;
    this.#block = undefined;
    this.#headerFilled = 0;
    this.#handle(this.#header[2] as number, this.#header[3] as number, body);
    if (block !== undefined) giveBlock(block);
  }
}
