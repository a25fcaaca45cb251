/**
 * Where records are put together before they are sealed and sent: one large block at a time, shared by all sessions of
 * the process, so that an idle session holds none of it and a small record costs no allocation.
 */
const blockBytes = 512 * 1_024;

let block = Buffer.alloc(0);
let used = 0;

/** A reserved stretch of memory: `buffer[start, end)`. One object per record, not per frame. */
export interface RecordSpace {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Reserves `bytes` for one record. Others may reserve before it is cut. */
export function reserveRecord(bytes: number): RecordSpace {
  if (block.length - used < bytes) {
    block = Buffer.allocUnsafeSlow(Math.max(bytes, blockBytes));
    used = 0;
  }
  const start = used;
  used += bytes;
  return { buffer: block, start, end: used };
}

/** The record ends at `end`, and what was reserved behind it is free again if nobody reserved since. */
export function cutRecord(space: RecordSpace, end: number): void {
  if (space.buffer === block && space.end === used) used = end;
}
