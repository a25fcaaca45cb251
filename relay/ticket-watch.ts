/**
 * Whose ticket a relay honours now, and the end of those whose it does not: what is revoked, has run out, or was signed with a
 * key that is forgotten. What they may do with a ticket that is honoured is the relay's.
 */
import type { Clock } from '../protocol/clock.ts';
import type { CodeName } from '../protocol/errors.ts';
import type { Lease } from '../protocol/lease.ts';
import type { Ticket } from '../protocol/tokens.ts';
import type { AttachedNode } from './attached-node.ts';

/** Tickets end by time alone: noticed this often. */
const recheckMs = 1_000;
/** So long a node stays that is revoked or no longer honoured: its connector, which can say why, ends its flows first. */
const partingMs = 750;

type Holder = Pick<AttachedNode, 'ticket' | 'close'>;

export interface TicketWatchOptions {
  readonly lease: Pick<Lease, 'isHonoured' | 'isRevoked' | 'nowMs'>;
  readonly clock: Clock;
  /** Those that are attached. */
  nodes(): Iterable<Holder>;
}

export class TicketWatch {
  readonly #options: TicketWatchOptions;
  readonly #parting = new Set<Holder>();
  #cancelRecheck: () => void = () => {};

  constructor(options: TicketWatchOptions) {
    this.#options = options;
  }

  /** Looks again and again from now on, until `stop`. */
  start(): void {
    this.#cancelRecheck = this.#options.clock.after(recheckMs, () => {
      this.recheck();
      this.start();
    });
  }

  stop(): void {
    this.#cancelRecheck();
  }

  /** Why this ticket is not honoured now; undefined when it is. */
  objection(ticket: Ticket): CodeName | undefined {
    const { lease } = this.#options;
    if (lease.isRevoked(ticket.jti) || lease.isRevoked(ticket.sub)) return 'revoked';
    if (lease.nowMs() > ticket.exp * 1_000) return 'expired';
    return lease.isHonoured(ticket.out) ? undefined : 'out-of-contact';
  }

  /** Ends whatever is revoked, expired or no longer honoured. */
  recheck(): void {
    for (const node of this.#options.nodes()) {
      const code = this.objection(node.ticket);
      if (code === 'revoked' || code === 'out-of-contact') this.#part(node);
      else if (code !== undefined) node.close(code);
    }
  }

  /** Whoever does not show a newer ticket in a moment is parted with. */
  forget(): void {
    for (const node of this.#options.nodes()) {
      const { ticket } = node;
      this.#options.clock.after(partingMs, () => {
        if (node.ticket === ticket) node.close('revoked');
      });
    }
  }

  /** No new circuit from now on; those that are open end a moment later, unless a newer ticket came. */
  #part(node: Holder): void {
    if (this.#parting.has(node)) return;
    this.#parting.add(node);
    this.#options.clock.after(partingMs, () => {
      this.#parting.delete(node);
      const code = this.objection(node.ticket);
      if (code !== undefined) node.close(code);
    });
  }
}
