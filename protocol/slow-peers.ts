/**
 * How long and how many: the bounds that every HTTP listener of Postern holds its peers to, before and around whatever
 * they ask (SECURITY SEC-D1, SEC-D7). Whoever is slow or says nothing is let go; whoever takes all places loses the oldest
 * of them, so that others are still served. Upgraded connections are their owner's and count no more.
 */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from './clock.ts';
import { OpenMap } from './open-items.ts';
import { OpenSockets } from './open-sockets.ts';

export interface PeerBounds {
  /** A TLS handshake, and the header lines of a request. */
  readonly headersMs: number;
  /** A request with its body. */
  readonly requestMs: number;
  /** A connection on which nothing moves while a request is under way. */
  readonly silenceMs: number;
  /** From the last byte of the header lines to the last byte of the answer. */
  readonly answerMs: number;
  /** Connections that have not been upgraded. */
  readonly connections: number;
}

export const peerBounds: PeerBounds = {
  headersMs: 10_000,
  requestMs: 10_000,
  silenceMs: 10_000,
  answerMs: 30_000,
  connections: 4_096,
};

/** For `WebSocketServer`: so long a peer has to answer a close before its connection is cut. */
export const webSocketClosing: { readonly closeTimeout: number } = { closeTimeout: 2_000 };

/** What a server is made with. */
export function boundedServerOptions(
  bounds: PeerBounds,
): ServerOptions & { readonly handshakeTimeout: number } {
  return {
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    connectionsCheckingInterval: Math.min(1_000, bounds.headersMs / 2),
    keepAliveTimeout: Math.min(5_000, bounds.headersMs),
    handshakeTimeout: bounds.headersMs,
    keepAlive: true,
  };
}

/**
 * Connections that the system takes while a program is busy. Node's own 511 are full at once when thousands of nodes come back:
 * each that is not taken tries again after a second, and then after two. Linux has 4,096 at most (net.core.somaxconn).
 */
export const listenBacklog = 4_096;

/** Holds the connections of `server`, made with `boundedServerOptions`, to `bounds`; before it listens. */
export function boundPeers(
  server: Server | TlsServer,
  bounds: PeerBounds,
  clock: Clock,
): { closeAll(): void } {
  const all = new OpenSockets();
  /** Not upgraded, the oldest first. TLS hides the socket below it, so they are told apart by where they come from. */
  const plain = new OpenMap<string, Socket>();
  server.setTimeout(bounds.silenceMs);
  server.on('connection', (socket: Socket) => {
    const key = placeOf(socket);
    all.add(socket);
    plain.add(key, socket);
    socket.once('close', () => {
      if (plain.get(key) === socket) plain.delete(key);
    });
    if (plain.size <= bounds.connections) return;
    const [oldest] = plain.values();
    oldest?.destroy();
  });
  server.on('upgrade', ({ socket }: IncomingMessage) => plain.delete(placeOf(socket)));
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    // HTTP/0.9 has no header lines by which anything could be checked (SEC-A15).
    if (request.httpVersionMajor !== 1) request.socket.destroy();
    const cancelTimer = clock.after(bounds.answerMs, () => request.socket.destroy());
    response.once('close', cancelTimer);
  });
  return {
    closeAll() {
      all.destroyAll();
    },
  };
}

/** Answers an upgrade that nobody takes, and lets the connection go whether its peer closes it or not. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
