/**
 * Memory for bytes on their way to an application: blocks that whoever wrote them gives back, to be used again. What waits
 * for a slow application outlives the collector's quick rounds, and only a full one frees it, which memory outside the
 * heap brings about after 64 MB.
 */
import { giveBlock, recordBlockBytes, smallRecordBytes, takeBlock } from './record-block.ts';

export const waitingBlockBytes = 16 * 1_024;
/** Blocks kept for later; what is given back beyond that is left to the garbage collector. */
const mostFree = 2_048;
/** What is smaller than this is not worth a block. */
const smallBytes = 2_048;

const free: Buffer[] = [];
const lent = new WeakSet<ArrayBufferLike>();

/** A block of `waitingBlockBytes` with anything in it: the caller's until it, or a view of it, is given back. */
export function takeWaitingBlock(): Buffer {
  return noted(free.pop() ?? Buffer.allocUnsafeSlow(waitingBlockBytes));
}

/** A copy of at most a record, in a block where that is worth it: the caller's until it is given back. */
export function copyToBlock(bytes: Buffer): Buffer {
  if (bytes.length < smallBytes) return Buffer.from(bytes);
  const block = bytes.length <= smallRecordBytes ? takeWaitingBlock() : noted(takeBlock());
  return block.subarray(0, bytes.copy(block));
}

/**
 * Gives back the block that `bytes` lie in, which nobody may look at afterwards. Other memory is left as it is, and so is
 * a block that was given back before.
 */
export function giveBackBlock({ buffer }: Buffer): void {
  if (!lent.delete(buffer)) return;
  if (buffer.byteLength === recordBlockBytes) giveBlock(Buffer.from(buffer));
  else if (free.length < mostFree) free.push(Buffer.from(buffer));
}

/** Leaves the blocks that nobody has now to the garbage collector. */
export function dropFreeWaitingBlocks(): void {
  free.length = 0;
}

function noted(block: Buffer): Buffer {
  lent.add(block.buffer);
  return block;
}
