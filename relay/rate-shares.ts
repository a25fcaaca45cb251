/**
 * What a relay passes in a second: its own rate, if it has one, shared evenly among the organisations that use it at the
 * time, and of each organisation no more than its operator lets it have: what its tickets say, and of that what the controller
 * gives this relay where there are several. Who asks for more than that waits, and costs the others nothing.
 */
import type { Clock } from '../protocol/clock.ts';
import type { OrganisationId } from '../protocol/ids.ts';
import type { Ticket } from '../protocol/tokens.ts';

/** Where bytes come from: paused while its organisation is over its share. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

/** Where they go; who is full resumes the source itself later. */
export interface Sink {
  readonly writableNeedDrain: boolean;
}

/** Of one organisation. */
export interface Passed {
  readonly org: OrganisationId;
  readonly bytes: number;
  /** More would have passed. */
  readonly waits: boolean;
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
  #given: ReadonlyMap<string, number> = new Map();

  /** @param bytesPerSecond the relay's own, for all together; undefined: without bound */
  constructor(bytesPerSecond: number | undefined, clock: Clock) {
    this.#bytesPerTick = perTick(bytesPerSecond);
    this.#clock = clock;
  }

  of(organisation: OrganisationId): Meter {
    const known = this.#meters.get(organisation);
    if (known !== undefined) return known;
    const meter: Meter = new Meter(this.#bytesPerTick, () => this.#use(meter));
    meter.give(this.#given.get(organisation));
    this.#meters.set(organisation, meter);
    return meter;
  }

  /** What each organisation may pass here in a second, in bytes; those that are not named what their tickets say. */
  give(bytesPerSecond: ReadonlyMap<string, number>): void {
    this.#given = bytesPerSecond;
    for (const [organisation, meter] of this.#meters) meter.give(bytesPerSecond.get(organisation));
  }

  /** Everything that has passed, in bytes. */
  get passed(): number {
    let sum = 0;
    for (const { allBytes } of this.#meters.values()) sum += allBytes;
    return sum;
  }

  /** What has passed since it was taken last, of organisations of which something did or waits; `most` of them at once. */
  takePassed(most: number): Passed[] {
    const list: Passed[] = [];
    for (const [org, meter] of this.#meters) {
      if (list.length >= most) break;
      const { bytes, waits } = meter.takePassed();
      if (bytes > 0 || waits) list.push({ org, bytes, waits });
    }
    return list;
  }

  /**
   * A node shows this ticket. What its organisation may pass stands in each, and the newest that any of its nodes has shown
   * counts: who keeps an older one gains nothing by it.
   */
  heed({ org, rate, iat }: Pick<Ticket, 'org' | 'rate' | 'iat'>): void {
    this.of(org).bound(rate, iat);
  }

  /** Ends its timer. */
  close(): void {
    this.#cancelTick?.();
  }

  /** A meter that counts: it takes part from now on. Returns what it may pass until the next tick. */
  #use(meter: Meter): number {
    this.#active.add(meter);
    this.#cancelTick ??= this.#clock.after(tickMs, () => this.#tick());
    return Math.min(meter.mostPerTick, this.#bytesPerTick / this.#active.size);
  }

  /** What those with a bound of their own leave is the others'. */
  #tick(): void {
    this.#cancelTick = undefined;
    const byBound = Array.from(this.#active).toSorted((one, other) => one.mostPerTick - other.mostPerTick);
    let left = this.#bytesPerTick;
    for (const [index, meter] of byBound.entries()) {
      const share = Math.min(meter.mostPerTick, left / (byBound.length - index));
      if (left < Number.POSITIVE_INFINITY) left -= share;
      if (!meter.pay(share)) this.#active.delete(meter);
    }
    if (this.#active.size > 0) this.#cancelTick ??= this.#clock.after(tickMs, () => this.#tick());
  }
}

/** What one organisation has passed and not yet paid for. */
export class Meter {
  readonly #mostOfAllPerTick: number;
  readonly #use: () => number;
  readonly #waiting = new Map<Source, Sink>();
  /** Below 0 while what was paid last is not used up. */
  #owedBytes = 0;
  /** Since it began, and of that what nobody has taken. */
  #allBytes = 0;
  #passedBytes = 0;
  #hasWaited = false;
  /** What the controller gives this relay of its organisation's bound. */
  #givenPerTick = Number.POSITIVE_INFINITY;
  /** Its organisation's own bound, and the second of the ticket that said so. */
  #mostPerTick = Number.POSITIVE_INFINITY;
  #saidS = Number.NEGATIVE_INFINITY;

  constructor(mostOfAllPerTick: number, use: () => number) {
    this.#mostOfAllPerTick = mostOfAllPerTick;
    this.#use = use;
  }

  /** Its organisation's own bound, in bytes. */
  get mostPerTick(): number {
    return Math.min(this.#mostPerTick, this.#givenPerTick);
  }

  /** A ticket of this second says so; of two of one second the lower counts. */
  bound(bytesPerSecond: number | undefined, saidS: number): void {
    const most = perTick(bytesPerSecond);
    if (saidS < this.#saidS || (saidS === this.#saidS && most >= this.#mostPerTick)) return;
    this.#mostPerTick = most;
    this.#saidS = saidS;
  }

  get allBytes(): number {
    return this.#allBytes;
  }

  /** So much of its bound is this relay's; undefined: all. */
  give(bytesPerSecond: number | undefined): void {
    this.#givenPerTick = perTick(bytesPerSecond);
  }

  /** What has passed since it was taken last, and whether anything had to wait. */
  takePassed(): { readonly bytes: number; readonly waits: boolean } {
    const passed = { bytes: this.#passedBytes, waits: this.#hasWaited || this.#waiting.size > 0 };
    this.#passedBytes = 0;
    this.#hasWaited = false;
    return passed;
  }

  /** So much has passed from `source` to `sink`. The source is paused when it was too much, and goes on later. */
  count(bytes: number, source: Source, sink: Sink): void {
    this.#allBytes += bytes;
    this.#passedBytes += bytes;
    const isBounded = Math.min(this.mostPerTick, this.#mostOfAllPerTick) < Number.POSITIVE_INFINITY;
    if (!isBounded) return;
    const share = this.#use();
    this.#owedBytes += bytes;
    if (this.#owedBytes <= share) return;
    source.pause();
    this.#hasWaited = true;
    this.#waiting.set(source, sink);
  }

  /** Pays for so much, what is over until the next time only. False when nothing was owed. */
  pay(bytes: number): boolean {
    if (this.#owedBytes <= 0) {
      this.#owedBytes = 0;
      return false;
    }
    const rest = this.#owedBytes - bytes;
    this.#owedBytes = bytes < Number.POSITIVE_INFINITY ? Math.max(-bytes, rest) : 0;
    if (this.#owedBytes > 0) return true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [source, sink] of waiting) if (!sink.writableNeedDrain) source.resume();
    return true;
  }
}

function perTick(bytesPerSecond: number | undefined): number {
  return bytesPerSecond === undefined ? Number.POSITIVE_INFINITY : (bytesPerSecond * tickMs) / 1_000;
}
