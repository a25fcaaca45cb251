/**
 * The one port of a controller: HTTP requests to the application, upgrades by path to whoever owns them, TLS 1.3 with a
 * certificate from files or from the built-in authority. Knows neither routes nor channels.
 */
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, Server as PortServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../protocol/clock.ts';
import { fedServer, type Front } from '../protocol/fed-server.ts';
import type { ProxiedPort } from '../protocol/proxied-port.ts';
import { tlsVersions } from '../protocol/tls.ts';
import {
  boundedServerOptions,
  boundPeers,
  listenBacklog,
  peerBounds,
  refuseUpgrade,
  type PeerBounds,
} from '../protocol/slow-peers.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What is under way when the controller stops has this long. */
const closeGraceMs = 2_000;

export class Listener {
  readonly server: Server | TlsServer;
  readonly #peers: { closeAll(): void };
  /** What listens: the server itself, or one that feeds it. */
  #port: PortServer;
  #certificate: Certificate | undefined;
  #proxied: ProxiedPort | undefined;

  /** A server, over TLS where a certificate is given; not listening, and nobody answers yet. */
  constructor(certificate: Certificate | undefined, clock: Clock, bounds: PeerBounds = peerBounds) {
    const options = boundedServerOptions(bounds);
    this.server =
      certificate === undefined
        ? createHttpServer(options)
        : createHttpsServer({ ...options, ...certificate, ...tlsVersions });
    this.#peers = boundPeers(this.server, bounds, clock);
    this.#port = this.server;
    this.#certificate = certificate;
  }

  /**
   * Lets others look at each connection first; to be called before listening. `proxied` hears from balancers whose it is, then
   * `front`, over TLS alone, takes it or gives it back. `isHost`: the own public hosts.
   */
  putBehind(looks: { front?: Front; proxied?: ProxiedPort; isHost: (name: string) => boolean }): void {
    const { front, proxied, isHost } = looks;
    const isTls = this.server instanceof TlsServer;
    if (proxied === undefined && !(isTls && front !== undefined)) return;
    this.#proxied = proxied;
    this.#port = fedServer({
      behind: this.server,
      isHost,
      certificate: () => this.#certificate?.cert ?? '',
      ...(front === undefined || !isTls ? {} : { front }),
      ...(proxied === undefined ? {} : { proxied }),
    });
  }

  /** Sends upgrades to their owner by exact path; every other upgrade is answered 404 and closed. */
  routeUpgrades(handlers: Readonly<Record<string, UpgradeHandler>>): void {
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      if (Object.hasOwn(handlers, path)) return handlers[path]?.(request, socket, head);
      refuseUpgrade(socket, '404 Not Found');
    });
  }

  /** New connections get this certificate from now on; nothing without TLS. */
  renew({ cert, key }: Certificate): void {
    this.#certificate = { cert, key };
    if ('setSecureContext' in this.server) this.server.setSecureContext({ cert, key, ...tlsVersions });
  }

  /** Listens and resolves with the bound address; rejects when the system refuses. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#port.once('error', reject);
      this.#port.listen(port, host, listenBacklog, () => {
        this.#port.off('error', reject);
        resolve(this.#port.address() as AddressInfo);
      });
    });
  }

  /** Stops listening, lets what is under way end, and after a moment ends the rest. */
  close(clock: Clock): Promise<void> {
    if (!this.#port.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const cancelTimer = clock.after(closeGraceMs, () => {
        this.#proxied?.closeAll();
        this.#peers.closeAll();
      });
      this.#port.close(() => {
        cancelTimer();
        resolve();
      });
      this.server.closeIdleConnections();
    });
  }
}
