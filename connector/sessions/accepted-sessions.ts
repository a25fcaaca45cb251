/**
 * The sessions that clients have with this connector, over relays or directly: accepts them, lets them go on over another
 * carrier, and ends what they carry when a right, or the connector, ends.
 */
import type { Logger } from 'pino';
import type { Clock, Random } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { AgreementKey } from '../../protocol/keys.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSession, SessionTable } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import { AcceptedSession } from '../flows/accepted-session.ts';
import type { Serving } from '../flows/serving.ts';
import { DirectSessions } from './direct-sessions.ts';

export interface AcceptedSessionsOptions {
  readonly own: AgreementKey;
  /** Undefined until the controller has named it. */
  network(): NetworkId | undefined;
  /** What each session is served by. */
  readonly serving: Serving;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

export class AcceptedSessions {
  readonly #options: AcceptedSessionsOptions;
  readonly #open = new Map<Session, AcceptedSession>();
  readonly #resumable = new SessionTable();
  readonly #direct: DirectSessions;
  readonly #budget: HandshakeBudget;
  /** Sessions whose end somebody waits for. */
  readonly #known = new WeakSet<Session>();
  #isDraining = false;
  #isClosed = false;

  constructor(options: AcceptedSessionsOptions) {
    this.#options = options;
    this.#direct = new DirectSessions(options.clock);
    this.#budget = new HandshakeBudget(options.clock);
  }

  get size(): number {
    return this.#open.size;
  }

  /** How many of them run without a relay now. */
  get direct(): number {
    return this.#direct.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get openFlows(): number {
    return this.#sum(({ openFlows }) => openFlows);
  }

  /** Open flows that may end by themselves. */
  get flowsToWaitFor(): number {
    return this.#sum(({ flowsToWaitFor }) => flowsToWaitFor);
  }

  values(): AcceptedSession[] {
    return [...this.#open.values()];
  }

  /**
   * Takes what came in: a new session, or another carrier of one that is there. Settles when the session has ended; never
   * rejects.
   * @param from whom handshakes are counted against
   * @param welcome given for a carrier that came without a relay: called when its session has shown a right
   */
  async accept(carrier: Carrier, from: string, welcome?: () => void): Promise<void> {
    const { own, serving, log, clock, random } = this.#options;
    const network = this.#options.network();
    if (network === undefined) return carrier.close(new Fault('no-peer'));
    if (this.#isClosed) return carrier.close(new Fault('draining'));
    try {
      const session = await acceptSession({
        carrier,
        own,
        networkId: network,
        handle: (opened) => {
          const accepted = new AcceptedSession(opened, network, serving);
          this.#open.set(opened, accepted);
          return accepted.handlers();
        },
        budget: this.#budget,
        source: from,
        sessions: this.#resumable,
        clock,
        random,
      });
      // It shook hands while this connector ended.
      if (this.#isClosed) session.close('draining');
      const accepted = this.#open.get(session);
      if (welcome === undefined || accepted === undefined) this.#direct.remove(session);
      else this.#direct.add(session, accepted, welcome);
      if (this.#known.has(session)) return log.info({ from }, 'session goes on over another path');
      this.#known.add(session);
      if (this.#isDraining) session.drain('draining');
      const ended = await session.closed;
      this.#open.delete(session);
      log.info({ from, code: ended.code }, 'session ended');
    } catch (error) {
      // Whoever reaches the port may come as often as they like: that is worth no line each.
      if (welcome !== undefined) return;
      log.warn({ from, code: error instanceof Fault ? error.code : 'internal' }, 'a session was not opened');
    }
  }

  /** Ends what nothing covers any more; the instant (epoch milliseconds) at which time alone ends the next. */
  recheck(): number {
    const ends = this.values().map((session) => session.recheck());
    this.#direct.recheck();
    return Math.min(...ends);
  }

  /** Takes no new flows; open ones go on. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#open.keys()) session.drain('draining');
  }

  /** Takes new flows again, in new sessions; what was drained stays so until it ends. */
  resume(): void {
    this.#isDraining = false;
  }

  /** Ends all of them and accepts no more; how many there were. */
  close(code: CodeName): number {
    this.#isClosed = true;
    return this.cut(code);
  }

  /** Ends all of them; their clients come back with the grants that they have then. How many there were. */
  cut(code: CodeName): number {
    const ending = [...this.#open.keys()];
    for (const session of ending) session.close(code);
    return ending.length;
  }

  #sum(of: (session: AcceptedSession) => number): number {
    return this.values().reduce((sum, session) => sum + of(session), 0);
  }
}
