/** From a stream to an application's socket, as `pipe` does it but by memory that is used again. */
import type { Socket } from 'node:net';
import type { MuxStream } from './stream.ts';
import { giveBackBlock } from './waiting-blocks.ts';

/** Writes what the stream brings to the socket, and its end. Errors and early ends of either are the caller's. */
export function pour(stream: MuxStream, socket: Socket): void {
  stream.useBlocks();
  stream.on('data', (bytes: Buffer) => {
    if (socket.destroyed) return giveBackBlock(bytes);
    if (!socket.write(bytes, () => giveBackBlock(bytes))) stream.pause();
    return undefined;
  });
  stream.once('end', () => socket.end());
  socket.on('drain', () => stream.resume());
}
