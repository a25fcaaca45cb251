/** One attached node as the relay has it: its hop, what it was admitted with, and the circuits it asks for. */
import type { WebSocket } from 'ws';
import type { Clock } from '../protocol/clock.ts';
import { Fault, type CodeName } from '../protocol/errors.ts';
import { attachedMessage, decodePeer, encodeFrom, encodeWeb, type WebCaller } from '../protocol/hop.ts';
import type { ConnectorId, NodeId, OrganisationId } from '../protocol/ids.ts';
import { HopLink } from '../protocol/link/hop-link.ts';
import type { GrowthBudget } from '../protocol/mux/growth-budget.ts';
import { matchesPattern, type Name, type Pattern } from '../protocol/names.ts';
import type { MuxStream } from '../protocol/mux/stream.ts';
import { TokenBucket } from '../protocol/mux/token-bucket.ts';
import type { Ticket } from '../protocol/tokens.ts';
import type { Admitted } from './admit.ts';

export interface AttachedNodeOptions {
  readonly clock: Clock;
  readonly growth: GrowthBudget;
  /** Why this ticket is not honoured now; undefined when it is. */
  objection(ticket: Ticket): CodeName | undefined;
  /** It showed a newer ticket, which is honoured now. */
  renewed(ticket: Ticket): void;
  /** The node asks to be joined with `peer`; undefined when it named none. */
  circuit(stream: MuxStream, peer: ConnectorId | undefined): void;
  /** Once. */
  closed(code: CodeName): void;
}

export class AttachedNode {
  readonly #hop: HopLink;
  readonly #admitted: Admitted;
  readonly #options: AttachedNodeOptions;
  /** Checking a ticket costs us a signature or two. */
  readonly #renewals: TokenBucket;
  #ticket: Ticket;

  /** Tells the node that it is attached. */
  constructor(socket: WebSocket, admitted: Admitted, options: AttachedNodeOptions) {
    this.#admitted = admitted;
    this.#ticket = admitted.ticket;
    this.#options = options;
    this.#renewals = new TokenBucket(options.clock, { burst: 20, perSecond: 1 });
    socket.send(attachedMessage);
    this.#hop = new HopLink(socket, {
      side: 'acceptor',
      clock: options.clock,
      growth: options.growth,
      handlers: {
        stream: (stream, payload) => options.circuit(stream, decodePeer(payload)),
        text: (message) => void this.#renew(message),
        closed: (fault) => options.closed(fault.code),
      },
    });
  }

  get id(): NodeId {
    return this.#ticket.sub;
  }

  get organisation(): OrganisationId {
    return this.#ticket.org;
  }

  get ticket(): Ticket {
    return this.#ticket;
  }

  /** Circuits open now, both directions. */
  get circuits(): number {
    return this.#hop.streams;
  }

  /** Patterns of the public hostnames that its ticket names; none of whatever is no connector. */
  get hosts(): readonly string[] {
    const { hosts = [], role } = this.#ticket;
    return role === 'connector' ? hosts : [];
  }

  serves(name: Name): boolean {
    return this.hosts.some((pattern) => matchesPattern(pattern as Pattern, name));
  }

  /** A stream to this node for a circuit from `from`; undefined when it takes no more. */
  openCircuit(from: NodeId): MuxStream | undefined {
    return this.#open(encodeFrom(from));
  }

  /** A stream to this connector for a browser's connection; undefined when it takes no more. */
  openWeb(caller: WebCaller): MuxStream | undefined {
    return this.#open(encodeWeb(caller));
  }

  /** Without a sign of life within 2.5 s its attachment ends. */
  doubt(): void {
    this.#hop.check();
  }

  /** Tells it that the relay takes no new circuits. */
  drain(): void {
    this.#hop.drain();
  }

  close(code: CodeName): void {
    this.#hop.close(new Fault(code));
  }

  #open(payload: Buffer): MuxStream | undefined {
    try {
      return this.#hop.openStream(payload);
    } catch {
      return undefined;
    }
  }

  /** A newer ticket of the same node takes the place of the older; anything else ends the attachment. */
  async #renew(message: string): Promise<void> {
    if (!this.#renewals.take()) return this.close('limit');
    const renewed = await this.#admitted.renew(message);
    if (typeof renewed === 'string') return this.close(renewed);
    if (renewed.sub !== this.id || renewed.org !== this.#ticket.org) return this.close('denied');
    const code = this.#options.objection(renewed);
    if (code !== undefined) return this.close(code);
    this.#ticket = renewed;
    this.#options.renewed(renewed);
    this.#hop.sendText(attachedMessage);
  }
}
