/**
 * Where browsers' TLS ends: takes a circuit's bytes, answers with the certificate of the name asked for, and hands the
 * connection to HTTP/1.1 or HTTP/2, with what is known of where it came from. Knows nothing of people or origins.
 */
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { FastifyServerFactoryHandler } from 'fastify';
import type { Clock } from '../../protocol/clock.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { Strangers } from '../../protocol/strangers.ts';
import { OpenSockets } from '../../protocol/open-sockets.ts';
import type { DeviceFlow } from '../flows/device-flow.ts';
import { ShownCookies } from './cookies.ts';
import type { RawRequest } from './request-target.ts';

const handshakeMs = 10_000;
/** A request's head must be whole within this; looked at every `everyMs`. */
const usualHead = { withinMs: 10_000, everyMs: 2_000 };
/** Between two requests of a kept connection. */
const keepAliveMs = 65_000;
/** An HTTP/2 connection without any stream. */
const idleSessionMs = 120_000;
const maxHeaderBytes = 65_536;
/** Browsers, and devices, each have so many handshakes under way; beyond, who has most of them loses the oldest. */
const maxHandshakes = 512;
/** Open connections; neither takes those of the other. */
const maxConnections = { browser: 6_144, device: 2_048 };
const maxConcurrentStreams = 128;
/** While it drains: how often connections are let go whose request has ended. */
const drainCheckMs = 250;

/** Where a connection comes from: a browser's address as the relay told it, or a device's flow. */
export type Source = { readonly address: string } | { readonly device: DeviceFlow };

/** What is known of a connection. */
export interface Connection {
  readonly servername: string;
  readonly source: Source;
  readonly cookies: ShownCookies;
}

export interface HttpsEndpointOptions {
  readonly clock: Clock;
  /** The certificate for a name; undefined when there is none. Never rejects. */
  contextFor(name: string): Promise<SecureContext | undefined>;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly head?: { readonly withinMs: number; readonly everyMs: number };
}

/**
 * What `tls.Server` does with a socket whose handshake is done. It takes no socket that it has not made itself, and one that
 * it makes cannot be told apart from others: which browser it belongs to would be lost.
 */
function release(socket: TLSSocket): void {
  const inner = socket as TLSSocket & { secureConnecting: boolean; _releaseControl(): boolean };
  inner.secureConnecting = false;
  inner._releaseControl();
}

function handshakes(): Strangers<TLSSocket> {
  return new Strangers({ most: maxHandshakes, cut: (socket) => socket.destroy() });
}

export class HttpsEndpoint {
  readonly #options: HttpsEndpointOptions;
  readonly #connections = new WeakMap<object, Connection>();
  readonly #open = { browser: new OpenSockets(), device: new OpenSockets() };
  readonly #handshakes = { browser: handshakes(), device: handshakes() };
  readonly #sessions = new Set<ServerHttp2Session>();
  #http1: Server | undefined;
  #http2: Http2Server | undefined;
  /** The connection that is being handed to HTTP/2, while it makes its session. */
  #entering: Connection | undefined;
  #isDraining = false;
  #cancelDrain: () => void = () => undefined;

  constructor(options: HttpsEndpointOptions) {
    this.#options = options;
  }

