/**
 * What a relay listens with: `/hop` for nodes, `/livez` and `/readyz` for whoever watches, and nothing else. TLS 1.3
 * unless the relay stands on loopback.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../protocol/clock.ts';
import { fedServer, type Front } from '../protocol/fed-server.ts';
import { hopPath } from '../protocol/hop.ts';
import { ProxiedPort, type TrustsProxy } from '../protocol/proxied-port.ts';
import {
  boundedServerOptions,
  boundPeers,
  listenBacklog,
  peerBounds,
  refuseUpgrade,
  type PeerBounds,
} from '../protocol/slow-peers.ts';
import { tlsVersions } from '../protocol/tls.ts';
import type { Relay } from './relay.ts';

/** A certificate with its key, both PEM. */
export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface RelayListenerOptions {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Plain HTTP without. */
  readonly tls?: TlsCertificate;
  /** The host of its public URL: TLS for it is the relay's own, for other names it is browsers'. */
  readonly host: string;
  /** The relay; undefined while it is not known who this relay is. */
  relay(): Relay | undefined;
  /** Whether nodes can attach now. */
  isReady(): boolean;
  readonly clock: Clock;
  /** What peers are held to, unless the usual. */
  readonly bounds?: PeerBounds;
  /** The operator's balancers, by address; nobody's word counts unless given. */
  readonly trustsProxy?: TrustsProxy;
  /** TLS ends at those balancers: plain HTTP is taken from them and from nobody else. */
  readonly isBehindTls?: boolean;
}

export interface RelayListener {
  readonly port: number;
  /** New connections get this certificate from now on. */
  renew(tls: TlsCertificate): void;
  close(): Promise<void>;
}

/** Rejects with the system's error when the address cannot be listened on. */
export async function listenForNodes(options: RelayListenerOptions): Promise<RelayListener> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', connection: 'close' }).end();
      return;
    }
    const status = path === '/livez' ? 200 : path === '/readyz' ? (options.isReady() ? 200 : 503) : 404;
    response.writeHead(status, { 'content-type': 'text/plain' }).end(status === 200 ? 'ok\n' : '');
  };
  const bounds = options.bounds ?? peerBounds;
  const bounded = boundedServerOptions(bounds);
  const server: Server | HttpsServer =
    options.tls === undefined
      ? createHttpServer(bounded, answer)
      : createHttpsServer({ ...bounded, ...options.tls, ...tlsVersions }, answer);
  const peers = boundPeers(server, bounds, options.clock);
  server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    const relay = request.url === hopPath ? options.relay() : undefined;
    if (relay === undefined) refuseUpgrade(socket, '404 Not Found');
    else relay.handleUpgrade(request, socket, head);
  });
  let certificate = options.tls?.cert ?? '';
  const { trustsProxy: trusts, clock } = options;
  const only = options.isBehindTls === true ? ({ isOnlyFor: 'listed' } as const) : {};
  const proxied = trusts === undefined ? undefined : new ProxiedPort({ trusts, clock, ...only });
  const front: Front = (socket, own) => {
    const door = options.relay()?.door;
    if (door === undefined) own.take(socket);
    else door.take(socket, own);
  };
  const isTls = server instanceof HttpsServer;
  const outer =
    isTls || proxied !== undefined
      ? fedServer({
          behind: server,
          isHost: (name) => name === options.host,
          certificate: () => certificate,
          ...(isTls ? { front } : {}),
          ...(proxied === undefined ? {} : { proxied }),
        })
      : server;
  await new Promise<void>((resolve, reject) => {
    outer.once('error', reject);
    outer.listen(options.port, options.address, listenBacklog, resolve);
  });
  return {
    port: (outer.address() as AddressInfo).port,
    renew(tls) {
      certificate = tls.cert;
      if ('setSecureContext' in server) server.setSecureContext({ ...tls, ...tlsVersions });
    },
    close: () =>
      new Promise((resolve) => {
        outer.close(() => resolve());
        proxied?.closeAll();
        // Those in the middle of a handshake too, which the server does not count as its own yet.
        peers.closeAll();
      }),
  };
}
