/**
 * Writes binary WebSocket messages (RFC 6455 section 5.2) straight to the connection under a `ws` WebSocket, with the
 * header in the memory before the payload: one write of one piece, where `ws` makes two that TLS copies together. All
 * else about the WebSocket, its control and text messages among it, stays with `ws`, which writes whole frames too.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** Room that the header needs before the payload. */
export const messageHeadroom = 8;

const finalBinary = 0x82;
const maskBit = 0x80;
/** From this length on it takes two bytes more. */
const longLength = 126;
const maxLength = 0xffff;

export class BinaryMessages {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  /** The side that dialled has to mask; its key is zero, since no web page chooses what is sealed (WIRE A5). */
  readonly #masks: boolean;

  /** The WebSocket is open, without compression, and its `binaryType` is left alone. */
  constructor(socket: WebSocket, side: 'dialler' | 'acceptor') {
    // ws keeps the connection under this name and gives it out only before the WebSocket is open.
    const { _socket: connection } = socket as unknown as { _socket?: Socket };
    if (connection === undefined) throw new Error('the WebSocket is not open');
    this.#socket = socket;
    this.#connection = connection;
    this.#masks = side === 'dialler';
  }

  /** Bytes that the connection has taken and not passed on. */
  get waitingBytes(): number {
    return this.#connection.writableLength;
  }

  /**
   * Sends `memory[messageHeadroom, end)`, at most 65,535 bytes, as one message; writes over what lies before it. The
   * memory is the connection's until `sent`, which is also called when the message could not be sent.
   */
  send(memory: Buffer, end: number, sent: () => void): void {
    const length = end - messageHeadroom;
    if (length > maxLength) throw new Error(`a message of ${length} bytes is too long`);
    // After a close frame nothing may follow.
    if (this.#socket.readyState !== this.#socket.OPEN) return process.nextTick(sent);
    let at = messageHeadroom;
    if (this.#masks) {
      at -= 4;
      memory.fill(0, at, messageHeadroom);
    }
    if (length >= longLength) {
      memory[--at] = length;
      memory[--at] = length >>> 8;
    }
    memory[--at] = Math.min(length, longLength) | (this.#masks ? maskBit : 0);
    memory[--at] = finalBinary;
    this.#connection.write(memory.subarray(at, end), sent);
    return undefined;
  }
}
