/**
 * The relay: nodes attach to it by WebSocket, and it joins a client's circuit with a connector's, stream to stream. It
 * sees ids, sizes and times; it has no key of any session, no policy and no store. Mounted by the controller's process
 * or run as a program of its own.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock, Random } from '../protocol/clock.ts';
import { Fault, type CodeName } from '../protocol/errors.ts';
import { attachMs, hopMaxPayload, hopSubprotocol } from '../protocol/hop.ts';
import type { NodeId, OrganisationId, RelayId } from '../protocol/ids.ts';
import type { Lease } from '../protocol/lease.ts';
import { closeCodeOf } from '../protocol/link/websocket-carrier.ts';
import type { Name } from '../protocol/names.ts';
import { GrowthBudget } from '../protocol/mux/growth-budget.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';
import { refuseUpgrade, webSocketClosing } from '../protocol/slow-peers.ts';
import { sourceOfAddress } from '../protocol/source-address.ts';
import { Strangers } from '../protocol/strangers.ts';
import type { Card } from '../protocol/tokens.ts';
import { admit, type Admitted } from './admit.ts';
import { AttachedNode } from './attached-node.ts';
import { Circuit } from './circuit.ts';
import { Circuits } from './circuits.ts';
import { NodePlaces } from './node-places.ts';
import { RateShares, type Passed } from './rate-shares.ts';
import { ServedNames } from './served-names.ts';
import { TicketWatch } from './ticket-watch.ts';
import { boundsOfBrowsers, WebDoor } from './web-door.ts';

/** What happened, in ids and codes only. */
export type RelayEvent =
  | { readonly event: 'attached' | 'replaced'; readonly node: NodeId }
  | { readonly event: 'detached'; readonly node: NodeId; readonly code: CodeName }
  | { readonly event: 'refused'; readonly code: CodeName }
  | { readonly event: 'circuit'; readonly from: NodeId; readonly to: NodeId }
  | { readonly event: 'no-peer'; readonly from: NodeId }
  | { readonly event: 'web'; readonly to: string }
  | { readonly event: 'web-refused' };

export interface RelayOptions {
  readonly relayId: RelayId;
  /** The current card; undefined while none is known, when nobody may attach. */
  card(): Card | undefined;
  readonly lease: Pick<Lease, 'isHonoured' | 'isRevoked' | 'nowMs'>;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * What may be held for circuits, all together; default 256 MiB. By half of it the windows of one organisation may grow,
   * and there may be a circuit for each 16 KiB of it. Who has most pays when it is spent.
   */
  readonly memoryBytes?: number;
  /**
   * Connections of browsers that one source (an IPv4 address, an IPv6 /64) may hold; default 1,024. An eighth of that may be without a
   * hello or a connector yet.
   */
  readonly browsersOfSource?: number;
  /** Nodes attached at once, shared among organisations when there are more; default 20,000, of 70 kB each. */
  readonly mostNodes?: number;
  /**
   * What may pass in a second, shared evenly among the organisations that use it; without bound unless given. What one of
   * them may pass stands in its tickets.
   */
  readonly bytesPerSecond?: number;
  log?(event: RelayEvent): void;
}

export interface Relay {
  /** Takes an HTTP upgrade to `/hop`, which the caller has routed here. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends whatever is revoked, expired or no longer honoured; to be called when the lease changed. */
  recheck(): void;
  /** A key that signed tickets is no longer on the card: whoever does not show a newer ticket in a moment is parted with. */
  forgetTickets(): void;
  /**
   * Takes no new node and no new circuit, and tells those that are there. Resolves once every circuit has moved, when none
   * has moved for 1.5 s, or after 10 s; what is left then is the caller's to `close`.
   */
  drain(): Promise<void>;
  readonly isDraining: boolean;
  /** Nodes attached, and circuits open between them. */
  readonly attached: number;
  readonly circuits: number;
  /** What organisations may pass here in a second, in bytes; of those that are not named what their tickets say. */
  give(bytesPerSecond: ReadonlyMap<string, number>): void;
  /** Everything that has passed, in bytes. */
  readonly passedBytes: number;
  /** What has passed since it was taken last, of `most` organisations at once. */
  takePassed(most: number): Passed[];
  /** Takes browsers' connections. */
  readonly door: WebDoor;
  close(): void;
}

