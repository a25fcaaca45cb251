/**
 * One stream of a mux: a node:stream Duplex with a credit window in each direction. Applications read, write and end it
 * as any Duplex, and `accept` or `reset` it; what stands under "for the mux" is called by the mux alone.
 *
 * Credit goes back when the application reads, never on receipt, and from half a window on. Bytes the application has
 * not asked for are kept here, small ones put together, so that a peer cannot make many objects of one window.
 */
import { Duplex } from 'node:stream';
import { Fault, type CodeName } from '../errors.ts';
import { frameHeaderBytes, frameTypes, maxDataBytes, writeFrameHeader } from './frames.ts';
import { ReceiveWindow, type WindowSource } from './receive-window.ts';
import { StagedBytes } from './staged-bytes.ts';
import { copyToBlock } from './waiting-blocks.ts';

/** What a stream needs of its mux. */
export interface StreamOwner extends WindowSource {
  /** Whether FIN carries both byte counters (inner) or nothing (hop). */
  readonly inner: boolean;
  /** The stream has something to send and the credit to do so. */
  ready(stream: MuxStream): void;
  sendAccept(stream: MuxStream): void;
  sendCredit(stream: MuxStream, bytes: number): void;
  sendReset(stream: MuxStream, code: CodeName): void;
  /** The largest that fits into a record. */
  readonly maxDatagramBytes: number;
  /** The stream is gone; `late` bytes of the peer may still be on their way. */
  forget(stream: MuxStream, late: number): void;
}

type Written = (error?: Error | null) => void;

const finBytes = 16;
/** Datagrams that wait of one stream; the oldest goes when there are more. */
const mostDatagramBytes = 256 * 1_024;

export class MuxStream extends Duplex {
  readonly id: number;
  /** Payload bytes handed to the peer's window, and received from it. */
  bytesSent = 0;
  bytesReceived = 0;
  /** Datagrams that were not sent: too large, or the oldest of too many. */
  droppedDatagrams = 0;
  /** Links of the mux's queue of streams with something to send. */
  nextReady: MuxStream | undefined;
  isQueued = false;

  readonly #owner: StreamOwner;
  #accepted: boolean;
  readonly #incoming: boolean;
  #resetSeen = false;

  #sendCredit: number;
  #chunk: Buffer | undefined;
  #chunkOffset = 0;
  #written: Written | undefined;
  /** What node:stream has to write after what went past its queue. */
  #following: { readonly chunk: Buffer; readonly written: Written } | undefined;
  #finish: Written | undefined;
  #finSent = false;

  readonly #window: ReceiveWindow;
  readonly #staged = new StagedBytes();
  #isPushing = false;
  #usesBlocks = false;
  #lendTo: ((bytes: Buffer) => void) | undefined;
  #wanted = false;
  #finSeen = false;
  #endPushed = false;
  #datagram: ((bytes: Buffer) => void) | undefined;
  #datagrams: Buffer[] = [];
  #datagramBytes = 0;

  constructor(owner: StreamOwner, id: number, incoming: boolean) {
    super({ allowHalfOpen: true, readableHighWaterMark: 1, writableHighWaterMark: owner.initialWindow });
    this.#owner = owner;
    this.id = id;
    this.#incoming = incoming;
    this.#accepted = false;
    this.#window = new ReceiveWindow(owner);
    this.#sendCredit = owner.initialWindow;
    // A reset by the peer may come before anyone listens, and must not end the process.
    this.on('error', ignore);
  }

  /** Whether this side was asked (true) or asked (false). */
  get isIncoming(): boolean {
    return this.#incoming;
  }

  /** Whether ACCEPT has been sent or received. */
  get isAccepted(): boolean {
    return this.#accepted;
  }

