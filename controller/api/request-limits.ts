/**
 * Requests a second of each organisation, at all controllers together: beyond its limit it is told to wait, and no other
 * notices. Whoever is not known yet has as many again at its sign-in address, so that strangers use up nothing of what its
 * people have. Who goes on all the same is answered late, so that turning one organisation away costs the others nothing either.
 * What known callers ask is counted by month.
 */
import type { FastifyInstance } from 'fastify';
import type { OrganisationId } from '../../protocol/ids.ts';
import { TokenBucket } from '../../protocol/mux/token-bucket.ts';
import type { ControllerContext } from '../context.ts';
import { ProblemError } from './problems.ts';
import { RequestShare } from './request-share.ts';

interface Bound {
  readonly perSecond: number;
  readonly share: RequestShare;
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

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /** Takes one request of a caller; rejects with `limit` when there were too many within the second. */
  async take(organisation: OrganisationId, caller: 'known' | 'stranger'): Promise<void> {
    const bound = this.#boundOf(organisation, caller);
    bound?.share.count();
    const isWithin = bound === undefined || bound.bucket.take();
    if (caller === 'known') this.#context.usage.add(organisation, { requests: 1, refused: isWithin ? 0 : 1 });
    if (isWithin) return;
    if (!bound.refusals.take() && this.#held.size < mostHeld) await this.#hold();
    const error = new ProblemError(
      'limit',
      'Your organisation sends more requests a second than it may. Wait a second.',
    );
    error.retryAfterS = 1;
    throw error;
  }

  /** Ends every wait. */
  release(): void {
    for (const go of this.#held) go();
    for (const bounds of Object.values(this.#bounds)) for (const { share } of bounds.values()) share.stop();
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
    const known = bounds.get(organisation);
    if (known?.perSecond === perSecond) return known;
    known?.share.stop();
    bounds.delete(organisation);
    if (perSecond === null) return undefined;
    const bucket = (): TokenBucket => new TokenBucket(this.#context.clock, { burst: perSecond, perSecond });
    const [taken, refusals] = [bucket(), bucket()];
    const share = new RequestShare(this.#context, { organisation, what: caller, perSecond }, (most) => {
      // Less than one at once would be none, ever.
      taken.limit({ burst: Math.max(1, most), perSecond: most });
      refusals.limit({ burst: Math.max(1, most), perSecond: most });
    });
    const bound = { perSecond, bucket: taken, refusals, share };
    bounds.set(organisation, bound);
    return bound;
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A public route that says the same to everybody, or bounds its callers itself: no organisation's requests count. */
    unbounded?: boolean;
  }
}

/** Before any route is added. */
export function installRequestLimits(app: FastifyInstance, context: ControllerContext): RequestLimits {
  const limits = new RequestLimits(context);
  app.addHook('preClose', (done) => {
    limits.release();
    done();
  });
  app.addHook('onClose', () => context.usage.flushAll());
  return limits;
}
