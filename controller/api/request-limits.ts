/**
 * Requests a second of each organisation: beyond its limit it is told to wait, and no other notices. Whoever is not known
 * yet has as many again at its sign-in address, so that strangers use up nothing of what its people have. Who goes on all
 * the same is answered late, so that turning one organisation away costs the others nothing either. What known callers ask
 * is counted by month.
 */
import type { FastifyInstance } from 'fastify';
import type { OrganisationId } from '../../protocol/ids.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';
import type { ControllerContext } from '../context.ts';
import { ProblemError } from './problems.ts';

/** So long counts wait before they are written down. */
const laterMs = 10_000;

interface Counts {
  requests: number;
  refused: number;
}

interface Bound {
  readonly perSecond: number;
  readonly bucket: TokenBucket;
  /** As many as are let in a second are turned away at once; the others wait. */
  readonly refusals: TokenBucket;
}

/** So long a refusal waits, of so many at a time at most. */
const heldMs = 1_000;
const mostHeld = 10_000;

export class RequestLimits {
  readonly #context: ControllerContext;
  readonly #bounds = { known: new Map<OrganisationId, Bound>(), stranger: new Map<OrganisationId, Bound>() };
  /** Lets each refusal that waits go. */
  readonly #held = new Set<() => void>();
  /** Not written down yet; by organisation and month. */
  readonly #counts = new Map<OrganisationId, Map<string, Counts>>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /** Takes one request of a caller; rejects with `limit` when there were too many within the second. */
  async take(organisation: OrganisationId, caller: 'known' | 'stranger'): Promise<void> {
    const bound = this.#boundOf(organisation, caller);
    const isWithin = bound === undefined || bound.bucket.take();
    if (caller === 'known') this.#count(organisation, isWithin);
    if (isWithin) return;
    if (!bound.refusals.take() && this.#held.size < mostHeld) await this.#hold();
    const error = new ProblemError(
      'limit',
      'Your organisation sends more requests a second than it may. Wait a second.',
    );
    error.retryAfterS = 1;
    throw error;
  }

  /**
   * Writes down what was counted of every organisation that is not suspended. What cannot be written now is kept.
   */
  async flushAll(): Promise<void> {
    for (const organisation of [...this.#counts.keys()]) await this.flush(organisation);
  }

  /** The same of one. */
  async flush(organisation: OrganisationId): Promise<void> {
    const months = this.#counts.get(organisation);
    if (months === undefined) return;
    this.#counts.delete(organisation);
    const { store } = this.#context.organisation(organisation);
    try {
      await store.transaction(async (tx) => {
        // Of one that may be deleted by now nothing is left behind.
        if ((await tx.standing()).isSuspended) return;
        for (const [month, { requests, refused }] of months)
          await tx
            .insert('usage_counts', { month, requests, refused })
            .onConflict((conflict) =>
              conflict.columns(['organisation', 'month']).doUpdateSet((eb) => ({
                requests: eb('usage_counts.requests', '+', requests),
                refused: eb('usage_counts.refused', '+', refused),
              })),
            )
            .execute();
      });
    } catch (error) {
      this.#context.log.warn({ err: error }, 'requests could not be counted yet');
      this.#keep(organisation, months);
    }
  }

  /** Ends every wait. */
  release(): void {
    for (const go of this.#held) go();
  }

  #hold(): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        cancel();
        this.#held.delete(go);
        resolve();
      };
      const cancel = this.#context.clock.after(heldMs, go);
      this.#held.add(go);
    });
  }

  /** Undefined: without limit. */
  #boundOf(organisation: OrganisationId, caller: 'known' | 'stranger'): Bound | undefined {
    const perSecond = this.#context.organisations.get(organisation)?.limits.requests ?? null;
    const bounds = this.#bounds[caller];
    if (perSecond === null) {
      bounds.delete(organisation);
      return undefined;
    }
    const known = bounds.get(organisation);
    if (known?.perSecond === perSecond) return known;
    const bucket = (): TokenBucket => new TokenBucket(this.#context.clock, { burst: perSecond, perSecond });
    const bound = { perSecond, bucket: bucket(), refusals: bucket() };
    bounds.set(organisation, bound);
    return bound;
  }

  #count(organisation: OrganisationId, isWithin: boolean): void {
    const month = new Date(this.#context.now()).toISOString().slice(0, 7);
    let months = this.#counts.get(organisation);
    if (months === undefined) {
      months = new Map();
      this.#counts.set(organisation, months);
      this.#writeLater(organisation);
    }
    const counts = months.get(month) ?? { requests: 0, refused: 0 };
    counts.requests += 1;
    if (!isWithin) counts.refused += 1;
    months.set(month, counts);
  }

  #writeLater(organisation: OrganisationId): void {
    const atMs = this.#context.now() + laterMs;
    this.#context.atNextSweep(organisation, 'usage', atMs, () => void this.flush(organisation));
  }

  #keep(organisation: OrganisationId, months: ReadonlyMap<string, Counts>): void {
    const now = this.#counts.get(organisation) ?? new Map<string, Counts>();
    for (const [month, { requests, refused }] of months) {
      const since = now.get(month) ?? { requests: 0, refused: 0 };
      now.set(month, { requests: since.requests + requests, refused: since.refused + refused });
    }
    this.#counts.set(organisation, now);
    this.#writeLater(organisation);
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A public route that says the same to everybody, or bounds its callers itself: no organisation's requests count. */
    unbounded?: boolean;
  }
  interface FastifyInstance {
    requestLimits: RequestLimits;
  }
}

/** Before any route is added. */
export function installRequestLimits(app: FastifyInstance, context: ControllerContext): RequestLimits {
  const limits = new RequestLimits(context);
  app.decorate('requestLimits', limits);
  app.addHook('preClose', (done) => {
    limits.release();
    done();
  });
  app.addHook('onClose', () => limits.flushAll());
  return limits;
}
