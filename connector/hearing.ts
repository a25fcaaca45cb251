/**
 * Takes what the controller says to this connector: into its memory, and on to the parts that it is meant for. What cannot
 * be right raises an alarm, and what was known stays.
 */
import type { FromController, FromNode } from '../protocol/control.ts';
import type { Alarms } from '../protocol/node/alarms.ts';
import { hasLostKey, type Card } from '../protocol/tokens.ts';
import type { TargetHealth } from './dial/target-health.ts';
import type { TargetTests } from './dial/target-tests.ts';
import type { FlowQuota } from './flows/flow-quota.ts';
import type { HandIn } from './flows/hand-in.ts';
import { tellFlows } from './flows/tell-flows.ts';
import type { ConnectorMemory } from './memory.ts';
import type { AcceptedSessions } from './sessions/accepted-sessions.ts';
import { TicketLists } from './ticket-lists.ts';
import type { WebDoor } from './web/door.ts';

export interface HearingOptions {
  readonly memory: ConnectorMemory;
  readonly alarms: Alarms;
  readonly sessions: AcceptedSessions;
  readonly web: WebDoor;
  readonly targetTests: TargetTests;
  readonly health: TargetHealth;
  readonly handIn: HandIn;
  readonly quota: FlowQuota;
  send(this: void, message: FromNode): boolean;
  /** A patch was made for something else than we have: the channel starts anew. */
  restart(this: void): void;
  /** Other relays may be named. */
  attach(this: void): void;
  /** It may be drained, or be taken back. */
  followDrained(this: void): void;
  /** There are new tickets for the relays. */
  refreshTickets(this: void): void;
  /** A right may have ended. */
  recheck(this: void): void;
}

export class Hearing {
  readonly #options: HearingOptions;
  readonly #tickets: TicketLists;
  #isBehind = false;

  constructor(options: HearingOptions) {
    this.#options = options;
    const { memory, alarms } = options;
    this.#tickets = new TicketLists({
      card: () => memory.card,
      taken(list) {
        memory.setTickets(list);
        options.refreshTickets();
      },
      refused: () => alarms.raise('ticket-not-valid'),
    });
  }

  /** Whether the last beat was of an older epoch than one seen before. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** The controller let this connector in and showed its card: a new conversation begins. */
  welcome(card: Card): void {
    const { memory } = this.#options;
    memory.begin();
    const hasLost = hasLostKey(memory.card, card);
    memory.setCard(card);
    if (hasLost) this.#forgetSigned();
  }

  take(message: FromController): void {
    const { memory, alarms, sessions, web, targetTests, health, handIn, send, restart, recheck } =
      this.#options;
    if (web.receive(message)) return;
    switch (message.t) {
      case 'beat':
        this.#isBehind = !memory.beat(message.epoch, message.now);
        if (this.#isBehind) alarms.raise('older-epoch');
        return;
      case 'snapshot': {
        if (message.snapshot.kind !== 'connector') return alarms.raise('message-not-valid');
        const alarm = memory.setSnapshot(message.v, message.epoch, message.snapshot);
        // What it says is revoked counts whatever else is wrong with it.
        memory.revoke({
          epoch: message.epoch,
          ids: message.revoked,
          narrowed: message.narrowed ?? [],
          reason: 'revoked',
        });
        if (alarm !== undefined) alarms.raise(alarm);
        else this.#follow();
        recheck();
        // Only now: the disk may be slow.
        return memory.keepLease();
      }
      case 'patch': {
        const patched = memory.patch(message.from, message.v, message.set);
        if (patched === 'behind') return restart();
        if (patched === 'refused') return alarms.raise('message-not-valid');
        this.#follow();
        return recheck();
      }
      case 'revoke':
        memory.revoke(message);
        recheck();
        // Only once that is out: the disk may be slow, and nobody keeps a right for as long as it takes.
        return memory.keepLeaseSoon();
      case 'tickets':
        return void this.#tickets.take(message.list);
      case 'flows':
        return void send(tellFlows(message, [...sessions.values(), web]));
      case 'health':
        return void send(health.tell(message));
      case 'shares':
        return this.#options.quota.share(message.flows ?? null);
      case 'probe':
        return targetTests.take(message);
      case 'received':
        return handIn.received(message.seq);
      default:
        return;
    }
  }

  /** The snapshot is another one. */
  #follow(): void {
    // A controller that divides nothing takes no share back either.
    if ((this.#options.memory.snapshot?.flows ?? null) === null) this.#options.quota.share(null);
    this.#options.attach();
    this.#options.web.follow();
    this.#options.health.follow(this.#options.memory.snapshot?.resources ?? {});
    this.#options.followDrained();
  }

  /** A key is no longer on the card: what it signed ends, and is signed anew for whoever has a right to it. */
  #forgetSigned(): void {
    this.#options.sessions.cut('revoked');
    this.#options.web.forgetSigned();
  }
}
