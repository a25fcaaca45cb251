/**
 * The two proxies on loopback for programs that are not captured: SOCKS5 and HTTP CONNECT. Each connection is checked to
 * be its owner's, parsed within bounds, and joined with a flow, or with a relay socket for datagrams.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { systemClock } from '../../protocol/clock.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import { OpenSockets } from '../../protocol/open-sockets.ts';
import type { FlowTarget, OpenDatagrams, OpenFlow } from '../flows/open-flow.ts';
import { splice } from '../flows/splice.ts';
import { connectEstablished, readConnect, statusFor, writeRefusal } from './http-connect.ts';
import { pacFile, writePac, type PacSource } from './pac-file.ts';
import { ownerOfPeer, ownerOfSender } from './peer-owner.ts';
import {
  readGreeting,
  readRequest,
  socksReplies,
  socksReplyFor,
  writeMethod,
  writeReply,
  type SocksSender,
} from './socks.ts';
import { UdpAssociations } from './udp-associations.ts';

export interface ProxyOptions {
  readonly kind: 'socks' | 'http';
  /** A loopback address. */
  readonly address: string;
  readonly port: number;
  /** Whose connections are served. */
  readonly uids: ReadonlySet<number>;
  readonly openFlow: OpenFlow;
  /** Without, SOCKS5 has no UDP ASSOCIATE. */
  readonly openDatagrams?: OpenDatagrams;
  /** What the HTTP proxy's auto-configuration file is made of; without, there is none. */
  readonly pac?: () => Omit<PacSource, 'http'>;
  readonly ownerOf?: (socket: Socket) => number | undefined;
  /** The user who sends from an address and port. */
  readonly ownerOfSender?: (address: string, port: number) => number | undefined;
  readonly requestTimeoutMs?: number;
}

export interface ProxyServer {
  readonly port: number;
  close(): void;
}

const mostConnections = 1_024;
const mostHeldBytes = 16_384;
/** From this much on that an application has not taken, the rest waits in its flow, where it is counted. */
const mostUnsentBytes = 16_384;
const requestTimeoutMs = 10_000;

/** Listens. Rejects with a Fault when the address is not loopback or cannot be had. */
export async function serveProxy(options: ProxyOptions): Promise<ProxyServer> {
  if (!/^127\.\d+\.\d+\.\d+$/.test(options.address))
    throw new Fault('denied', `a proxy listens on loopback only, such as 127.0.0.1:${options.port}`);
  const open = new OpenSockets();
  const ownerOf = options.ownerOf ?? ownerOfPeer;
  const { openDatagrams, address } = options;
  const associations =
    openDatagrams === undefined
      ? undefined
      : new UdpAssociations({
          address,
          open: openDatagrams,
          ownerOf: options.ownerOfSender ?? ownerOfSender,
          clock: systemClock,
        });
  const server = createServer({ allowHalfOpen: true, highWaterMark: mostUnsentBytes }, (socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    const owner = ownerOf(socket);
    if (owner === undefined || !options.uids.has(owner)) socket.resetAndDestroy();
    else if (options.kind === 'http') void serveConnect(socket, options);
    else void serveSocks(socket, options, (from) => associations?.open(socket, owner, from));
  });
  server.maxConnections = mostConnections;
  server.listen(options.port, options.address);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const where = `${options.address}:${options.port}`;
    throw new Fault('internal', `${where} cannot be listened on (${code ?? 'error'}); choose another port`, {
      cause: error,
    });
  }
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      open.destroyAll();
    },
  };
}

/** Where the relay socket of a connection is bound; undefined where there is none. */
type Associate = (from: SocksSender) => Promise<{ address: string; port: number }> | undefined;

