/**
 * A server that does not listen itself: somebody in front of it takes the port's connections and feeds it those that are its
 * own. Used where one port carries the own pages and browsers' connections that are only passed on, and where balancers say
 * whose a connection is.
 */
import { X509Certificate } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import type { Name } from './names.ts';
import type { ProxiedPort } from './proxied-port.ts';
import { plainAddress } from './source-address.ts';

/** The server behind a front, as the front sees it. */
export interface OwnServer {
  /** One of its public hosts: never anybody else's. */
  isHost(name: Name): boolean;
  /** Whether its certificate names what was asked for, or, where nothing was, the address that was dialled. */
  isNamed(name: Name | undefined, socket: Socket): boolean;
  /** Takes a connection that is its own. Bytes that were read of it have been put back. */
  take(socket: Socket): void;
}

/** Takes each connection of the port. */
export type Front = (socket: Socket, own: OwnServer) => void;

export interface FedServerOptions {
  /** Without, every connection is the server's own. */
  readonly front?: Front;
  /** Where it first has to be heard whose a connection is. */
  readonly proxied?: ProxiedPort;
  readonly behind: TlsServer | HttpServer;
  /** Whether this is one of its public hosts, as in their URLs. */
  readonly isHost: (name: string) => boolean;
  /** The certificate in force now, PEM. */
  readonly certificate: () => string;
}

/** The server to listen with. `behind` is never to be listened with, and is closed with it. */
export function fedServer({ front, proxied, behind, isHost, certificate }: FedServerOptions): Server {
  // Without it the timers of its header and request timeouts never start.
  behind.emit('listening');
  let last: { readonly pem: string; readonly parsed: X509Certificate } | undefined;
  const current = (): X509Certificate => {
    const pem = certificate();
    if (last?.pem !== pem) last = { pem, parsed: new X509Certificate(pem) };
    return last.parsed;
  };
  const own: OwnServer = {
    isHost,
    isNamed: (name, { localAddress, remoteAddress }) =>
      name === undefined
        ? isLoopback(remoteAddress) || current().checkIP(localAddress ?? '') !== undefined
        : current().checkHost(name) !== undefined,
    take(socket) {
      socket.allowHalfOpen = !(behind instanceof TlsServer);
      behind.emit('connection', socket);
    },
  };
  const take = (socket: Socket): void => (front === undefined ? own.take(socket) : front(socket, own));
  const outer = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
    if (proxied === undefined) take(socket);
    else proxied.take(socket, take);
  });
  proxied?.tell(behind);
  outer.once('close', () => behind.close());
  return outer;
}

/** Who watches the program on its own machine asks by address. */
function isLoopback(address: string | undefined): boolean {
  return /^127\.|^::1$/.test(plainAddress(address ?? ''));
}
