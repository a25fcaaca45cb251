/**
 * What an application sends before the connector has answered its flow. It leaves right behind the request, which saves
 * a round trip, and is kept until the answer, so that a request that has to go to another connector takes it along. For
 * captured connections: a proxy's application waits for the proxy's answer and sends nothing before.
 */
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** What a new stream may carry before the other side gives credit. */
const mostHeldBytes = 64 * 1_024;

export class EarlyBytes {
  readonly #socket: Socket;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #stream: Writable | undefined;

  /** Reads from `socket`, which nobody else may do before `release`. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#take);
    socket.resume();
  }

  /** Writes what came so far to `stream`, and from now on what comes. Whoever had it before must be given up. */
  sendTo(stream: Writable): void {
    this.#stream = stream;
    for (const bytes of this.#held) stream.write(bytes);
  }

  /** The flow is open, or refused: stops reading and forgets what was sent. */
  release(): void {
    this.#socket.off('data', this.#take);
    this.#socket.pause();
    this.#held = [];
    this.#stream = undefined;
  }

  readonly #take = (bytes: Buffer): void => {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= mostHeldBytes) this.#socket.pause();
    if (this.#stream?.destroyed === false) this.#stream.write(bytes);
  };
}
