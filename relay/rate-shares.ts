/**
 * What a relay passes in a second, shared evenly among the organisations that use it at the time: who asks for more than
 * its share waits, and costs the others nothing. Without a rate nothing is counted.
 */
import type { Clock } from '../protocol/clock.ts';
import type { OrganisationId } from '../protocol/ids.ts';

/** Where bytes come from: paused while its organisation is over its share. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

/** Where they go; who is full resumes the source itself later. */
export interface Sink {
  readonly writableNeedDrain: boolean;
}

/** Shares are handed out this often; as much may pass at once. */
const tickMs = 50;

export class RateShares {
  readonly #bytesPerTick: number;
  readonly #clock: Clock;
  /** As many as there are organisations with nodes here since the start. */
  readonly #meters = new Map<OrganisationId, Meter>();
  /** Those that owe something: the rate is theirs. */
  readonly #active = new Set<Meter>();
  #cancelTick: (() => void) | undefined;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerTick = (bytesPerSecond * tickMs) / 1_000;
    this.#clock = clock;
  }

  of(organisation: OrganisationId): Meter {
    const known = this.#meters.get(organisation);
    if (known !== undefined) return known;
    const meter: Meter = new Meter(() => this.#use(meter));
    this.#meters.set(organisation, meter);
    return meter;
  }

  /** Ends its timer. */
  close(): void {
    this.#cancelTick?.();
  }

  /** A meter that counts: it takes part from now on. Returns what it may pass until the next tick. */
  #use(meter: Meter): number {
    this.#active.add(meter);
    this.#cancelTick ??= this.#clock.after(tickMs, () => this.#tick());
    return this.#bytesPerTick / this.#active.size;
  }

  #tick(): void {
    this.#cancelTick = undefined;
    const share = this.#bytesPerTick / this.#active.size;
    for (const meter of this.#active) if (!meter.pay(share)) this.#active.delete(meter);
    if (this.#active.size > 0) this.#cancelTick ??= this.#clock.after(tickMs, () => this.#tick());
  }
}

/** What one organisation has passed and not yet paid for. */
export class Meter {
  readonly #use: () => number;
  readonly #waiting = new Map<Source, Sink>();
  #owedBytes = 0;

  constructor(use: () => number) {
    this.#use = use;
  }

  /** So much has passed from `source` to `sink`. The source is paused when it was too much, and goes on later. */
  count(bytes: number, source: Source, sink: Sink): void {
    const share = this.#use();
    this.#owedBytes += bytes;
    if (this.#owedBytes <= share) return;
    source.pause();
    this.#waiting.set(source, sink);
  }

  /** Pays for so much. False when nothing was owed. */
  pay(bytes: number): boolean {
    if (this.#owedBytes === 0) return false;
    this.#owedBytes = Math.max(0, this.#owedBytes - bytes);
    if (this.#owedBytes > 0) return true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [source, sink] of waiting) if (!sink.writableNeedDrain) source.resume();
    return true;
  }
}
