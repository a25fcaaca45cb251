/** The connections that a listener has open, to be ended with it. */
import type { Socket } from 'node:net';
import { OpenMap } from './open-items.ts';

export class OpenSockets {
  readonly #open = new OpenMap<number, Socket>();
  #added = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Adds one that is open, until it closes. */
  add(socket: Socket): void {
    const number = this.#added++;
    this.#open.add(number, socket);
    socket.once('close', () => this.#open.delete(number));
  }

  /** The oldest first. */
  all(): Iterable<Socket> {
    return this.#open.values();
  }

  destroyAll(): void {
    for (const socket of this.all()) socket.destroy();
  }
}