  /** Makes the servers; `handler` answers the requests of both. */
  serve(handler: FastifyServerFactoryHandler): Server {
    const { head = usualHead } = this.#options;
    const http1 = createHttpServer({
      headersTimeout: head.withinMs,
      // A body may take as long as it does: whoever sends nothing for long is let go by silence.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: head.everyMs,
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: false,
      // A request that announces no body has none (RFC 9112 §6.3), and nobody waits for the end of it.
      optimizeEmptyRequests: true,
      requireHostHeader: true,
    });
    http1.maxHeadersCount = 256;
    // HTTP/0.9 has no header lines by which anything could be checked (SEC-A15).
    const checked: FastifyServerFactoryHandler = (request, response) => {
      if (request.httpVersionMajor === 1 && /^1\.[01]$/.test(request.httpVersion)) handler(request, response);
      else request.socket.destroy();
    };
    http1.on('request', checked);
    http1.on('checkContinue', checked);
    http1.on('upgrade', this.#options.upgrade);
    http1.emit('listening');
    const http2 = createHttp2Server({
      settings: { maxConcurrentStreams, enablePush: false, maxHeaderListSize: maxHeaderBytes },
      maxHeaderListPairs: 256,
      maxSessionMemory: 16,
      unknownProtocolTimeout: handshakeMs,
    });
    http2.on('session', (session) => this.#begin(session));
    http2.on('sessionError', () => undefined);
    const asHttp1 = handler as unknown as (request: object, response: object) => void;
    http2.on('request', (request, response) => asHttp1(request, response));
    http2.on('checkContinue', (request, response) => asHttp1(request, response));
    this.#http1 = http1;
    this.#http2 = http2;
    return http1;
  }

  /** What is known of the connection of a request, or of an upgrade's. */
  connectionOf(raw: RawRequest): Connection | undefined {
    if (raw.httpVersionMajor === 2 && 'stream' in raw) {
      const { session } = raw.stream;
      return session === undefined ? undefined : this.#connections.get(session);
    }
    return this.#connections.get(raw.socket);
  }

  /** Takes a connection's bytes; false when there is no room for another one. */
  take(stream: Duplex, source: Source): boolean {
    if (this.#isDraining) return false;
    const kind = 'device' in source ? 'device' : 'browser';
    const open = this.#open[kind];
    const shaking = this.#handshakes[kind];
    if (open.size >= maxConnections[kind]) return false;
    const socket = new TLSSocket(stream, {
      isServer: true,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, done) => {
        void this.#answerName(name.toLowerCase(), source, done);
      },
    });
    open.add(socket);
    shaking.add(socket, 'device' in source ? source.device.device : sourceOfAddress(source.address));
    const settle = (): void => {
      cancelTimer();
      shaking.remove(socket);
    };
    const cancelTimer = this.#options.clock.after(handshakeMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      settle();
      stream.destroy();
    });
    socket.once('secure', () => {
      settle();
      release(socket);
      // As it was negotiated: without a name there was no certificate either.
      const servername = (socket as { servername?: string | false }).servername;
      if (typeof servername === 'string')
        this.#enter(socket, { servername: servername.toLowerCase(), source, cookies: new ShownCookies() });
      else socket.destroy();
    });
    return true;
  }

  /** Whatever goes wrong here, the handshake ends and nothing else (SEC-D2). */
  async #answerName(
    name: string,
    source: Source,
    done: (error: Error | null, context?: SecureContext) => void,
  ): Promise<void> {
    // A device's flow was granted for one hostname, whatever its TLS asks for.
    const isGranted = !('device' in source) || source.device.host === name;
    const context = isGranted ? await this.#options.contextFor(name).catch(() => undefined) : undefined;
    if (context === undefined) done(new Error('there is no certificate for this name'));
    else done(null, context);
  }

  /** Whether connections are let go as their requests end. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#open.browser.size + this.#open.device.size;
  }

  /**
   * Takes no new connections and has those there are end: idle ones at once, others with what is under way on them. HTTP/2 is
   * told by GOAWAY (RFC 9113 §6.8); that an HTTP/1.1 answer is the last one is for whoever sends it to say.
   */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (const session of this.#sessions) session.close();
    this.#letIdleGo();
  }

  /** Takes new connections again; those that were told to end do. */
  resume(): void {
    this.#isDraining = false;
    this.#cancelDrain();
  }

  close(): void {
    this.#cancelDrain();
    for (const open of Object.values(this.#open)) open.destroyAll();
  }

  #letIdleGo(): void {
    this.#http1?.closeIdleConnections();
    this.#cancelDrain = this.#options.clock.after(drainCheckMs, () => this.#letIdleGo());
  }

  #enter(socket: TLSSocket, connection: Connection): void {
    if (socket.alpnProtocol !== 'h2') {
      this.#connections.set(socket, connection);
      this.#http1?.emit('connection', socket);
      return;
    }
    this.#entering = connection;
    this.#http2?.emit('connection', socket);
    this.#entering = undefined;
  }

  #begin(session: ServerHttp2Session): void {
    if (this.#entering !== undefined) this.#connections.set(session, this.#entering);
    session.on('error', () => session.destroy());
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    // Its handshake was under way when the others were told.
    if (this.#isDraining) session.close();
    let streams = 0;
    session.on('stream', (stream) => {
      streams++;
      stream.on('error', () => undefined);
      stream.once('close', () => {
        streams--;
      });
    });
    session.setTimeout(idleSessionMs, () => {
      if (streams === 0) session.close();
    });
  }
}
