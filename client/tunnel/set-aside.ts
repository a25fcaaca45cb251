/**
 * Sessions to connectors of one network that get no new flows any more, for those they still have: of a connector that cannot
 * be reached or drains, which has one such session, and of one that was drained and taken back, beside a new session there.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { ConnectorId } from '../../protocol/ids.ts';
import type { KeptSession } from './kept-session.ts';

/** How often they are looked at: one without flows is closed. */
const checkMs = 15_000;

export class SetAside {
  readonly #clock: Clock;
  readonly #lingering = new Map<ConnectorId, KeptSession>();
  /** Those of connectors that were drained and taken back. */
  readonly #replaced = new Set<KeptSession>();
  #cancelCheck: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a connector that cannot be reached, or drains, has one. */
  has(connector: ConnectorId): boolean {
    return this.#lingering.has(connector);
  }

  /** By connector; those of connectors that were taken back are not among them. */
  lingering(): Iterable<readonly [ConnectorId, KeptSession]> {
    return this.#lingering;
  }

  all(): KeptSession[] {
    return [...this.#lingering.values(), ...this.#replaced];
  }

  add(connector: ConnectorId, kept: KeptSession): void {
    this.#lingering.set(connector, kept);
  }

  /** Takes out one whose connector came back and which may get new flows; false where it is none of those. */
  takeOut(connector: ConnectorId, kept: KeptSession): boolean {
    if (this.#lingering.get(connector) !== kept || kept.isDraining) return false;
    return this.#lingering.delete(connector);
  }

  /** The connector was drained and is taken back: a new session to it may stand beside this one. */
  makeRoom(connector: ConnectorId): void {
    const kept = this.#lingering.get(connector);
    if (kept?.isDraining === true && this.#lingering.delete(connector)) this.#replaced.add(kept);
  }

  /** One that is over. */
  delete(connector: ConnectorId, kept: KeptSession): void {
    if (this.#lingering.get(connector) === kept) this.#lingering.delete(connector);
    this.#replaced.delete(kept);
  }

  /** Closes those without flows, now and every so often. */
  tidy(): void {
    this.#cancelCheck();
    const left = this.all();
    for (const { session } of left) if (session.streams === 0) session.close('cancelled');
    if (left.length === 0) return;
    this.#cancelCheck = this.#clock.after(checkMs, () => this.tidy());
  }

  /** Forgets all; they are the caller's to end. */
  clear(): void {
    this.#cancelCheck();
    this.#lingering.clear();
    this.#replaced.clear();
  }
}
