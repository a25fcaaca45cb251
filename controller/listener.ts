/**
 * The one port of a controller: HTTP requests to the application, upgrades by path to whoever owns them, TLS 1.3 with a
 * certificate from files or from the built-in authority. Knows neither routes nor channels.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../protocol/clock.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Bounds for slow peers (SECURITY SEC-D1, SEC-D7). */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const closeGraceMs = 2_000;

/** A server for `handle`, over TLS where a certificate is given; not listening yet. */
export function createListener(
  handle: RequestListener,
  certificate: Certificate | undefined,
): Server | TlsServer {
  const bounds = { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs, keepAlive: true };
  if (certificate === undefined) return createHttpServer(bounds, handle);
  return createHttpsServer(
    { ...bounds, ...certificate, minVersion: 'TLSv1.3', handshakeTimeout: headersTimeoutMs },
    handle,
  );
}

/** Sends upgrades to their owner by exact path; every other upgrade is answered 404 and closed. */
export function routeUpgrades(
  server: Server | TlsServer,
  handlers: Readonly<Record<string, UpgradeHandler>>,
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (Object.hasOwn(handlers, path)) return handlers[path]?.(request, socket, head);
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
}

/** Listens and resolves with the bound address; rejects when the system refuses. */
export function listen(server: Server | TlsServer, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Stops listening, lets what is under way end, and after a moment ends the rest. */
export function closeListener(server: Server | TlsServer, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancelTimer = clock.after(closeGraceMs, () => server.closeAllConnections());
    server.close(() => {
      cancelTimer();
      resolve();
    });
    server.closeIdleConnections();
  });
}
