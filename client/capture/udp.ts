/**
 * UDP to names: for each declared port of a name that has a synthetic address, a socket bound there. What an application
 * sends to it goes through a flow of its own, and what comes back leaves from that socket, as if the application's server
 * had that address. Which ports the kernel lets through is `rules.ts`'s; who may reach what is decided behind `open`.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { systemClock } from '../../protocol/clock.ts';
import type { PortRange } from '../../protocol/ports.ts';
import { DatagramFlows } from '../flows/datagram-flows.ts';
import type { OpenDatagrams } from '../flows/open-flow.ts';

/** Bounds: sockets of one name and of all, and flows of all; the flow that was silent longest makes room for another. */
export const udpLimits = { portsOfName: 256, sockets: 2_048, flows: 512 } as const;
export class UdpCapture {
  /** By address, then by port. */
  readonly #bound = new Map<string, Map<number, Socket>>();
  readonly #flows: DatagramFlows;
  #sockets = 0;

  constructor(open: OpenDatagrams) {
    this.#flows = new DatagramFlows({ open, most: udpLimits.flows, clock: systemClock });
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
    this.#flows.endAll((key) => key.endsWith(`>${target}`));
  }

  #take(
    socket: Socket,
    { address, port }: { address: string; port: number },
    bytes: Buffer,
    from: RemoteInfo,
  ): void {
    const key = `${from.address}:${from.port}>${address}:${port}`;
    this.#flows.send(key, bytes, { host: address, port }, (answer) =>
      socket.send(answer, from.port, from.address, () => undefined),
    );
  }
}

function portsIn(ranges: readonly PortRange[]): Set<number> {
  const ports = new Set<number>();
  for (const { from, to } of ranges) {
    for (let port = from; port <= to && ports.size < udpLimits.portsOfName; port += 1) ports.add(port);
  }
  return ports;
}
