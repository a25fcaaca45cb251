/**
 * Whose connection it is where a balancer stands in front: reads the preface of the PROXY protocol from the peers that the
 * operator lists (`--trust-proxy`), before TLS, and gives the connection the address that it names. Everything behind reads
 * `remoteAddress` as always. What others send is never looked at, so that a preface of theirs is no TLS and no HTTP.
 */
import type { Server as HttpServer } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from './clock.ts';
import { longestPreface, readProxyPreface, type Ends } from './proxy-preface.ts';

/** Whether a peer's word counts for whom it speaks; given its address as the system tells it. */
export type TrustsProxy = (address: string) => boolean;

export interface ProxiedPortOptions {
  readonly trusts: TrustsProxy;
  /** Others are let go without an answer: TLS ends at those that are listed, and past them nothing is sealed for passage. */
  readonly isOnlyFor?: 'listed';
  readonly clock: Clock;
  /** Connections whose first bytes are waited for; beyond, the oldest goes. */
  readonly mostWaiting?: number;
}

/** A balancer writes its preface at once. */
export const prefaceMs = 5_000;
const usualMostWaiting = 4_096;

export class ProxiedPort {
  readonly #options: ProxiedPortOptions;
  readonly #waiting = new Set<Socket>();
  /** By both ends as the system tells them, which TLS hides the socket below but not of. */
  readonly #named = new Map<string, Ends>();

  constructor(options: ProxiedPortOptions) {
    this.#options = options;
  }

  /**
   * Takes a connection that has just been accepted and hands it to `next`, in the same turn where its peer is not listed. A
   * listed peer that sends no preface speaks for itself: what looks for life does, and what speaks HTTP. One that sends a
   * broken preface, or nothing for five seconds, is let go.
   */
  take(socket: Socket, next: (socket: Socket) => void): void {
    const { trusts, isOnlyFor } = this.#options;
    if (!trusts(socket.remoteAddress ?? ''))
      return isOnlyFor === 'listed' ? void socket.destroy() : next(socket);
    this.#hold(socket);
    const fail = (): void => void socket.destroy();
    const cancelTimer = this.#options.clock.after(prefaceMs, fail);
    let held: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      cancelTimer();
      this.#waiting.delete(socket);
      socket.pause();
      socket.off('data', read);
      socket.off('end', fail);
      socket.off('error', fail);
      socket.off('close', settle);
    };
    const read = (chunk: Buffer): void => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const verdict = readProxyPreface(held.subarray(0, longestPreface));
      if (verdict.state === 'partial') return;
      settle();
      if (verdict.state === 'invalid') return fail();
      const { length, ends } = verdict.state === 'whole' ? verdict : { length: 0 };
      if (ends !== undefined) this.#name(socket, ends);
      if (held.length > length) socket.unshift(held.subarray(length));
      next(socket);
      // Where TLS has taken it over nobody listens here any more.
      if (socket.listenerCount('data') > 0) socket.resume();
    };
    socket.on('data', read);
    socket.on('end', fail);
    socket.on('error', fail);
    socket.on('close', settle);
  }

  /** Tells a server's TLS sockets, which have addresses of their own, what was said of those below them. */
  tell(server: HttpServer | TlsServer): void {
    server.prependListener('secureConnection', (socket: Socket) => {
      const ends = this.#named.get(placeOf(socket));
      if (ends !== undefined) show(socket, ends);
    });
  }

  /** Lets go whoever has not said yet for whom it speaks. */
  closeAll(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #hold(socket: Socket): void {
    this.#waiting.add(socket);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > (this.#options.mostWaiting ?? usualMostWaiting)) oldest?.destroy();
  }

  #name(socket: Socket, ends: Ends): void {
    const place = placeOf(socket);
    this.#named.set(place, ends);
    socket.once('close', () => {
      if (this.#named.get(place) === ends) this.#named.delete(place);
    });
    show(socket, ends);
  }
}

function placeOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Over the properties of the class, which ask the system. */
function show(socket: Socket, { source, destination }: Ends): void {
  const told = {
    remoteAddress: source.address,
    remotePort: source.port,
    remoteFamily: source.address.includes(':') ? 'IPv6' : 'IPv4',
    localAddress: destination.address,
    localPort: destination.port,
  };
  for (const [name, value] of Object.entries(told)) Object.defineProperty(socket, name, { value });
}
