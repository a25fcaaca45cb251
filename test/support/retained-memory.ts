/** What this process still holds after a full collection: heap and buffers together. For bounds on memory in tests. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settle } from './settle.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor'; execution: 'sync' }) => void;

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

/** Collects what is young, as a program does many times a second. */
export function collectYoung(): void {
  collect({ type: 'minor', execution: 'sync' });
}

/** Bytes of the heap in use, with what nobody has referred to since the last full collection. */
export function heapBytes(): number {
  return process.memoryUsage().heapUsed;
}
