/**
 * The listening half of our resolver: UDP and TCP (RFC 7766) on one address, bounded, with any number of questions in
 * work at once. What the answers are is the caller's.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';

/** Bounds (SEC-E6). Beyond them a datagram is dropped and a connection closed: the asker asks again. */
export const dnsLimits = { inFlight: 512, messageBytes: 4_096, connections: 64, tcpIdleMs: 10_000 } as const;

export interface DnsServerOptions {
  readonly address: string;
  /** 0 takes any port, the same for UDP and TCP. */
  readonly port: number;
  readonly tcpIdleMs?: number;
  /** The reply to one message, or undefined to stay silent. Must not throw or reject. */
  answer(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined>;
}

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** How often another port is tried where the system chose one whose TCP half is taken. */
const portAttempts = 16;

/** Listens; rejects with the system's error when the address or port cannot be had. */
export async function serveDns(options: DnsServerOptions): Promise<DnsServer> {
  for (let attempt = 1; ; attempt++) {
    const service = new Service(options);
    try {
      await service.listen();
      return service;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (options.port !== 0 || !isTaken || attempt === portAttempts) throw error;
    }
  }
}

class Service implements DnsServer {
  readonly #options: DnsServerOptions;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  #inFlight = 0;
  #closed = false;

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#udp = createSocket(options.address.includes(':') ? 'udp6' : 'udp4');
    this.#tcp = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#tcp.maxConnections = dnsLimits.connections;
    this.#udp.on('message', (message, from) => {
      if (message.length > dnsLimits.messageBytes || from.port === 0) return;
      this.#work(message, 'udp', (reply) => {
        if (!this.#closed) this.#udp.send(reply, from.port, from.address, () => undefined);
      });
    });
  }

  get address(): string {
    return this.#options.address;
  }

  get port(): number {
    return this.#udp.address().port;
  }

  async listen(): Promise<void> {
    const { address, port } = this.#options;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#udp.once('error', reject);
        this.#udp.bind({ address, port }, resolve);
      });
      await new Promise<void>((resolve, reject) => {
        this.#tcp.once('error', reject);
        this.#tcp.listen({ host: address, port: this.port, backlog: dnsLimits.connections }, resolve);
      });
    } catch (error) {
      await this.close();
      throw error;
    }
    // From here errors are of single datagrams (an ICMP for a reply) or accepts, and the next one may work.
    this.#udp.removeAllListeners('error').on('error', () => undefined);
    this.#tcp.removeAllListeners('error').on('error', () => undefined);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => {
        this.#udp.close(resolve);
      }),
      new Promise<void>((resolve) => {
        this.#tcp.close(() => resolve());
      }),
    ]);
  }

  /** Has one message answered; false when too many are in work. */
  #work(message: Buffer, transport: 'udp' | 'tcp', reply: (bytes: Buffer) => void): boolean {
    if (this.#inFlight >= dnsLimits.inFlight) return false;
    this.#inFlight += 1;
    void this.#answer(message, transport, reply);
    return true;
  }

  async #answer(message: Buffer, transport: 'udp' | 'tcp', reply: (bytes: Buffer) => void): Promise<void> {
    const bytes = await this.#options.answer(message, transport);
    this.#inFlight -= 1;
    if (bytes !== undefined) reply(bytes);
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(this.#options.tcpIdleMs ?? dnsLimits.tcpIdleMs, () => socket.destroy());
    let held: Buffer = Buffer.alloc(0);
    let open = 0;
    let ended = false;
    const endWhenDone = (): void => {
      if (ended && open === 0) socket.end();
    };
    const reply = (bytes: Buffer): void => {
      open -= 1;
      // Whoever asks and never reads does not get to keep its answers here.
      if (socket.writableLength > 16 * dnsLimits.messageBytes) socket.destroy();
      if (!socket.destroyed) socket.write(framed(bytes));
      endWhenDone();
    };
    socket.on('end', () => {
      ended = true;
      endWhenDone();
    });
    socket.on('data', (bytes: Buffer) => {
      const taken = takeMessages(Buffer.concat([held, bytes]));
      held = taken.rest;
      const worked = taken.messages.every((message) => {
        open += 1;
        return this.#work(message, 'tcp', reply);
      });
      if (!worked || taken.oversized) socket.destroy();
    });
  }
}

/** The whole messages at the start of `bytes` (each behind its length), and what is left of the next one. */
function takeMessages(bytes: Buffer): { messages: Buffer[]; rest: Buffer; oversized: boolean } {
  const messages: Buffer[] = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const length = rest.readUInt16BE(0);
    if (length === 0 || length > dnsLimits.messageBytes) return { messages, rest, oversized: true };
    if (rest.length < 2 + length) break;
    messages.push(rest.subarray(2, 2 + length));
    rest = rest.subarray(2 + length);
  }
  return { messages, rest, oversized: false };
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}
