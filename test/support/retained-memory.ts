/** What this process still holds after a full collection: heap and buffers together. For bounds on memory in tests. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settle } from './settle.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes held once everything that waits for the event loop has happened and what nobody refers to is gone. */
export async function retainedBytes(): Promise<number> {
  await settle();
  heldBytes();
  await settle();
  return heldBytes();
}

/** Bytes held at this moment, whatever is under way; what nobody refers to is gone. */
export function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
