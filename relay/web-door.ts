/**
 * The relay's half of the web door: looks at a browser's ClientHello, and passes the connection as a circuit to a connector
 * that serves the name, or to this program's own TLS server. It has no certificate and learns nothing but the name. Every
 * refusal is the same alert.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../protocol/clock.ts';
import type { OwnServer } from '../protocol/fed-server.ts';
import type { Name } from '../protocol/names.ts';
import { OpenItems, type OpenItem } from '../protocol/open-items.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';
import { neighbourhoodOf } from './browser-network.ts';
import { plainAddress, sourceOfAddress } from '../protocol/source-address.ts';
import type { OrganisationId } from '../protocol/ids.ts';
import type { Circuits } from './circuits.ts';
import { peek, type Peeked } from './peek.ts';
import { inOrder } from './rendezvous.ts';
import type { RateShares } from './rate-shares.ts';
import { WebCircuit } from './web-circuit.ts';

/** A connector that serves a hostname, as the door needs it. */
export interface WebConnector {
  readonly id: string;
  readonly organisation: OrganisationId;
  /** Whether its ticket names this hostname; a newer one may not. */
  serves(name: Name): boolean;
  /** A stream for a browser's connection; undefined when it takes no more. */
  openWeb(request: { sni: Name; addr: string; port: number }): MuxStream | undefined;
  /** It did not answer: without a sign of life it is detached, with all that it carries. */
  doubt(): void;
}

export interface WebDoorOptions {
  readonly clock: Clock;
  readonly circuits: Circuits;
  /** What passes is counted there. */
  readonly rates: RateShares;
  /** Connectors that serve this hostname now, in any order. */
  serving(name: Name): readonly WebConnector[];
  passed(connector: string): void;
  refused(): void;
  readonly bounds?: WebBounds;
}

export interface WebBounds {
  /** Connections whose hello, or whose connector, is still waited for; beyond, the oldest goes. */
  readonly unfinished: number;
  /** The same from one source; beyond, the newest is refused. */
  readonly unfinishedOfSource: number;
  /** Connections passed on that one source may hold. */
  readonly passedOfSource: number;
}

/** A browser's hello, and who may take it. */
interface Asked {
  readonly name: Name;
  readonly hello: Buffer;
  readonly connectors: readonly WebConnector[];
}

/** By what right a browser's connection is passed on, and to whom. */
interface Right {
  readonly name: Name;
  readonly connector: WebConnector;
}

interface Passed extends OpenItem {
  readonly circuit: WebCircuit;
  readonly right: Right;
}

const usualPassedOfSource = 1_024;
const mostUnfinished = 1_024;
const leastUnfinishedOfSource = 16;
/** A connector takes a circuit within this. */
const acceptMs = 3_000;
/** The same where another one serves the name: who opens a page does not wait for a connector that went without a word. */
const acceptElseNextMs = 500;
/** So long a refused browser has to read its alert. */
const partingMs = 1_000;
/** A browser that has gone without a word is noticed by the kernel's probes. */
const keepAliveMs = 30_000;
/** TLS alert record: fatal, unrecognized_name (RFC 6066 §3). */
const alert = Buffer.from([21, 3, 1, 0, 2, 2, 112]);

/** The bounds where one source may hold so many connections. */
export function boundsOfBrowsers(passedOfSource: number): WebBounds {
  const eighth = Math.max(leastUnfinishedOfSource, Math.floor(passedOfSource / 8));
  const unfinished = Math.max(mostUnfinished, 2 * eighth);
  return { unfinished, unfinishedOfSource: eighth, passedOfSource };
}

export class WebDoor {
  readonly #options: WebDoorOptions;
  readonly #bounds: WebBounds;
  readonly #unfinished = new Map<Socket, string>();
  readonly #waitingOf = new Map<string, number>();
  readonly #passedOf = new Map<string, number>();
  readonly #passed = new OpenItems<Passed>();

  constructor(options: WebDoorOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? boundsOfBrowsers(usualPassedOfSource);
  }