  /** Answers the peer's OPEN. A plain Error on a stream of our own; nothing on one that is over. */
  accept(): void {
    if (!this.#incoming) throw new Error('only the side that was asked accepts');
    if (this.#accepted || this.destroyed) return;
    this.#accepted = true;
    this.#owner.sendAccept(this);
  }

  /** Resolves when the peer accepted; rejects with the Fault that ended the stream first. */
  accepted(): Promise<void> {
    if (this.#accepted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.destroyed) return reject(this.errored ?? new Fault('cancelled'));
      this.once('accept', resolve);
      this.once('close', () => {
        if (!this.#accepted) reject(this.errored ?? new Fault('cancelled'));
      });
    });
  }

  /** Ends both directions at once; the peer sees `code`, this side a Fault of it. */
  reset(code: CodeName): void {
    if (!this.destroyed) this.destroy(new Fault(code));
  }

  /**
   * Sends one datagram beside the stream (inner), whose memory is the stream's from now on. It may be lost: one that
   * waits too long gives way to newer ones, and none is sent twice. False when it is too large or the stream is over.
   */
  sendDatagram(bytes: Buffer): boolean {
    if (bytes.length > this.#owner.maxDatagramBytes || this.destroyed || this.writableEnded) {
      this.droppedDatagrams++;
      return false;
    }
    this.#datagrams.push(bytes);
    this.#datagramBytes += bytes.length + frameHeaderBytes;
    while (this.#datagramBytes > mostDatagramBytes) {
      this.#shiftDatagram();
      this.droppedDatagrams++;
    }
    this.#owner.ready(this);
    return true;
  }

  /** Who takes the peer's datagrams; the bytes belong to the handler. Without one they are dropped. */
  onDatagram(handler: (bytes: Buffer) => void): void {
    this.#datagram = handler;
  }

  /** From now on what is read lies in blocks, a piece in each, which whoever reads it gives back (`giveBackBlock`). */
  useBlocks(): void {
    this.#usesBlocks = true;
    this.#staged.useBlocks();
  }

  /** Has `take` called as a listener of `data`, but with bytes that are valid during the call only. */
  onLentData(take: (bytes: Buffer) => void): void {
    this.#lendTo = take;
    this.on('data', take);
  }

  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    this.#returnCredit();
    return chunk;
  }

  override _read(): void {
    this.#wanted = true;
    this.#pushStaged();
    this.#returnCredit();
  }

  /**
   * Writes past the queue of node:stream, for whoever waits for `written` before there is more; what is written meanwhile
   * follows. `chunk` is the stream's until then.
   */
  writeNext(chunk: Buffer, written: Written): void {
    const isFree = this.#chunk === undefined && this.writableLength === 0;
    if (isFree && this.writable) this.#begin(chunk, written);
    else this.write(chunk, written);
  }

  override _write(chunk: Buffer, _encoding: string, written: Written): void {
    if (this.#chunk === undefined) this.#begin(chunk, written);
    else this.#following = { chunk, written };
  }

  #begin(chunk: Buffer, written: Written): void {
    if (chunk.length === 0) return written();
    this.#chunk = chunk;
    this.#chunkOffset = 0;
    this.#written = written;
    if (this.#sendCredit > 0) this.#owner.ready(this);
  }

  override _final(finish: Written): void {
    this.#finish = finish;
    this.#owner.ready(this);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#resetSeen && !(this.#finSent && this.#finSeen)) {
      const code = error === null ? 'cancelled' : error instanceof Fault ? error.code : 'internal';
      this.#owner.sendReset(this, code);
    }
    const isPeerDone = this.#finSeen || this.#resetSeen;
    this.#window.close();
    this.#owner.forget(this, isPeerDone ? 0 : this.#window.credit);
    this.#staged.clear();
    this.#chunk = undefined;
    this.#datagrams = [];
    const unsaid = [this.#written, this.#following?.written, this.#finish];
    this.#written = undefined;
    this.#following = undefined;
    this.#finish = undefined;
    for (const told of unsaid) told?.(error ?? new Fault('cancelled'));
    done(error);
  }

  // For the mux.

  /** Bytes that could go out now: a datagram, what is written and has credit, or the FIN. */
  get sendable(): number {
    const [datagram] = this.#datagrams;
    if (datagram !== undefined) return datagram.length + frameHeaderBytes;
    if (this.#chunk !== undefined) return Math.min(this.#chunk.length - this.#chunkOffset, this.#sendCredit);
    return this.#finish === undefined ? 0 : finBytes;
  }

  /**
   * Writes at most `room` bytes of frames of this stream at `offset`, of them at most `quantum` payload; returns the end
   * of what it wrote, which is `offset` when nothing fits.
   */
  fill(buffer: Buffer, offset: number, room: number, quantum: number): number {
    if (this.#datagrams.length > 0) return this.#fillDatagrams(buffer, offset, room, quantum);
    const chunk = this.#chunk;
    if (chunk === undefined) return this.#fillFin(buffer, offset, room);
    const rest = chunk.length - this.#chunkOffset;
    const length = Math.min(rest, this.#sendCredit, quantum, room - frameHeaderBytes, maxDataBytes);
    if (length <= 0) return offset;
    writeFrameHeader(buffer, offset, this.id, frameTypes.data, length);
    const start = offset + frameHeaderBytes;
    chunk.copy(buffer, start, this.#chunkOffset, this.#chunkOffset + length);
    this.#sendCredit -= length;
    this.bytesSent += length;
    this.#chunkOffset += length;
    if (length === rest) this.#chunkDone();
    return start + length;
  }

  receiveAccept(): boolean {
    if (this.#incoming || this.#accepted) return false;
    this.#accepted = true;
    this.emit('accept');
    return true;
  }

  /**
   * Takes payload, which is the stream's from now on unless it is lent: then it is valid during the call only. False: the
   * peer overran the window or had ended.
   */
  receiveData(bytes: Buffer, isLent: boolean): boolean {
    if (this.#finSeen || !this.#window.receive(bytes.length)) return false;
    this.bytesReceived += bytes.length;
    if (this.#wanted && this.#staged.length === 0 && !this.#isPushing) {
      if (this.#lendTo !== undefined && this.readableFlowing === true && this.readableLength === 0)
        this.#lendTo(bytes);
      else this.#push(isLent ? this.#copy(bytes) : bytes);
      this.#returnCredit();
    } else this.#staged.add(bytes, isLent);
    return true;
  }

  receiveCredit(bytes: number): boolean {
    this.#sendCredit += bytes;
    if (bytes === 0 || this.#sendCredit > 0x7fff_ffff) return false;
    if (this.#chunk !== undefined) this.#owner.ready(this);
    return true;
  }

  /** `sent` and `received` are the peer's counters; undefined on the hop. False: they cannot be. */
  receiveFin(sent: number | undefined, received: number | undefined): boolean {
    if (this.#finSeen) return false;
    if (sent !== undefined && sent !== this.bytesReceived) return false;
    if (received !== undefined && received > this.bytesSent) return false;
    this.#finSeen = true;
    if (this.#wanted) this.#pushStaged();
    return true;
  }

  /** The peer, or the end of the session, ended the stream: nothing more is sent for it. */
  receiveReset(fault: Fault): void {
    this.#resetSeen = true;
    this.destroy(fault);
  }

  receiveDatagram(bytes: Buffer): void {
    this.#datagram?.(bytes);
  }

  /** Whole ones only, and always the first where it fits. */
  #fillDatagrams(buffer: Buffer, offset: number, room: number, quantum: number): number {
    let end = offset;
    for (;;) {
      const [bytes] = this.#datagrams;
      if (bytes === undefined) return end;
      const next = end + frameHeaderBytes + bytes.length;
      if (next - offset > (end === offset ? room : Math.min(room, quantum))) return end;
      writeFrameHeader(buffer, end, this.id, frameTypes.datagram, bytes.length);
      bytes.copy(buffer, end + frameHeaderBytes);
      this.#shiftDatagram();
      end = next;
    }
  }

  #shiftDatagram(): void {
    const bytes = this.#datagrams.shift();
    if (bytes !== undefined) this.#datagramBytes -= bytes.length + frameHeaderBytes;
  }

  #fillFin(buffer: Buffer, offset: number, room: number): number {
    const finish = this.#finish;
    const length = this.#owner.inner ? finBytes : 0;
    if (finish === undefined || room < frameHeaderBytes + length) return offset;
    writeFrameHeader(buffer, offset, this.id, frameTypes.fin, length);
    const start = offset + frameHeaderBytes;
    if (length > 0) {
      buffer.writeBigUInt64BE(BigInt(this.bytesSent), start);
      buffer.writeBigUInt64BE(BigInt(this.bytesReceived), start + 8);
    }
    this.#finSent = true;
    this.#finish = undefined;
    finish();
    return start + length;
  }

  #chunkDone(): void {
    const written = this.#written;
    const following = this.#following;
    this.#chunk = following?.chunk;
    this.#chunkOffset = 0;
    this.#written = following?.written;
    this.#following = undefined;
    written?.();
  }

  #pushStaged(): void {
    // A handler that reads from within `push` comes here again; the outer loop goes on for it.
    if (this.#isPushing) return;
    this.#isPushing = true;
    while (this.#wanted) {
      const bytes = this.#staged.shift();
      if (bytes === undefined) break;
      this.#push(bytes);
    }
    this.#isPushing = false;
    if (this.#finSeen && this.#staged.length === 0 && !this.#endPushed) {
      this.#endPushed = true;
      this.push(null);
    }
  }

  #copy(bytes: Buffer): Buffer {
    return this.#usesBlocks ? copyToBlock(bytes) : Buffer.from(bytes);
  }

  /** Keeps `#wanted` right also when the application reads from within `push`. */
  #push(bytes: Buffer): void {
    this.#wanted = false;
    if (this.push(bytes)) this.#wanted = true;
  }

  #returnCredit(): void {
    if (this.#finSeen || this.destroyed) return;
    const credit = this.#window.refill(this.bytesReceived - this.#staged.length - this.readableLength);
    if (credit > 0) this.#owner.sendCredit(this, credit);
  }
}

function ignore(): void {}
