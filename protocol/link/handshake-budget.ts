/**
 * How many handshakes a process answers: per source (a node id on a circuit, an address elsewhere) and altogether, so
 * that a flood costs it neither a core nor memory (SEC-D8). Asked after mac1 and before any Diffie-Hellman. A part is
 * kept for sources that have completed a handshake before, whom a flood from many others does not keep out.
 */
import type { Clock } from '../clock.ts';
import { TokenBucket } from '../mux/token-bucket.ts';

/** One handshake costs about 0.6 ms: these 600 a second are some 40 % of a core. */
const forAll = { burst: 400, perSecond: 400 };
const forProven = { burst: 200, perSecond: 200 };
/** Those whose controller was started again come back within a second or two: so many more, once. */
const forReturn = { burst: 600, perSecond: 0 };
const perSource = { burst: 100, perSecond: 20 };
/** Above this many sources, those that have been quiet are forgotten. */
const maxSources = 4_096;
/** Of this many sources it is remembered that they have completed a handshake. */
const maxProven = 16_384;

export class HandshakeBudget {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #kept: TokenBucket;
  readonly #returning: TokenBucket | undefined;
  readonly #sources = new Map<string, TokenBucket>();
  readonly #proven = new Set<string>();

  /** @param awaitsReturn of a process to which thousands of nodes come back at once when it was started again */
  constructor(clock: Clock, { awaitsReturn = false }: { readonly awaitsReturn?: boolean } = {}) {
    this.#clock = clock;
    this.#all = new TokenBucket(clock, forAll);
    this.#kept = new TokenBucket(clock, forProven);
    this.#returning = awaitsReturn ? new TokenBucket(clock, forReturn) : undefined;
  }

  /** Takes one handshake from the budget of `source`; false when it is used up: answer `busy`, keep nothing. */
  take(source: string): boolean {
    let bucket = this.#sources.get(source);
    if (bucket === undefined) {
      if (this.#sources.size >= maxSources) this.#forgetQuiet();
      if (this.#sources.size >= maxSources) return false;
      bucket = new TokenBucket(this.#clock, perSource);
      this.#sources.set(source, bucket);
    }
    if (!bucket.take()) return false;
    if (this.#all.take() || this.#returning?.take() === true) return true;
    return this.#proven.has(source) && this.#kept.take();
  }

  /** `source` has completed a handshake: whoever it is holds the keys that he claims. */
  proved(source: string): void {
    this.#proven.delete(source);
    this.#proven.add(source);
    const [oldest] = this.#proven;
    if (this.#proven.size > maxProven && oldest !== undefined) this.#proven.delete(oldest);
  }

  #forgetQuiet(): void {
    for (const [source, bucket] of this.#sources) if (bucket.isFull) this.#sources.delete(source);
  }
}
