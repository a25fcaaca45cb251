/**
 * Takes what the controller says about this device into its memory, in the order it was said: snapshots and patches after
 * the tokens that came before them. What cannot be right raises an alarm, and what was known stays (SECURITY REL-12).
 */
import type { FromController } from '../protocol/control.ts';
import type { Alarms } from '../protocol/node/alarms.ts';
import { areSigned, type Card } from '../protocol/tokens.ts';
import type { DeviceMemory } from './memory.ts';

export interface HearingOptions {
  readonly memory: DeviceMemory;
  readonly alarms: Alarms;
  readonly card: () => Card | undefined;
  /** A patch or a list of grants was made for something else than we have: the channel starts anew. */
  readonly restart: () => void;
  readonly changed: () => Promise<void>;
  readonly tickets: () => void;
  readonly grants: () => void;
}

export class Hearing {
  readonly #options: HearingOptions;
  /** Settles when the tokens that came last have been looked at. */
  #tokens: Promise<void> = Promise.resolve();

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  async take(message: FromController): Promise<void> {
    const { memory, alarms } = this.#options;
    switch (message.t) {
      case 'snapshot': {
        await this.#tokens;
        if (message.snapshot.kind !== 'device') return alarms.raise('message-not-valid');
        const alarm = memory.setSnapshot(message.v, message.epoch, message.snapshot);
        return alarm === undefined ? this.#options.changed() : alarms.raise(alarm);
      }
      case 'patch': {
        await this.#tokens;
        const patched = memory.patch(message.from, message.v, message.set);
        if (patched === 'applied') return this.#options.changed();
        if (patched === 'behind') return this.#options.restart();
        return alarms.raise('message-not-valid');
      }
      case 'beat':
        if (!memory.mayBeAt(message.epoch)) alarms.raise('older-epoch');
        return;
      case 'tickets':
        return this.#takeTokens('ticket', message.list);
      case 'grants':
        return this.#takeTokens('grant', message.list, message.kept);
      default:
    }
  }

  /** Uses tokens, one list after the other; one that the card's keys did not sign leaves the list before it in force. */
  #takeTokens(
    kind: 'grant' | 'ticket',
    list: readonly string[],
    kept: readonly string[] = [],
  ): Promise<void> {
    const { memory, alarms, card, tickets, grants, restart } = this.#options;
    const taken = this.#tokens.then(async () => {
      if (!(await areSigned(card(), kind, list))) return alarms.raise(`${kind}-not-valid`);
      if (kind === 'ticket') {
        memory.setTickets(list);
        return tickets();
      }
      if (!memory.setGrants(list, kept)) return restart();
      return grants();
    });
    // Whatever became of this list, the next one is looked at.
    this.#tokens = taken.catch(() => undefined);
    return taken;
  }
}
