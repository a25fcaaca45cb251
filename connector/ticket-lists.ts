/**
 * The lists of tickets that the controller sends, each checked before it counts and in the order in which they came: one
 * that is quick to check does not lose its place to an older one that was not.
 */
import { areSigned, type Card } from '../protocol/tokens.ts';

export interface TicketListsOptions {
  readonly card: () => Card | undefined;
  /** Every ticket of it was signed by a key of the card. */
  taken(this: void, list: readonly string[]): void;
  /** One of them was not: the list before it stays in force. */
  refused(this: void): void;
}

export class TicketLists {
  readonly #options: TicketListsOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: TicketListsOptions) {
    this.#options = options;
  }

  /** Settles when this list and those before it were taken or refused. Never rejects. */
  take(list: readonly string[]): Promise<void> {
    const { card, taken, refused } = this.#options;
    this.#last = this.#last
      .then(() => areSigned(card(), 'ticket', list))
      .then((isSigned) => (isSigned ? taken(list) : refused()))
      .catch(() => refused());
    return this.#last;
  }
}
