/**
 * A path on loopback that can fall silent: what runs over it stays open and nothing comes through, as when a router drops
 * packets. Nothing is lost either; it goes on where it stopped.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class PausingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isPaused = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a port of its own and passes everything on to `target`, a port of loopback. */
  static async start(target: number): Promise<PausingProxy> {
    const server = createServer();
    const proxy = new PausingProxy(server);
    server.on('connection', (socket: Socket) => proxy.#join(socket, target));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  pause(): void {
    this.#isPaused = true;
    for (const [near, far] of this.#pairs) this.#hold(near, far);
  }

  resume(): void {
    this.#isPaused = false;
    for (const [near, far] of this.#pairs) pass(near, far);
  }

  close(): void {
    this.#server.close();
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(near: Socket, target: number): void {
    const far = connect(target, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#pairs.delete(pair);
        // Silence hides the end as well.
        if (!this.#isPaused) other.destroy();
      });
    }
    if (this.#isPaused) this.#hold(near, far);
    else pass(near, far);
  }

  #hold(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      socket.unpipe();
      socket.pause();
    }
  }
}

function pass(near: Socket, far: Socket): void {
  near.pipe(far);
  far.pipe(near);
}
