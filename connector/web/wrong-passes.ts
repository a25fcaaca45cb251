/** How many wrong passes one source may show before it is told to wait; a right one passes all the same. */
import type { Clock } from '../../protocol/clock.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';

const allowed = { burst: 20, perSecond: 0.2 };
const maxSources = 4_096;

export class WrongPasses {
  readonly #clock: Clock;
  readonly #sources = new Map<string, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one; false when this source has shown too many. */
  count(source: string): boolean {
    const bucket = this.#sources.get(source) ?? new TokenBucket(this.#clock, allowed);
    this.#sources.delete(source);
    this.#sources.set(source, bucket);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > maxSources && oldest !== undefined) this.#sources.delete(oldest);
    return bucket.take();
  }
}
