/**
 * The memory in which records are put together, sealed and sent: blocks of one size that are given back and used again.
 * What passes at full throughput costs no allocation, and the garbage collector, which is slow to notice memory outside
 * its heap, has nothing to do with it. Who keeps a block for long gives it back only when nobody else can see it.
 */

/** The largest record of any kind with all that is put around it. */
export const recordBlockBytes = 65_600;
/** What is smaller than this is copied out of its block, which would otherwise be held for it. */
export const smallRecordBytes = 16 * 1_024;
/** Blocks kept for the next burst; what is given back beyond that is left to the garbage collector. */
const mostFree = 192;

const free: Buffer[] = [];

/** A block of `recordBlockBytes` with anything in it: the caller's until it gives it back, or for good. */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(recordBlockBytes);
}

/** @param block from `takeBlock`; neither it nor any view of it may be used afterwards */
export function giveBlock(block: Buffer): void {
  if (block.length !== recordBlockBytes) throw new Error('only whole blocks are given back');
  if (free.length < mostFree) free.push(block);
}

/** Leaves the blocks that wait for the next burst to the garbage collector. */
export function dropFreeBlocks(): void {
  free.length = 0;
}
