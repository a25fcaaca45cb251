/**
 * Reads the binary WebSocket messages of a hop below `ws`, the counterpart of `BinaryMessages`. The side that dials has its
 * connection read into one buffer, which Node allows for what it connects itself; the side that accepts gets what Node
 * brings. What a message is made of, and what is left to `ws`, is `BinaryFrames`'.
 */
import { connect as connectPlain, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { WebSocket } from 'ws';
import { BinaryFrames } from './binary-frames.ts';

/** A read and what is made of it follow each other at once, so no two connections use it at a time. */
const shared = Buffer.allocUnsafeSlow(64 * 1_024);

/** Of the side that dials; for one connection. */
export class BinaryReads {
  #socket: Socket | undefined;
  /** Whether what comes is taken apart; until then it is the HTTP answer and what `ws` waits for. */
  #hasBegun = false;
  readonly #frames = new BinaryFrames('acceptor', (bytes) => this.#pass(bytes));

  /** Connects, for the `createConnection` of `ws`; once. */
  connect(options: NetConnectOpts & ConnectionOptions, isSecure: boolean): Socket {
    const onread = { buffer: shared, callback: (length: number) => this.#read(shared.subarray(0, length)) };
    const way: object = { ...options, path: undefined, onread };
    const { host = '', servername = isIP(host) === 0 ? host : '' } = options as ConnectionOptions;
    this.#socket = isSecure ? connectTls({ ...way, servername }) : connectPlain(way as NetConnectOpts);
    return this.#socket;
  }

  /** The next byte is the first of a frame. */
  begin(): void {
    this.#hasBegun = true;
  }

  /** Binary messages go to `take` from now on, and are valid during the call only; before, and what `ws` has of them already, to `ws`. */
  takeMessages(take: (message: Buffer) => void): void {
    this.#frames.takeMessages(take);
  }

  /** False: no more for now. */
  #read(bytes: Buffer): boolean {
    return this.#hasBegun ? this.#frames.feed(bytes) : this.#pass(bytes);
  }

  /** As the socket itself would have brought it. */
  #pass(bytes: Buffer): boolean {
    return this.#socket?.push(Buffer.from(bytes)) ?? false;
  }
}

/**
 * Of the side that accepted: from now on the binary messages of an open WebSocket go to `take`, and are valid during the
 * call only. `ws` must not have part of a frame: whoever sends some before it was asked to is cut off for what it seems to say.
 */
export function takeBinaryMessages(socket: WebSocket, take: (message: Buffer) => void): void {
  // ws keeps the connection under this name, and was the last to listen to it.
  const { _socket: connection } = socket as unknown as { _socket?: Socket };
  const forWs = connection?.listeners('data').at(-1);
  if (connection === undefined || forWs === undefined) throw new Error('the WebSocket is not open');
  const frames = new BinaryFrames('dialler', (bytes) => {
    // It keeps what of a frame is not whole.
    Reflect.apply(forWs, connection, [Buffer.from(bytes)]);
    return true;
  });
  frames.takeMessages(take);
  connection.on('data', (bytes: Buffer) => frames.feed(bytes));
  connection.off('data', forWs as (bytes: Buffer) => void);
}
