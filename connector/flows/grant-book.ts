/**
 * The grants one session has shown, and what they cover now. Verifies each against the card, this network and the key
 * the session proved; asks the lease for revocation and contact. One per session.
 */
import { listsPort, type Transport } from '../../protocol/ports.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { NetworkId, ResourceId } from '../../protocol/ids.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { Left } from '../../protocol/narrowed-grants.ts';
import { verifyGrant, type Card, type Caveat, type Grant } from '../../protocol/tokens.ts';

/** A session carries at most this many grants; the one shown first gives way. */
const maxGrants = 64;

export class GrantBook {
  readonly #grants = new Map<string, Grant>();
  readonly #lease: Lease;
  readonly #refused: () => void;
  /** Shown and not verified yet. */
  #waiting = 0;
  readonly #first = Promise.withResolvers<void>();
  /** Resolves with the first grant that is valid. */
  readonly granted: Promise<void> = this.#first.promise;
  /** Settles when every grant shown so far has been verified. */
  settled: Promise<void> = Promise.resolve();

  /** @param refused called for a grant that is dropped because it is not valid here */
  constructor(lease: Lease, refused: () => void = () => undefined) {
    this.#lease = lease;
    this.#refused = refused;
  }

  /**
   * Verifies and keeps a grant; one that is not valid for this network and key is dropped, and so is what comes while as
   * many as a session may carry still wait.
   */
  show(token: string, card: Card | undefined, expected: { network: NetworkId; nodeKey: Uint8Array }): void {
    if (card === undefined || this.#waiting >= maxGrants) return;
    this.#waiting++;
    this.settled = this.settled.then(async () => {
      this.#waiting--;
      const grant = await verifyGrant(token, card, expected, this.#nowS());
      if (grant === undefined) return this.#refused();
      this.#grants.set(grant.jti, grant);
      this.#first.resolve();
      const oldest = this.#grants.keys().next().value;
      if (this.#grants.size > maxGrants && oldest !== undefined) this.#grants.delete(oldest);
    });
  }

  /**
   * The grant that covers this resource and port now, or the code of why none does. Of several failures the one that
   * came closest is told: out of contact before expired before revoked before denied.
   */
  cover(resource: ResourceId, transport: Transport, port: number): Grant | CodeName {
    return this.#closest((grant) => this.#judge(grant, resource, { transport, port }));
  }

  /** As `cover`, for a question about a name, which concerns no port. */
  coverAny(resource: ResourceId): Grant | CodeName {
    return this.#closest((grant) => this.#judge(grant, resource, undefined));
  }

  /** The instant (epoch milliseconds) at which time alone ends what this grant gives on the resource. */
  endsMs(grant: Grant, resource: ResourceId): number {
    const right = this.#rightTo(grant, resource);
    if (right === undefined) return 0;
    return Math.min(right.until * 1_000, this.#lease.honouredUntilMs(right.out) + 1);
  }

  #closest(judge: (grant: Grant) => CodeName | undefined): Grant | CodeName {
    let closest: CodeName = 'denied';
    for (const grant of this.#grants.values()) {
      const verdict = judge(grant);
      if (verdict === undefined) return grant;
      if (rank.indexOf(verdict) > rank.indexOf(closest)) closest = verdict;
    }
    return closest;
  }

  /** Any grant of the session, to name its device and person in a record of a refusal. */
  any(): Grant | undefined {
    return this.#grants.values().next().value;
  }

  /** Whether no grant is left that is neither revoked nor over. */
  get isSpent(): boolean {
    const nowS = this.#nowS();
    return ![...this.#grants.values()].some(
      ({ jti, sub, dev, ses, exp }) =>
        exp > nowS && ![jti, sub, dev, ses].some((id) => this.#lease.isRevoked(id)),
    );
  }

  #judge(
    grant: Grant,
    resource: ResourceId,
    asked: { transport: Transport; port: number } | undefined,
  ): CodeName | undefined {
    const caveat = caveatOf(grant, resource);
    if (caveat === undefined) return 'denied';
    if (
      asked !== undefined &&
      caveat.ports !== undefined &&
      !listsPort(caveat.ports, asked.transport, asked.port)
    ) {
      return 'port-not-listed';
    }
    const lease = this.#lease;
    const { jti, sub, dev, ses } = grant;
    const isRevoked =
      lease.isRevoked(jti) ||
      lease.isRevoked(sub) ||
      lease.isRevoked(dev) ||
      lease.isRevoked(ses) ||
      lease.isRevoked(resource);
    const right = isRevoked ? undefined : this.#rightTo(grant, resource);
    if (right === undefined) return 'revoked';
    // No leeway here: the end of a right is promised to the second, and beats keep the clock by the controller's.
    if (right.until * 1_000 <= lease.nowMs()) return 'expired';
    return lease.isHonoured(right.out) ? undefined : 'out-of-contact';
  }

  /** What the grant gives, less what was taken from it since; undefined when that is nothing. */
  #rightTo(grant: Grant, resource: ResourceId): Left | undefined {
    const caveat = caveatOf(grant, resource);
    const left = this.#lease.leftOf(grant.jti, resource);
    if (caveat === undefined || left === 'nothing') return undefined;
    return {
      until: Math.min(caveat.until, grant.exp, left?.until ?? Number.POSITIVE_INFINITY),
      out: Math.min(caveat.out, left?.out ?? Number.POSITIVE_INFINITY),
    };
  }

  #nowS(): number {
    return Math.floor(this.#lease.nowMs() / 1_000);
  }
}

function caveatOf(grant: Grant, resource: ResourceId): Caveat | undefined {
  const index = Object.hasOwn(grant.res, resource) ? grant.res[resource] : undefined;
  return index === undefined ? undefined : grant.cav[index];
}

const rank: readonly CodeName[] = ['denied', 'port-not-listed', 'revoked', 'expired', 'out-of-contact'];
