/**
 * Frames other than DATA and FIN that wait to go out, as bytes in order: no object per frame. They go before the data
 * of the same record. The owner stops reading from its peer while too much waits here.
 */
import { frameHeaderBytes, writeFrameHeader } from './frames.ts';

const firstBytes = 512;

export class ControlQueue {
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends a frame and returns where its payload of `length` bytes is to be written in `buffer`. */
  append(stream: number, type: number, length: number): number {
    this.#makeRoom(frameHeaderBytes + length);
    writeFrameHeader(this.#buffer, this.#end, stream, type, length);
    const payload = this.#end + frameHeaderBytes;
    this.#end = payload + length;
    return payload;
  }

  /** The bytes that `append` points into; replaced by the next `append`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Moves as many whole frames as fit into `target[offset, offset + room)`; returns the end of what it wrote. */
  moveInto(target: Buffer, offset: number, room: number): number {
    let end = this.#end;
    if (end - this.#start > room) {
      end = this.#start;
      for (;;) {
        const next = end + frameHeaderBytes + this.#buffer.readUIntBE(end + 5, 3);
        if (next - this.#start > room) break;
        end = next;
      }
    }
    this.#buffer.copy(target, offset, this.#start, end);
    const moved = offset + end - this.#start;
    this.#start = end;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
      // An idle session keeps nothing large.
      if (this.#buffer.length > firstBytes) this.#buffer = Buffer.alloc(0);
    }
    return moved;
  }

  #makeRoom(bytes: number): void {
    if (this.#buffer.length - this.#end >= bytes) return;
    const waiting = this.length;
    const size = Math.max(firstBytes, 2 * (waiting + bytes));
    const larger = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(larger, 0, this.#start, this.#end);
    this.#buffer = larger;
    this.#start = 0;
    this.#end = waiting;
  }
}