  /** Connections whose hello or connector is waited for. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** Takes a connection that has just been accepted. Without `own` every name is a connector's or nobody's. */
  take(socket: Socket, own?: OwnServer): void {
    const address = socket.remoteAddress;
    socket.on('error', ignore);
    if (address === undefined) return void socket.destroy();
    const source = sourceOfAddress(address);
    if ((this.#waitingOf.get(source) ?? 0) >= this.#bounds.unfinishedOfSource) return this.#refuse(socket);
    this.#begin(socket, source);
    peek(socket, this.#options.clock, (peeked) => this.#follow(socket, source, peeked, own));
  }

  close(): void {
    for (const socket of this.#unfinished.keys()) socket.destroy();
    for (const { circuit } of this.#passed.all()) circuit.cut('draining');
  }

  /** It showed a newer ticket: browsers at a hostname that this one does not name are cut, and come again to whoever serves it. */
  recheck(connector: WebConnector): void {
    for (const { circuit, right } of this.#passed.all())
      if (right.connector === connector && !connector.serves(right.name)) circuit.cut('revoked');
  }

  #begin(socket: Socket, source: string): void {
    this.#unfinished.set(socket, source);
    count(this.#waitingOf, source, 1);
    socket.once('close', () => this.#finish(socket));
    if (this.#unfinished.size <= this.#bounds.unfinished) return;
    const [oldest] = this.#unfinished.keys();
    oldest?.destroy();
  }

  #finish(socket: Socket): void {
    const source = this.#unfinished.get(socket);
    if (source === undefined) return;
    this.#unfinished.delete(socket);
    count(this.#waitingOf, source, -1);
  }

  #follow(socket: Socket, source: string, peeked: Peeked, own: OwnServer | undefined): void {
    if (!('bytes' in peeked)) {
      if (peeked.verdict.state === 'gone') return void socket.destroy();
      // It had its time: the alert is all that it still gets.
      this.#refuse(socket);
      socket.once('finish', () => socket.destroy());
      return;
    }
    const { verdict, bytes } = peeked;
    const name = verdict.state === 'named' ? verdict.name : undefined;
    const isOwnHost = name !== undefined && own?.isHost(name) === true;
    const connectors = name === undefined || isOwnHost ? [] : this.#options.serving(name);
    const isOwn = isOwnHost || (connectors.length === 0 && own?.isNamed(name, socket) === true);
    if (own !== undefined && isOwn && verdict.state !== 'invalid') {
      this.#finish(socket);
      socket.unshift(bytes);
      return own.take(socket);
    }
    if (name === undefined || (this.#passedOf.get(source) ?? 0) >= this.#bounds.passedOfSource)
      return this.#refuse(socket);
    return void this.#pass(socket, source, { name, hello: bytes, connectors });
  }

  async #pass(socket: Socket, source: string, { name, hello, connectors }: Asked): Promise<void> {
    const addr = plainAddress(socket.remoteAddress ?? '');
    const request = { sni: name, addr, port: socket.remotePort ?? 0 };
    const order = inOrder(connectors, name, neighbourhoodOf(addr));
    for (const [index, connector] of order.entries()) {
      const stream = connector.openWeb(request);
      if (stream === undefined) continue;
      const withinMs = index + 1 < order.length ? acceptElseNextMs : acceptMs;
      const expired = (): void => {
        stream.reset('timeout');
        connector.doubt();
      };
      if (!(await this.#isTaken(socket, stream, hello, { withinMs, expired }))) continue;
      if (socket.destroyed) return stream.reset('cancelled');
      // Its ticket may have been replaced while it was asked.
      if (connector.serves(name)) return this.#join(socket, source, stream, { connector, name });
      stream.reset('revoked');
    }
    if (!socket.destroyed) this.#refuse(socket);
    return undefined;
  }

  /** Sends the hello at once, and resolves when the connector took the circuit or will not. */
  async #isTaken(
    socket: Socket,
    stream: MuxStream,
    hello: Buffer,
    { withinMs, expired }: { withinMs: number; expired: () => void },
  ): Promise<boolean> {
    const leave = (): void => stream.reset('cancelled');
    const cancelTimer = this.#options.clock.after(withinMs, expired);
    socket.once('close', leave);
    stream.write(hello);
    try {
      await stream.accepted();
      return true;
    } catch {
      return false;
    } finally {
      cancelTimer();
      socket.off('close', leave);
    }
  }

  #join(socket: Socket, source: string, stream: MuxStream, right: Right): void {
    this.#finish(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    count(this.#passedOf, source, 1);
    const { id, organisation } = right.connector;
    const { circuits, rates } = this.#options;
    const over = (): void => {
      count(this.#passedOf, source, -1);
      this.#passed.delete(passed);
      circuits.delete(circuit, organisation);
    };
    const circuit = new WebCircuit(socket, stream, over, rates.of(organisation));
    const passed: Passed = { circuit, right };
    this.#passed.add(passed);
    circuits.add(circuit, organisation);
    this.#options.passed(id);
  }

  #refuse(socket: Socket): void {
    this.#finish(socket);
    this.#options.refused();
    const cancelTimer = this.#options.clock.after(partingMs, () => socket.destroy());
    socket.once('close', cancelTimer);
    socket.once('end', () => socket.destroy());
    socket.end(alert);
    // What it still sends is thrown away: closing over unread bytes would take the alert from it.
    socket.resume();
  }
}

function ignore(): void {}

function count(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now <= 0) counts.delete(key);
  else counts.set(key, now);
}