const defaultMostNodes = 20_000;
const defaultMemoryBytes = 256 * 1_024 * 1_024;
/** Sockets that have not attached yet; beyond, who has most of them loses the oldest. */
const maxUnattached = 1_000;
/** While it drains: how often it looks whether circuits have moved, and how long it waits for that. */
const drainCheckMs = 50;
const drainIdleMs = 1_500;
const drainMs = 10_000;
/** How often what is held for circuits is counted. */
const weighMs = 250;
/** Circuits one client may hold: a few per connector it talks to. */
const maxCircuitsOfClient = 128;

export function createRelay(options: RelayOptions): Relay {
  return new BlindRelay(options);
}

class BlindRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #nodes = new Map<NodeId, AttachedNode>();
  readonly #names = new ServedNames<AttachedNode>();
  readonly #growth = new Map<OrganisationId, GrowthBudget>();
  readonly #rates: RateShares;
  readonly #memoryBytes: number;
  readonly #unattached = new Strangers<WebSocket>({
    most: maxUnattached,
    cut: (socket) => this.#turnAway(socket, 'busy'),
  });
  readonly #tickets: TicketWatch;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    ...webSocketClosing,
    maxPayload: hopMaxPayload,
    handleProtocols: (offered) => (offered.has(hopSubprotocol) ? hopSubprotocol : false),
  });
  readonly #circuits: Circuits;
  readonly #places: NodePlaces;
  #drained: Promise<void> | undefined;
  readonly door: WebDoor;
  #cancelWeigh: () => void = () => {};

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#memoryBytes = options.memoryBytes ?? defaultMemoryBytes;
    this.#circuits = new Circuits(this.#memoryBytes);
    this.#places = new NodePlaces(options.mostNodes ?? defaultMostNodes);
    const { bytesPerSecond, clock, lease } = options;
    this.#tickets = new TicketWatch({ lease, clock, nodes: () => this.#nodes.values() });
    this.#rates = new RateShares(bytesPerSecond, clock);
    this.door = new WebDoor({
      clock: options.clock,
      circuits: this.#circuits,
      rates: this.#rates,
      serving: (name) => this.#serving(name),
      passed: (to) => options.log?.({ event: 'web', to }),
      refused: () => options.log?.({ event: 'web-refused' }),
      ...(options.browsersOfSource === undefined
        ? {}
        : { bounds: boundsOfBrowsers(options.browsersOfSource) }),
    });
    this.#tickets.start();
    this.#watchMemory();
  }

  get attached(): number {
    return this.#nodes.size;
  }

  get circuits(): number {
    return this.#circuits.size;
  }

  get isDraining(): boolean {
    return this.#drained !== undefined;
  }

  give(bytesPerSecond: ReadonlyMap<string, number>): void {
    this.#rates.give(bytesPerSecond);
  }

  get passedBytes(): number {
    return this.#rates.passed;
  }

  takePassed(most: number): Passed[] {
    return this.#rates.takePassed(most);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.isDraining) return refuseUpgrade(socket, '503 Service Unavailable');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',');
    if (!offered.some((name) => name.trim() === hopSubprotocol))
      return refuseUpgrade(socket, '400 Bad Request');
    const source = sourceOfAddress(request.socket.remoteAddress ?? '');
    this.#server.handleUpgrade(request, socket, head, (opened) => this.#greet(opened, source));
  }

  recheck(): void {
    this.#tickets.recheck();
  }

  forgetTickets(): void {
    this.#tickets.forget();
  }

  close(): void {
    this.#tickets.stop();
    this.#cancelWeigh();
    this.#rates.close();
    this.door.close();
    for (const socket of this.#unattached.values()) socket.terminate();
    for (const node of this.#nodes.values()) node.close('draining');
    this.#server.close();
  }

  async #drain(): Promise<void> {
    const { clock } = this.#options;
    for (const socket of this.#unattached.values()) socket.close(closeCodeOf(new Fault('draining')));
    for (const node of this.#nodes.values()) node.drain();
    const sinceMs = clock.nowMs();
    let [left, leftAtMs] = [this.#circuits.size, sinceMs];
    while (left > 0 && clock.nowMs() - leftAtMs < drainIdleMs && clock.nowMs() - sinceMs < drainMs) {
      await new Promise<void>((resolve) => clock.after(drainCheckMs, resolve));
      if (this.#circuits.size < left) leftAtMs = clock.nowMs();
      left = this.#circuits.size;
    }
  }

  #watchMemory(): void {
    this.#cancelWeigh = this.#options.clock.after(weighMs, () => {
      this.#circuits.weigh();
      this.#watchMemory();
    });
  }

  #greet(socket: WebSocket, source: string): void {
    this.#unattached.add(socket, source);
    const cancel = this.#options.clock.after(attachMs, () => socket.terminate());
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      cancel();
      this.#unattached.remove(socket);
    });
    void this.#admit(socket, cancel);
  }

  async #admit(socket: WebSocket, cancelTimer: () => void): Promise<void> {
    const admitted = await admit(socket, this.#options);
    cancelTimer();
    this.#unattached.remove(socket);
    if (socket.readyState !== socket.OPEN) return;
    if (this.isDraining) return this.#turnAway(socket, 'draining');
    if (typeof admitted === 'string') return this.#turnAway(socket, admitted);
    const code = this.#tickets.objection(admitted.ticket);
    if (code !== undefined) return this.#turnAway(socket, code);
    const { sub, org } = admitted.ticket;
    // One that comes again takes the place it has.
    if (!this.#nodes.has(sub) && !this.#places.hasRoom(org)) return this.#turnAway(socket, 'busy');
    this.#attach(socket, admitted);
  }

  #turnAway(socket: WebSocket, code: CodeName): void {
    this.#options.log?.({ event: 'refused', code });
    socket.close(closeCodeOf(new Fault(code)));
  }

  #attach(socket: WebSocket, admitted: Admitted): void {
    const id = admitted.ticket.sub;
    const older = this.#nodes.get(id);
    socket.removeAllListeners();
    this.#rates.heed(admitted.ticket);
    const giveBack = this.#places.take(admitted.ticket.org);
    const node = new AttachedNode(socket, admitted, {
      clock: this.#options.clock,
      growth: this.#growthOf(admitted.ticket.org),
      objection: (ticket) => this.#tickets.objection(ticket),
      renewed: (ticket) => {
        this.#rates.heed(ticket);
        if (this.#nodes.get(id) === node) this.#names.set(node, node.hosts);
        this.door.recheck(node);
      },
      circuit: (stream, peer) => this.#circuit(node, stream, peer),
      closed: (code) => {
        giveBack();
        this.#names.delete(node);
        if (this.#nodes.get(id) === node) this.#nodes.delete(id);
        this.#options.log?.({ event: 'detached', node: id, code });
      },
    });
    this.#nodes.set(id, node);
    if (older !== undefined) this.#names.delete(older);
    this.#names.set(node, node.hosts);
    this.#options.log?.({ event: older === undefined ? 'attached' : 'replaced', node: id });
    older?.close('fenced');
  }

  /** As many as there are organisations that had nodes here. */
  #growthOf(organisation: OrganisationId): GrowthBudget {
    const known = this.#growth.get(organisation);
    if (known !== undefined) return known;
    const budget = new GrowthBudget(this.#memoryBytes / 2);
    this.#growth.set(organisation, budget);
    return budget;
  }

  /** Joins the stream with one to `peer`. Every refusal looks the same to who asked. */
  #circuit(from: AttachedNode, stream: MuxStream, peer: NodeId | undefined): void {
    const to = peer === undefined ? undefined : this.#nodes.get(peer);
    const far = to !== undefined && this.#mayMeet(from, to) ? to.openCircuit(from.id) : undefined;
    if (to === undefined || far === undefined) {
      this.#options.log?.({ event: 'no-peer', from: from.id });
      return stream.reset('no-peer');
    }
    this.#options.log?.({ event: 'circuit', from: from.id, to: to.id });
    const { organisation } = from;
    const over = (): void => this.#circuits.delete(circuit, organisation);
    const circuit = new Circuit(stream, far, over, this.#rates.of(organisation));
    this.#circuits.add(circuit, organisation);
  }

  /** Attached connectors that may serve this hostname now; of several patterns the most exact decides. */
  #serving(name: Name): AttachedNode[] {
    return this.#names.find(
      name,
      (node) =>
        this.#tickets.objection(node.ticket) === undefined && this.#circuits.hasRoom(node.organisation),
    );
  }

  #mayMeet(from: AttachedNode, to: AttachedNode): boolean {
    const caller = from.ticket;
    const called = to.ticket;
    return (
      caller !== called &&
      called.role === 'connector' &&
      caller.org === called.org &&
      called.meet.some((network) => caller.meet.includes(network)) &&
      (caller.role === 'connector' || from.circuits <= maxCircuitsOfClient) &&
      this.#circuits.hasRoom(caller.org) &&
      this.#tickets.objection(from.ticket) === undefined &&
      this.#tickets.objection(to.ticket) === undefined
    );
  }
}
