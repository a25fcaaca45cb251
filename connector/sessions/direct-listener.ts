/**
 * Listens for clients that reach this connector without a relay (`--direct`). Silent to whoever does not bring an INIT
 * with the right mac1, and bounded in how many it hears out at once, per source and altogether: whoever takes all places
 * loses the oldest of them. What a connection then says is the secure channel's business.
 */
import { networkInterfaces } from 'node:os';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { AgreementKey } from '../../protocol/keys.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { sourceOfAddress } from '../../protocol/source-address.ts';
import { acceptedTcpCarrier } from '../../protocol/link/tcp-carrier.ts';
import { watchGate } from '../../protocol/link/tcp-gate.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';
import { Strangers } from '../../protocol/strangers.ts';
import { OpenSockets } from '../../protocol/open-sockets.ts';
import { isInside, parseAddress } from '../dial/address.ts';

/** Connections that have not shown a right yet. */
const maxStrangers = 1_024;
const maxStrangersPerSource = 64;
/** New connections a second; the kernel keeps the rest waiting or drops them. */
const arrivals = { burst: 2_000, perSecond: 1_000 };

export interface DirectListenerOptions {
  /** Undefined: every address of this machine. */
  readonly address: string | undefined;
  /** 0: the system chooses. */
  readonly port: number;
  readonly own: AgreementKey;
  readonly clock: Clock;
  /**
   * Somebody who knows this connector's key, and nothing more of them. They count as a stranger until `welcome` is called
   * or the connection ends.
   * @param source what their handshake is counted against: an address, of IPv6 its /64
   */
  onCarrier(carrier: Carrier, source: string, welcome: () => void): void;
}

export interface DirectListener {
  readonly address: string;
  readonly port: number;
  /** Connections that have not shown a right yet. */
  readonly strangers: number;
  /** Whether a connection from this machine to `address` and `port` would lead to this listener. */
  isAt(this: void, address: string, port: number): boolean;
  /** Cuts every connection. */
  close(): void;
}

/** Rejects with a Fault that says why the port cannot be had. */
export async function listenDirectly(options: DirectListenerOptions): Promise<DirectListener> {
  const { address, port, own, clock } = options;
  const strangers = new Strangers<Socket>({
    most: maxStrangers,
    mostOfSource: maxStrangersPerSource,
    cut: (socket) => socket.resetAndDestroy(),
  });
  const open = new OpenSockets();
  const bucket = new TokenBucket(clock, arrivals);
  const server = createServer({ noDelay: true }, (socket) => {
    const source = sourceOfAddress(socket.remoteAddress ?? '');
    open.add(socket);
    strangers.add(socket, source);
    socket.once('close', () => strangers.remove(socket));
    watchGate(socket, own, clock, (head) =>
      options.onCarrier(acceptedTcpCarrier(socket, head, clock), source, () => strangers.remove(socket)),
    );
    if (!bucket.take()) rest();
  });
  /** Lets nobody in until there is room again: what is dropped unseen costs least. */
  const rest = (): void => {
    server.maxConnections = 0;
    clock.after(100, () => {
      server.maxConnections = Number.MAX_SAFE_INTEGER;
    });
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toListenFault(error, address, port)));
    server.listen({ ...(address === undefined ? {} : { host: address }), port, backlog: 511 }, resolve);
  });
  // A listener that fails later (no more descriptors) goes on when it can; relays lead here all the while.
  server.on('error', () => undefined);
  const bound = server.address() as AddressInfo;
  const isEverywhere = bound.address === '::' || bound.address === '0.0.0.0';
  return {
    address: bound.address,
    port: bound.port,
    get strangers() {
      return strangers.size;
    },
    isAt: (to, at) =>
      at === bound.port && (isEverywhere ? isOfThisMachine(to) : sameAddress(to, bound.address)),
    close() {
      server.close();
      open.destroyAll();
    },
  };
}

function isOfThisMachine(text: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const to = parseAddress(text);
  const isLoopback = to !== undefined && (isInside(to, loopback4) || isInside(to, loopback6));
  return isLoopback || own.some(({ address }) => sameAddress(text, address));
}

const loopback4 = { base: Uint8Array.of(127, 0, 0, 0), bits: 8 };
const loopback6 = { base: Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0)), bits: 128 };

/** However each is written. */
function sameAddress(a: string, b: string): boolean {
  const [one, other] = [parseAddress(a), parseAddress(b)];
  return one !== undefined && other !== undefined && isInside(one, { base: other, bits: other.length * 8 });
}

function toListenFault(
  { code, message }: NodeJS.ErrnoException,
  address: string | undefined,
  port: number,
): Fault {
  const where = address === undefined ? `port ${port}` : `port ${port} of ${address}`;
  if (code === 'EADDRINUSE')
    return new Fault('busy', `cannot listen on ${where}: another program does; choose another port`);
  if (code === 'EADDRNOTAVAIL')
    return new Fault(
      'unreachable',
      `cannot listen on ${where}: this machine has no such address; leave the address out of --direct`,
    );
  if (code === 'EACCES')
    return new Fault('denied', `cannot listen on ${where}: ports below 1024 need privilege; choose another`);
  return new Fault('internal', `cannot listen on ${where}: ${message}`);
}
