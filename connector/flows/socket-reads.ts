/**
 * What an application sends, from its socket to the stream of its flow, by memory that is used again: all sockets are read
 * into one buffer, and what came is copied into a block that is given back when it has left. Nothing is read ahead, so a
 * flow whose client is slow holds one read. Node's own way is a fresh 64 KiB for each, which the garbage collector, slow to
 * notice memory outside its heap, frees by dozens of megabytes.
 */
import { Socket } from 'node:net';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { giveBlock, smallRecordBytes, takeBlock } from '../../protocol/mux/record-block.ts';

/** A read and what is made of it follow each other at once, so no two sockets use it at a time. */
const shared = Buffer.allocUnsafeSlow(64 * 1_024);

export class SocketReads {
  #stream: MuxStream | undefined;

  /** A socket to dial with. Nothing is read until `pipe`: there is nowhere to put anything before. */
  open(): Socket {
    const onread = { buffer: shared, callback: (length: number) => this.#take(length) };
    const socket = new Socket({ allowHalfOpen: true, onread });
    socket.pause();
    return socket;
  }

  /** Passes on what `socket`, the last that was opened, reads from now on, and its end. */
  pipe(socket: Socket, stream: MuxStream): void {
    this.#stream = stream;
    stream.on('drain', () => socket.resume());
    socket.once('end', () => stream.end());
    socket.resume();
  }

  /** False: no more for now. */
  #take(length: number): boolean {
    const stream = this.#stream;
    if (stream === undefined) throw new Error('a socket was read before there was a stream');
    if (stream.destroyed) return false;
    if (length < smallRecordBytes) return stream.write(Buffer.from(shared.subarray(0, length)));
    const block = takeBlock();
    shared.copy(block, 0, 0, length);
    return stream.write(block.subarray(0, length), () => giveBlock(block));
  }
}
