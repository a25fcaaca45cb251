/**
 * UDP to names: for each declared port of a name that has a synthetic address, a socket bound there. What an application
 * sends to it goes through a flow of its own, and what comes back leaves from that socket, as if the application's server
 * had that address. Which ports the kernel lets through is `rules.ts`'s; who may reach what is decided behind `open`.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { PortRange } from '../../protocol/ports.ts';
import type { OpenDatagrams } from '../flows/open-flow.ts';

/** Bounds: sockets of one name and of all, and flows of all; the flow that was silent longest makes room for another. */
export const udpLimits = { portsOfName: 256, sockets: 2_048, flows: 512 } as const;
/** What an application sends before the connector has answered, per flow; the oldest gives way. */
const mostEarly = 64;

interface Flow {
  readonly key: string;
  early: Buffer[];
  stream: MuxStream | undefined;
  isOver: boolean;
}

export class UdpCapture {
  readonly #open: OpenDatagrams;
  /** By address, then by port. */
  readonly #bound = new Map<string, Map<number, Socket>>();
  /** Longest silent first. */
  readonly #flows = new Map<string, Flow>();
  #sockets = 0;

  constructor(open: OpenDatagrams) {
    this.#open = open;
  }

  /** Sockets that are bound, and flows that are open or being opened. */
  get counts(): { readonly sockets: number; readonly flows: number } {
    return { sockets: this.#sockets, flows: this.#flows.size };
  }

  /** Has exactly these ports of the address bound, as many as the bounds allow; none gives it up. */
  bind(address: string, ranges: readonly PortRange[]): void {
    const wanted = portsIn(ranges);
    const bound = this.#bound.get(address) ?? new Map<number, Socket>();
    for (const [port, socket] of bound) {
      if (wanted.has(port)) continue;
      bound.delete(port);
      this.#close(socket, `${address}:${port}`);
    }
    for (const port of wanted) {
      if (bound.has(port) || this.#sockets >= udpLimits.sockets) continue;
      bound.set(port, this.#listen(address, port, bound));
    }
    if (bound.size > 0) this.#bound.set(address, bound);
    else this.#bound.delete(address);
  }

  /** Addresses with a bound port. */
  addresses(): string[] {
    return [...this.#bound.keys()];
  }

  close(): void {
    for (const address of this.addresses()) this.bind(address, []);
  }

  #listen(address: string, port: number, bound: Map<number, Socket>): Socket {
    const socket = createSocket('udp4');
    this.#sockets += 1;
    socket.on('message', (bytes, from) => this.#take(socket, { address, port }, bytes, from));
    // Another program has the port, or a datagram could not be sent: that application gets no answer, as with any UDP.
    socket.on('error', () => {
      if (bound.get(port) !== socket) return;
      bound.delete(port);
      this.#close(socket, `${address}:${port}`);
    });
    socket.bind({ address, port });
    return socket;
  }

  #close(socket: Socket, target: string): void {
    this.#sockets -= 1;
    socket.close();
    for (const flow of this.#flows.values()) if (flow.key.endsWith(`>${target}`)) this.#end(flow);
  }

  #take(socket: Socket, target: { address: string; port: number }, bytes: Buffer, from: RemoteInfo): void {
    const key = `${from.address}:${from.port}>${target.address}:${target.port}`;
    const known = this.#flows.get(key);
    const flow: Flow = known ?? { key, early: [], stream: undefined, isOver: false };
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    if (flow.stream !== undefined) {
      flow.stream.sendDatagram(bytes);
      return;
    }
    flow.early.push(bytes);
    if (flow.early.length > mostEarly) flow.early.shift();
    if (known === undefined) void this.#begin(flow, socket, target, from);
  }

  async #begin(
    flow: Flow,
    socket: Socket,
    target: { address: string; port: number },
    from: RemoteInfo,
  ): Promise<void> {
    const [oldest] = this.#flows.values();
    if (this.#flows.size > udpLimits.flows && oldest !== undefined) this.#end(oldest);
    let stream: MuxStream;
    try {
      stream = await this.#open({ host: target.address, port: target.port });
    } catch {
      // The application hears nothing, as with any UDP; `status` shows the reason.
      return this.#end(flow);
    }
    if (flow.isOver) return void stream.destroy();
    flow.stream = stream;
    stream.on('error', () => undefined);
    stream.once('close', () => this.#end(flow));
    stream.onDatagram((bytes) => {
      if (flow.isOver) return;
      this.#flows.delete(flow.key);
      this.#flows.set(flow.key, flow);
      socket.send(bytes, from.port, from.address, () => undefined);
    });
    stream.on('end', () => stream.end());
    stream.resume();
    for (const bytes of flow.early) stream.sendDatagram(bytes);
    flow.early = [];
    return undefined;
  }

  #end(flow: Flow): void {
    if (flow.isOver) return;
    flow.isOver = true;
    this.#flows.delete(flow.key);
    flow.early = [];
    flow.stream?.destroy();
  }
}

function portsIn(ranges: readonly PortRange[]): Set<number> {
  const ports = new Set<number>();
  for (const { from, to } of ranges) {
    for (let port = from; port <= to && ports.size < udpLimits.portsOfName; port += 1) ports.add(port);
  }
  return ports;
}
