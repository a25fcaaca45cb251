/**
 * Marks a buffer whose preceding memory, one frame header of it, nobody else uses: the hop mux then frames it where it
 * lies instead of copying it. What passes a relay is never copied by our code for this reason.
 */
import { frameHeaderBytes } from './frames.ts';

const mark = Symbol('headroom');

interface Marked extends Buffer {
  [mark]?: true;
}

/** The caller owns the `frameHeaderBytes` before `bytes` as well, and gives both away when it writes them. */
export function markHeadroom(bytes: Buffer): Buffer {
  (bytes as Marked)[mark] = true;
  return bytes;
}

/** The bytes with the room for a header before them; undefined when that room is not theirs. */
export function withHeadroom(bytes: Buffer): Buffer | undefined {
  if ((bytes as Marked)[mark] !== true) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset - frameHeaderBytes, bytes.length + frameHeaderBytes);
}