async function serveSocks(socket: Socket, options: ProxyOptions, associate: Associate): Promise<void> {
  const reader = new Reader(socket, options.requestTimeoutMs ?? requestTimeoutMs);
  const greeting = await reader.read(readGreeting);
  if (greeting === undefined || greeting === 'bad') return void socket.destroy();
  reader.take(greeting.length);
  socket.write(writeMethod(greeting.noAuth));
  if (!greeting.noAuth) return void socket.end();
  const request = await reader.read(readRequest);
  if (request === undefined || request === 'bad') return void socket.destroy();
  if ('refuse' in request) return void socket.end(writeReply(request.refuse));
  reader.take(request.length);
  if ('associate' in request) {
    reader.release();
    return answerAssociate(socket, request.associate, associate);
  }
  return join(socket, reader, options.openFlow, request.target, writeReply(socksReplies.succeeded), (fault) =>
    writeReply(socksReplyFor(fault.code)),
  );
}

/** From here on the connection only says, by its end, that the datagrams are over (RFC 1928 section 7). */
async function answerAssociate(socket: Socket, from: SocksSender, associate: Associate): Promise<void> {
  if (from.address !== undefined && from.address !== socket.remoteAddress)
    return void socket.end(writeReply(socksReplies.notAllowed));
  try {
    const bound = await associate(from);
    if (bound === undefined) return void socket.end(writeReply(socksReplies.commandNotSupported));
    socket.write(writeReply(socksReplies.succeeded, bound));
  } catch {
    return void socket.end(writeReply(socksReplies.generalFailure));
  }
  socket.on('end', () => socket.end());
  socket.resume();
  return undefined;
}

async function serveConnect(socket: Socket, options: ProxyOptions): Promise<void> {
  const reader = new Reader(socket, options.requestTimeoutMs ?? requestTimeoutMs);
  const request = await reader.read(readConnect);
  if (request === undefined) return void socket.destroy();
  if ('refuse' in request) return void socket.end(writeRefusal(request.refuse, request.why));
  if ('file' in request) {
    const source = options.pac?.();
    if (source === undefined) return void socket.end(writeRefusal(404, 'There is no such file here.'));
    const http = `${options.address}:${socket.localPort ?? options.port}`;
    return void socket.end(writePac(pacFile({ ...source, http })));
  }
  reader.take(request.length);
  return join(socket, reader, options.openFlow, request.target, connectEstablished, (fault) =>
    writeRefusal(statusFor(fault), fault.message),
  );
}

async function join(
  socket: Socket,
  reader: Reader,
  openFlow: OpenFlow,
  target: FlowTarget,
  established: Buffer,
  refusal: (fault: Fault) => Buffer,
): Promise<void> {
  reader.release();
  try {
    await boundUnsent(socket);
    const flow = await openFlow(target);
    if (socket.destroyed) return void flow.destroy();
    socket.write(established);
    splice(socket, flow);
  } catch (error) {
    if (!socket.destroyed) socket.end(refusal(toFault(error)));
  }
  return undefined;
}

/** As for captured flows; the system's interface is loaded with the first, where there is one. */
async function boundUnsent(socket: Socket): Promise<void> {
  if (process.platform !== 'linux') return;
  const system = await import('../capture/captured-socket.ts');
  system.boundUnsent(socket);
}

/** Gathers the bytes of a request, up to a bound and a time. */
class Reader {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #held: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #over = false;
  readonly #onData = (bytes: Buffer): void => {
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#wake();
  };
  readonly #onEnd = (): void => {
    this.#over = true;
    this.#wake();
  };

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    // For the whole request: one that comes byte by byte is over as well.
    this.#timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.once('close', () => clearTimeout(this.#timer));
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
  }

  /** Parses what has come until it is whole; undefined when it never is. */
  async read<T>(parse: (bytes: Buffer) => T | 'more'): Promise<T | undefined> {
    for (;;) {
      const parsed = parse(this.#held);
      if (parsed !== 'more') return parsed;
      if (this.#over || this.#held.length > mostHeldBytes) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  take(length: number): void {
    this.#held = this.#held.subarray(length);
  }

  /** Stops reading; what came beyond the request goes back to the socket, for the flow. */
  release(): void {
    clearTimeout(this.#timer);
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#socket.pause();
    if (this.#held.length > 0) this.#socket.unshift(this.#held);
  }
}
