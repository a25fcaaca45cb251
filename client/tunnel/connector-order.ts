/**
 * In which order a network's connectors are tried for new flows: the one that worked last first, one that ended in order
 * last for a while, and one that an administrator drained not at all.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { ConnectorId } from '../../protocol/ids.ts';

/** A connector of the network. */
export interface ConnectorPeer {
  readonly id: ConnectorId;
  /** Its node key, base64url. */
  readonly nk: string;
  /** An administrator keeps new flows away from it. */
  readonly drained?: boolean;
}

/** A connector that ended in order is asked last for so long. */
const endedMs = 60_000;

export class ConnectorOrder {
  readonly #clock: Clock;
  #preferred: ConnectorId | undefined;
  /** Connectors that took no new flows any more, and since when (the clock's milliseconds). */
  readonly #ended = new Map<ConnectorId, number>();
  /** Those that the controller last said are drained. */
  #drained: ReadonlySet<ConnectorId> = new Set();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A session to it was opened. */
  worked(connector: ConnectorId): void {
    this.#preferred = connector;
  }

  /** It cannot be reached: none is tried before the others. */
  lost(): void {
    this.#preferred = undefined;
  }

  /** It takes no new flows: it is asked last, until it says otherwise or a minute has passed. */
  ended(connector: ConnectorId): void {
    this.#ended.set(connector, this.#clock.nowMs());
    if (this.#preferred === connector) this.#preferred = undefined;
  }

  /** Whether the controller last said that it is drained. */
  isDrained(connector: ConnectorId): boolean {
    return this.#drained.has(connector);
  }

  /** Hears which are drained now; returns those that were taken back, which are tried as if nothing had been. */
  follow(connectors: readonly ConnectorPeer[]): ConnectorId[] {
    const drained = new Set(connectors.flatMap((each) => (each.drained === true ? each.id : [])));
    const back = [...this.#drained].filter((id) => !drained.has(id));
    for (const id of back) this.#ended.delete(id);
    this.#drained = drained;
    return back;
  }

  /** Those of `connectors` that may be tried, the likeliest first; of equal ones the order stays. */
  of(connectors: readonly ConnectorPeer[]): ConnectorPeer[] {
    return connectors
      .filter(({ drained }) => drained !== true)
      .toSorted((one, other) => this.#rank(one.id) - this.#rank(other.id));
  }

  #rank(connector: ConnectorId): number {
    if (connector === this.#preferred) return 0;
    const sinceMs = this.#ended.get(connector);
    return sinceMs !== undefined && this.#clock.nowMs() - sinceMs < endedMs ? 2 : 1;
  }
}
