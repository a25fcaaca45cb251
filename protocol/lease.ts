/**
 * The one lease rule: a connector or relay honours what the controller signed only while in contact,
 * and without contact only for the resource's outage allowance. Holds the last beat and everything revoked; the owner
 * keeps it on disk. The clock never runs backwards by itself: between beats it goes on at least as fast as time does, whatever
 * becomes of the machine's time of day, and a beat sets it, to no earlier than what the controller says it is.
 */
import type { Id, ResourceId } from './ids.ts';
import {
  NarrowedGrants,
  narrowingOf,
  type KeptNarrowing,
  type Left,
  type Narrowing,
} from './narrowed-grants.ts';

/** The controller sends a beat this often. */
export const beatIntervalMs = 5_000;
/** Without a beat for this long a verifier is out of contact. */
export const contactMs = 15_000;

/**
 * One revocation message: what ended, as of which epoch, and why. `ids` are ids or `tok_…/res_…`, one grant without one
 * resource; `narrowed` says such things of many at once.
 */
export interface Revocation {
  readonly epoch: number;
  readonly ids: readonly string[];
  readonly narrowed?: readonly Narrowing[] | undefined;
  /** A short code for logs and audit, e.g. `policy`, `device`, `session`. */
  readonly reason: string;
}

/** What is kept across restarts. */
export interface LeaseState {
  readonly epoch: number;
  readonly lastBeatMs: number;
  /** How late it was when this was kept; absent in what older versions kept. */
  readonly latestMs?: number;
  /** Epoch milliseconds after which a revocation can be forgotten, by revoked id. */
  readonly revoked: Readonly<Record<string, number>>;
  /** Absent in what older versions kept. */
  readonly narrowed?: readonly KeptNarrowing[];
}

/** Nothing signed lives longer than this, so neither does the memory of a revocation. */
const longestLifeMs = 24 * 3_600_000 + 60_000;

export class Lease {
  readonly #clock: () => number;
  readonly #monotonic: () => number;
  readonly #revoked = new Map<string, number>();
  readonly #narrowed: NarrowedGrants;
  #epoch = 0;
  #lastBeatMs = Number.NEGATIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;
  /** The monotonic instant of `#latestMs`. */
  #latestAt: number;

  /**
   * @param clock epoch milliseconds of this machine
   * @param monotonic milliseconds that only grow, whoever sets the clock
   */
  constructor(clock: () => number, state?: LeaseState, monotonic = (): number => performance.now()) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#latestAt = monotonic();
    this.#narrowed = new NarrowedGrants(state?.narrowed);
    if (state === undefined) return;
    this.#epoch = state.epoch;
    this.#lastBeatMs = state.lastBeatMs;
    this.#latestMs = Math.max(state.lastBeatMs, state.latestMs ?? state.lastBeatMs);
    for (const [id, until] of Object.entries(state.revoked)) this.#end(id, 'revoked', until);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Epoch milliseconds that never run backwards between beats. */
  nowMs(): number {
    const at = this.#monotonic();
    this.#latestMs = Math.max(this.#clock(), this.#latestMs + (at - this.#latestAt));
    this.#latestAt = at;
    return this.#latestMs;
  }

  /**
   * Takes a beat; an epoch lower than one already seen is refused and changes nothing (false).
   * @param controllerS the controller's time in epoch seconds, which rights are counted in
   */
  beat(epoch: number, controllerS?: number): boolean {
    if (epoch < this.#epoch) return false;
    this.#epoch = epoch;
    const latestMs = this.nowMs();
    // Here alone the clock may go back: one that was ahead for a while is put right again, and the controller says to what.
    if (controllerS !== undefined) this.#latestMs = Math.max(this.#clock(), controllerS * 1_000);
    this.#lastBeatMs = controllerS === undefined ? latestMs : this.#latestMs;
    return true;
  }

  /** Applies a revocation, whatever its epoch; revoking twice is the same as once. */
  revoke(revocation: Revocation): void {
    const nowMs = this.nowMs();
    const until = nowMs + longestLifeMs;
    const { epoch, ids, narrowed = [], reason } = revocation;
    for (const id of ids) this.#end(id, reason, until);
    for (const each of narrowed) this.#narrowed.add(each, reason, until);
    this.#epoch = Math.max(this.#epoch, epoch);
    for (const [id, end] of this.#revoked) if (end < nowMs) this.#revoked.delete(id);
    this.#narrowed.forget(nowMs);
  }

  isRevoked(id: Id): boolean {
    return this.#revoked.has(id);
  }

  /** What is left of this grant's right to this resource; undefined when nothing was taken from it. */
  leftOf(grant: Id<'tok'>, resource: ResourceId): Left | 'nothing' | undefined {
    return this.#narrowed.leftOf(grant, resource);
  }

  /** Why this grant's right to this resource was taken; undefined when it was not, or only to end sooner. */
  whyNarrowed(grant: Id<'tok'>, resource: ResourceId): string | undefined {
    return this.#narrowed.reasonOf(grant, resource);
  }

  /** Whether something with this outage allowance (seconds) is honoured now. Never below 15 s after the last beat. */
  isHonoured(outageS: number): boolean {
    return this.nowMs() <= this.honouredUntilMs(outageS);
  }

  /** Until when (epoch milliseconds) something with this outage allowance is honoured unless another beat comes. */
  honouredUntilMs(outageS: number): number {
    return this.#lastBeatMs + Math.max(contactMs, outageS * 1_000);
  }

  /** Whether the controller was heard within the last 15 s. */
  inContact(): boolean {
    return this.isHonoured(0);
  }

  /** What to keep on disk. */
  state(): LeaseState {
    return {
      epoch: this.#epoch,
      lastBeatMs: this.#lastBeatMs,
      latestMs: this.nowMs(),
      revoked: Object.fromEntries(this.#revoked),
      narrowed: this.#narrowed.kept(),
    };
  }

  #end(id: string, reason: string, until: number): void {
    const narrowing = narrowingOf(id);
    if (narrowing === undefined) this.#revoked.set(id, until);
    else this.#narrowed.add(narrowing, reason, until);
  }
}
