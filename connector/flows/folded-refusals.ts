/**
 * Keeps refusals from filling the flow log: a few of each device are recorded one by one, and what comes faster is counted
 * by who, code and resource, for one record of many. So a device that asks for what it may not use costs a bounded place.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';

/** Recorded one by one: of each device, and of all together. */
const single = { burst: 100, perSecond: 1 };
const singleOfAll = { burst: 2_000, perSecond: 50 };
/** What is counted apart: of each device, and of all together. Beyond, the code alone tells them apart. */
const maxKindsOfOne = 20;
const maxKinds = 1_000;
const maxBuckets = 4_096;
/** Counted for so long, then told. */
export const foldMs = 10_000;

type Refusal = Omit<FlowRecord, 'seq'>;

export class FoldedRefusals {
  readonly #clock: Clock;
  readonly #ofAll: TokenBucket;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #counted = new Map<string, { last: Refusal; count: number }>();
  readonly #kindsOf = new Map<string, number>();
  /** When the first of those was counted. */
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ofAll = new TokenBucket(clock, singleOfAll);
  }

  /**
   * Whether this one is to be recorded by itself; otherwise it is counted with those like it.
   * @param hasRoom whether the log takes single refusals at all
   */
  take(refusal: Refusal, hasRoom: boolean): boolean {
    const who = refusal.device ?? refusal.subject ?? '';
    if (hasRoom && this.#bucketOf(who).take() && this.#ofAll.take()) return true;
    if (this.#counted.size === 0) this.#sinceMs = this.#clock.nowMs();
    this.#count(who, refusal);
    return false;
  }

  /** What was counted, one record for each kind, the last of it with how many there were; empty while it is not due. */
  due(isOver = false): Refusal[] {
    if (!isOver && this.#clock.nowMs() - this.#sinceMs < foldMs) return [];
    const due = Array.from(this.#counted.values(), ({ last, count }) => ({ ...last, count }));
    this.#counted.clear();
    this.#kindsOf.clear();
    return due;
  }

  #count(who: string, refusal: Refusal): void {
    const { code = '', resource = '' } = refusal;
    const own = JSON.stringify([who, code, resource]);
    if (this.#add(own, refusal)) return;
    const kinds = this.#kindsOf.get(who) ?? 0;
    if (kinds < maxKindsOfOne && this.#counted.size < maxKinds) {
      this.#kindsOf.set(who, kinds + 1);
      this.#counted.set(own, { last: refusal, count: 1 });
      return;
    }
    const { at, event, flow, device, subject } = refusal;
    const hasPlace = this.#counted.size < maxKinds;
    const ofWhom = {
      ...(device === undefined ? {} : { device }),
      ...(subject === undefined ? {} : { subject }),
    };
    const less = { at, event, flow, code, ...(hasPlace ? ofWhom : {}) };
    const key = JSON.stringify(hasPlace ? [who, code] : [code]);
    if (!this.#add(key, less)) this.#counted.set(key, { last: less, count: 1 });
  }

  #add(key: string, refusal: Refusal): boolean {
    const counted = this.#counted.get(key);
    if (counted === undefined) return false;
    counted.last = refusal;
    counted.count += 1;
    return true;
  }

  #bucketOf(who: string): TokenBucket {
    const known = this.#buckets.get(who);
    if (known !== undefined) return known;
    if (this.#buckets.size >= maxBuckets)
      for (const [other, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(other);
    if (this.#buckets.size >= maxBuckets) return this.#ofAll;
    const bucket = new TokenBucket(this.#clock, single);
    this.#buckets.set(who, bucket);
    return bucket;
  }
}
