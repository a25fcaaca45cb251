/**
 * Records of what may come as often as anybody likes: the first of its kind is written at once, the others of the next minute
 * are counted and written as one. What strangers cause is bounded for all of them together, so that no flood of theirs fills
 * the log; what is beyond the bound is counted for each resource.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';

/** A record without what whoever writes it down adds. */
export type Entry = Omit<FlowRecord, 'seq' | 'at' | 'flow' | 'count'>;

const onceMs = 60_000;
/** Records of strangers, of all together. */
const ofStrangers = { burst: 120, perSecond: 1 };
/** Kinds that are remembered; beyond, the oldest is written with its count and forgotten. */
const maxRemembered = 10_000;

interface Kind {
  readonly sinceMs: number;
  readonly entry: Entry;
  more: number;
}

export interface RepeatedRecordsOptions {
  /** `count`: how many that is the record of; undefined for one. */
  write(this: void, entry: Entry, count?: number): void;
  /** Whether there is room for records that strangers cause. */
  hasRoom(this: void): boolean;
  nowMs(): number;
  readonly clock: Clock;
}

export class RepeatedRecords {
  readonly #options: RepeatedRecordsOptions;
  readonly #budget: TokenBucket;
  /** In the order in which they began. */
  readonly #kinds = new Map<string, Kind>();

  constructor(options: RepeatedRecordsOptions) {
    this.#options = options;
    this.#budget = new TokenBucket(options.clock, ofStrangers);
  }

  /**
   * Writes or counts one.
   * @param key the same for what is alike
   * @param isStrangers whether nobody's right was behind it
   */
  take(key: string, entry: Entry, isStrangers: boolean): void {
    const { write, hasRoom } = this.#options;
    const known = this.#kinds.get(key);
    if (known !== undefined && this.#options.nowMs() - known.sinceMs < onceMs) {
      known.more++;
      return;
    }
    if (known !== undefined) this.#end(key, known);
    if (isStrangers && !(hasRoom() && this.#budget.take())) return this.#countBeyond(entry);
    write(entry);
    this.#begin(key, entry, 0);
  }

  /** Writes the counts of kinds that began a minute ago. To be called every second or so. */
  tidy(): void {
    const nowMs = this.#options.nowMs();
    for (const [key, kind] of this.#kinds) {
      // Those after it began later.
      if (nowMs - kind.sinceMs < onceMs) return;
      this.#end(key, kind);
    }
  }

  /** Writes what is counted. */
  close(): void {
    for (const [key, kind] of this.#kinds) this.#end(key, kind);
  }

  /** What strangers do beyond the bound has a record for each resource and minute, and says nothing of any of them. */
  #countBeyond({ event, resource, code, kind }: Entry): void {
    const key = JSON.stringify([event, resource, code]);
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.more++;
      return;
    }
    const entry = {
      event,
      ...(kind === undefined ? { door: 'web' as const } : { kind }),
      ...(resource === undefined ? {} : { resource }),
      ...(code === undefined ? {} : { code }),
    };
    this.#begin(key, entry, 1);
  }

  #begin(key: string, entry: Entry, more: number): void {
    this.#kinds.set(key, { sinceMs: this.#options.nowMs(), entry, more });
    const [oldest] = this.#kinds;
    if (this.#kinds.size > maxRemembered && oldest !== undefined) this.#end(...oldest);
  }

  #end(key: string, { entry, more }: Kind): void {
    this.#kinds.delete(key);
    if (more > 0) this.#options.write(entry, more);
  }
}
