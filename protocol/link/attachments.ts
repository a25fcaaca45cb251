/**
 * A node's attachments to the relays that its controller names: all of them where there are a few. Where there are more it
 * holds some, and one that cannot be reached makes room for the next. Used by client and connector.
 */
import type { RelayId } from '../ids.ts';
import type { KeptAttachment } from './keep-attached.ts';

/** A node is attached to so many at once. */
const mostRelays = 8;
/** One that was not reached in so many attempts makes room, where others wait. */
const fewAttempts = 4;

export class Attachments {
  readonly #attach: (relay: RelayId) => KeptAttachment;
  readonly #held = new Map<RelayId, KeptAttachment>();
  #wanted: ReadonlySet<RelayId> = new Set();
  /** Those that wait for room, in the order in which their turn comes. */
  #waiting: RelayId[] = [];
  #isStopped = false;

  /** @param attach begins to keep attached; whoever makes it calls `changed` whenever its state changes */
  constructor(attach: (relay: RelayId) => KeptAttachment) {
    this.#attach = attach;
  }

  /** The relays there are now: leaves others, attaches to new ones. */
  update(relays: readonly RelayId[]): void {
    if (this.#isStopped) return;
    this.#wanted = new Set(relays);
    for (const [relay, kept] of this.#held) {
      if (this.#wanted.has(relay)) continue;
      this.#held.delete(relay);
      kept.stop();
    }
    const waited = this.#waiting.filter((relay) => this.#wanted.has(relay));
    const known = new Set([...waited, ...this.#held.keys()]);
    this.#waiting = [...waited, ...[...this.#wanted].filter((relay) => !known.has(relay))];
    this.#fill();
  }

  /** The state of one has changed. */
  changed(relay: RelayId): void {
    const kept = this.#held.get(relay);
    const isLost = kept?.state.state === 'dialling' && kept.state.attempt > fewAttempts;
    if (!isLost || this.#waiting.length === 0) return;
    this.#held.delete(relay);
    this.#waiting.push(relay);
    kept.stop();
    this.#fill();
  }

  get(relay: string): KeptAttachment | undefined {
    return this.#held.get(relay as RelayId);
  }

  entries(): [RelayId, KeptAttachment][] {
    return [...this.#held];
  }

  values(): KeptAttachment[] {
    return [...this.#held.values()];
  }

  /** Leaves all of them, and attaches to none any more, whatever the controller still says. */
  stop(): void {
    this.update([]);
    this.#isStopped = true;
  }

  #fill(): void {
    while (this.#held.size < mostRelays) {
      const relay = this.#waiting.shift();
      if (relay === undefined) return;
      this.#held.set(relay, this.#attach(relay));
    }
  }
}
