/**
 * What has arrived on a stream and its application has not asked for yet, in order. Small pieces are put together, so that
 * a peer cannot make many objects of one window, and nothing keeps much more memory than itself. Used by the stream alone.
 */
import { takeWaitingBlock, waitingBlockBytes } from './waiting-blocks.ts';

/** Pieces smaller than this are put together. */
const smallBytes = 2_048;
const gatherBytes = 8_192;

export class StagedBytes {
  #pieces: Buffer[] = [];
  #next = 0;
  #length = 0;
  /** Where further bytes are gathered, and how many have been. */
  #gather: Buffer | undefined;
  #gathered = 0;
  /** Whether all of it lies in waiting blocks. */
  #inBlocks = false;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** From now on what waits lies in blocks, a piece in each, which whoever gets them gives back (`giveBackBlock`). */
  useBlocks(): void {
    this.#inBlocks = true;
  }

  /** Takes bytes, which belong to it from now on unless they are lent: then they are valid during the call only. */
  add(bytes: Buffer, isLent: boolean): void {
    this.#length += bytes.length;
    if (this.#inBlocks) return this.#fillBlocks(bytes);
    if (bytes.length >= smallBytes) {
      this.#closeGather();
      const holdsMore = bytes.length * 2 < bytes.buffer.byteLength;
      this.#pieces.push(isLent || holdsMore ? ownCopy(bytes) : bytes);
      return undefined;
    }
    if (this.#gather !== undefined && this.#gather.length - this.#gathered < bytes.length)
      this.#closeGather();
    this.#gather ??= Buffer.allocUnsafeSlow(gatherBytes);
    this.#append(this.#gather, bytes);
    return undefined;
  }

  /** The oldest piece, or undefined when nothing waits. */
  shift(): Buffer | undefined {
    if (this.#next === this.#pieces.length) this.#closeGather();
    const piece = this.#pieces[this.#next];
    if (piece === undefined) return undefined;
    this.#next++;
    this.#length -= piece.length;
    if (this.#next === this.#pieces.length) {
      this.#pieces = [];
      this.#next = 0;
    }
    return piece;
  }

  clear(): void {
    this.#pieces = [];
    this.#next = 0;
    this.#length = 0;
    this.#gather = undefined;
    this.#gathered = 0;
  }

  #fillBlocks(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#gathered === waitingBlockBytes) this.#closeGather();
      this.#gather ??= takeWaitingBlock();
      const end = Math.min(bytes.length, at + this.#gather.length - this.#gathered);
      this.#append(this.#gather, bytes.subarray(at, end));
      at = end;
    }
  }

  #append(gather: Buffer, bytes: Buffer): void {
    bytes.copy(gather, this.#gathered);
    this.#gathered += bytes.length;
  }

  #closeGather(): void {
    if (this.#gather === undefined) return;
    this.#pieces.push(this.#gather.subarray(0, this.#gathered));
    this.#gather = undefined;
    this.#gathered = 0;
  }
}

function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
