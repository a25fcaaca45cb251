/**
 * Memory settings of programs whose work is passing bytes: relay, connector and client. Their buffers lie outside the
 * heap and are freed only when the little objects that own them are collected. While the young part of the heap may
 * grow, that waits for full collections, which take a third of all processor time at full throughput.
 */
import { setFlagsFromString } from 'node:v8';

/** Keeps the young part of the heap as small as it is at the start; to be called first. */
export function keepYoungMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
