/**
 * How many handshakes a process answers: per source (a node id on a circuit, an address elsewhere) and altogether, so
 * that a flood costs it neither a core nor memory (SEC-D8). Asked after mac1 and before any Diffie-Hellman.
 */
import type { Clock } from '../clock.ts';
import { TokenBucket } from '../mux/token-bucket.ts';

/** One handshake costs about 0.6 ms: 600 a second are some 40 % of a core. */
const perProcess = { burst: 600, perSecond: 600 };
const perSource = { burst: 100, perSecond: 20 };
/** Above this many sources, those that have been quiet are forgotten. */
const maxSources = 4_096;

export class HandshakeBudget {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #sources = new Map<string, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new TokenBucket(clock, perProcess);
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
    return bucket.take() && this.#all.take();
  }

  #forgetQuiet(): void {
    for (const [source, bucket] of this.#sources) if (bucket.isFull) this.#sources.delete(source);
  }
}
