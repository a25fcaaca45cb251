/**
 * Holds sessions that came without a relay to what a relay would hold them to: whoever has no right here may not stay.
 * A relay asks for a ticket before it joins a circuit; here a session must show a valid grant soon, and keep having one.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { Session } from '../../protocol/link/session.ts';

/** What this asks of an accepted session. */
export interface Rights {
  /** Resolves with the first valid grant that the session shows. */
  readonly granted: Promise<void>;
  /** Whether no grant is left that could give anything. */
  readonly isSpent: boolean;
}

/** Grants come with the first flight; verifying one takes milliseconds. */
const showMs = 5_000;
/** A client that lost its last right ends its session itself within a second; one that does not is not kept. */
const spentMs = 10_000;

interface Kept {
  readonly rights: Rights;
  spentSinceMs: number | undefined;
}

export class DirectSessions {
  readonly #clock: Clock;
  readonly #kept = new Map<Session, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sessions that run directly now. */
  get size(): number {
    return this.#kept.size;
  }

  /** The session now runs directly. `welcome` is called once it has shown a right; without one it ends in five seconds. */
  add(session: Session, rights: Rights, welcome: () => void): void {
    const isNew = !this.#kept.has(session);
    this.#kept.set(session, { rights, spentSinceMs: undefined });
    const cancel = this.#clock.after(showMs, () => session.close('denied'));
    void rights.granted.then(() => {
      cancel();
      welcome();
    });
    void session.closed.then(cancel);
    if (isNew) void session.closed.then(() => this.#kept.delete(session));
  }

  /** The session now runs through a relay. */
  remove(session: Session): void {
    this.#kept.delete(session);
  }

  /** Ends those that have had no right for ten seconds; called once a second. */
  recheck(): void {
    const now = this.#clock.nowMs();
    for (const [session, kept] of this.#kept) {
      kept.spentSinceMs = kept.rights.isSpent ? (kept.spentSinceMs ?? now) : undefined;
      if (kept.spentSinceMs !== undefined && now - kept.spentSinceMs >= spentMs) session.close('revoked');
    }
  }
}
