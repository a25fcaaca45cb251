/**
 * Keeps a session to a connector of one network for new flows. One whose connector cannot be reached lingers, because its
 * open flows may still go on, while new flows get a session to another connector. Flows ask for it; how they are decided
 * is not its business.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import { Fault, type CodeName } from '../../protocol/errors.ts';
import type { ConnectorId, NetworkId } from '../../protocol/ids.ts';
import { decodeKey, type AgreementKey } from '../../protocol/keys.ts';
import { dialSession } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import { ConnectorOrder, type ConnectorPeer } from './connector-order.ts';
import { firstOf } from './first-of.ts';
import { KeptSession } from './kept-session.ts';
import type { Route, Routes } from './route.ts';
import { SetAside } from './set-aside.ts';

export interface NetworkSessionOptions {
  readonly network: NetworkId;
  readonly own: AgreementKey;
  connectors(): readonly ConnectorPeer[];
  grants(): readonly string[];
  readonly routes: Routes;
  /** A carrier died: the way to others may be gone with it. */
  lost(): void;
  /** Why no relay lets this device attach, where every one of them refused for a reason that a person should hear. */
  refusal(): Fault | undefined;
  onNote(note: unknown): void;
  readonly clock: Clock;
  readonly random: Random;
}

export type NetworkSessionState =
  | { readonly state: 'idle'; readonly fault?: Fault }
  | { readonly state: 'dialling' }
  /** Its session may be between two carriers. */
  | { readonly state: 'up'; readonly kept: KeptSession; readonly connector: ConnectorId };

/** After a whole round without success; doubled with each, with jitter. A flow that waits is not kept waiting for it. */
const firstDelayMs = 50;
const longestDelayMs = 2_000;
const wantedDelayMs = 60;
/** How long one way is waited for before the next is tried beside it. */
const staggerMs = 1_000;
/** How long a flow waits for a session. */
const patienceMs = 10_000;
/** How long the connector has to end the flows of a right that is gone, since only it can say why. */
const partingMs = 1_000;

export class NetworkSession {
  readonly #options: NetworkSessionOptions;
  #state: NetworkSessionState = { state: 'idle' };
  /** Sessions that others took the place of, for the flows they still have. */
  readonly #aside: SetAside;
  #waiting = new Set<(result: Session | Fault) => void>();
  #cancelRetry: () => void = () => undefined;
  #rounds = 0;
  readonly #order: ConnectorOrder;
  #stopped = false;
  /** Wait for their connectors to end their flows. */
  #parting: readonly Session[] = [];

  constructor(options: NetworkSessionOptions) {
    this.#options = options;
    this.#order = new ConnectorOrder(options.clock);
    this.#aside = new SetAside(options.clock);
    this.poke();
  }

  get state(): NetworkSessionState {
    return this.#state;
  }

  /** The session, waited for while one may still come. Rejects with the Fault of the last attempt. */
  whenUp(): Promise<Session> {
    if (this.#state.state === 'up' && this.#state.kept.session.hasPath) {
      this.#state.kept.choice.used();
      return Promise.resolve(this.#state.kept.session);
    }
    if (this.#stopped) return Promise.reject(new Fault('cancelled'));
    return new Promise((resolve, reject) => {
      const settle = (result: Session | Fault): void => {
        cancel();
        this.#waiting.delete(settle);
        if (result instanceof Fault) reject(result);
        else resolve(result);
      };
      const cancel = this.#options.clock.after(patienceMs, () => settle(this.#lastFault()));
      this.#waiting.add(settle);
      this.poke();
    });
  }

  /** Something changed (a relay is attached again, other connectors, a new grant): tries at once, or sends the grants. */
  poke(): void {
    if (this.#stopped) return;
    this.#leaveRemoved();
    this.#followDrained();
    for (const kept of this.#kept()) {
      kept.sendGrants(this.#options.grants());
      kept.poke();
    }
    if (this.#state.state !== 'idle') return;
    this.#rounds = 0;
    this.#cancelRetry();
    void this.#dial();
  }

  /** A relay is attached anew. */
  found(): void {
    if (this.#stopped) return;
    for (const kept of this.#kept()) kept.found();
    this.poke();
  }

  /**
   * Nothing of this network may be used any more: the connector ends the open flows and says why. After a second none is
   * left, and `parted` is called.
   */
  retire(parted: () => void): void {
    this.#parting = this.#leave();
    this.#cancelRetry = this.#options.clock.after(partingMs, () => {
      for (const session of this.#parting) session.close('revoked');
      parted();
    });
  }

  /**
   * Another session takes its place: nobody gets this one any more, and what is open on it goes on for at most `forMs`.
   * Then, once or twice, `over` is called.
   */
  drain(forMs: number, over: () => void): void {
    this.#parting = this.#leave();
    const end = (): void => {
      cancel();
      for (const session of this.#parting) session.close('cancelled');
      this.#parting = [];
      over();
    };
    const cancel = this.#options.clock.after(forMs, end);
    this.#cancelRetry = cancel;
    void Promise.all(this.#parting.map(({ closed }) => closed)).then(end);
  }

  /** Ends the session and every flow of it. */
  stop(): void {
    for (const session of this.#leave()) session.close('cancelled');
  }

  /** From here on nobody gets a session; those that were there are the caller's to end. */
  #leave(): readonly Session[] {
    const sessions = [...this.#kept().map(({ session }) => session), ...this.#parting];
    this.#stopped = true;
    this.#cancelRetry();
    this.#aside.clear();
    this.#state = { state: 'idle' };
    for (const settle of this.#waiting) settle(new Fault('cancelled'));
    return sessions;
  }

  #kept(): KeptSession[] {
    const current = this.#state.state === 'up' ? [this.#state.kept] : [];
    return [...current, ...this.#aside.all()];
  }

  async #dial(): Promise<void> {
    this.#state = { state: 'dialling' };
    const { routes, clock } = this.#options;
    const found = await firstOf({
      ways: this.#inOrder().flatMap((connector) =>
        routes.to(connector.id).map((route) => ({ connector, route })),
      ),
      attempt: ({ connector, route }) => this.#open(connector, route),
      discard: ({ session }) => session.close('cancelled'),
      staggerMs,
      clock,
    });
    const isFault = found === undefined || found instanceof Fault;
    // One that lingered may have come back meanwhile.
    if (this.#stopped || this.#isUp()) return isFault ? undefined : found.result.session.close('cancelled');
    if (isFault) return this.#failed(found ?? this.#options.refusal() ?? new Fault('no-peer'));
    return this.#up(found.result, found.way.connector.id);
  }

  #isUp(): boolean {
    return this.#state.state === 'up';
  }

  async #open(connector: ConnectorPeer, route: Route): Promise<KeptSession> {
    const { network, own, routes, clock, random } = this.#options;
    const peer = decodeKey(connector.nk);
    if (peer === undefined) throw new Fault('protocol');
    const carrier = await routes.carrier(connector.id, route);
    if (carrier === undefined) throw new Fault('no-peer');
    const grants = [...this.#options.grants()];
    const opened: { kept?: KeptSession } = {};
    const session = await dialSession({
      carrier,
      own,
      peer,
      networkId: network,
      grants,
      // Streams towards a client are refused: nothing opens one to it.
      handle: () => ({
        note: (note) => this.#options.onNote(note),
        lost: () => opened.kept?.lost(),
        draining: () => {
          if (opened.kept !== undefined) this.#draining(opened.kept, connector.id);
        },
      }),
      clock,
      random,
    });
    const kept = this.#keep(session, connector.id, route, grants);
    opened.kept = kept;
    if (!session.hasPath) kept.lost();
    return kept;
  }

  #keep(session: Session, connector: ConnectorId, route: Route, grants: readonly string[]): KeptSession {
    const { routes, clock, random } = this.#options;
    const kept: KeptSession = new KeptSession(
      {
        session,
        route,
        // One that the controller names no longer is not met anywhere.
        routes: () => (this.#names(connector) ? routes.to(connector) : []),
        carrier: async (over) => routes.carrier(connector, over),
        lost: () => this.#options.lost(),
        isWanted: () => this.#waiting.size > 0,
        resumed: () => this.#resumed(kept, connector),
        stranded: () => this.#stranded(kept, connector),
        clock,
        random,
      },
      grants,
    );
    return kept;
  }

  #names(connector: ConnectorId): boolean {
    return this.#options.connectors().some(({ id }) => id === connector);
  }

  #up(kept: KeptSession, connector: ConnectorId): void {
    this.#cancelRetry();
    this.#state = { state: 'up', kept, connector };
    this.#order.worked(connector);
    this.#rounds = 0;
    void this.#watch(kept, connector);
    kept.sendGrants(this.#options.grants());
    kept.choice.changed();
    if (kept.session.hasPath) this.#settle(kept);
  }

  /** Gives the session to all flows that wait for one. */
  #settle(kept: KeptSession): void {
    if (this.#waiting.size > 0) kept.choice.used();
    for (const settle of this.#waiting) settle(kept.session);
  }

  async #watch(kept: KeptSession, connector: ConnectorId): Promise<void> {
    const fault = await kept.session.closed;
    this.#aside.delete(connector, kept);
    if (this.#stopped || this.#state.state !== 'up' || this.#state.kept !== kept) return;
    if (fault.code === 'draining') this.#order.ended(connector);
    this.#state = { state: 'idle', fault };
    this.poke();
  }

  #resumed(kept: KeptSession, connector: ConnectorId): void {
    if (this.#stopped) return;
    if (this.#state.state !== 'up' && this.#aside.takeOut(connector, kept)) {
      this.#cancelRetry();
      this.#state = { state: 'up', kept, connector };
    }
    if (this.#state.state === 'up' && this.#state.kept === kept) {
      this.#settle(kept);
    }
  }

  /** What is open goes on there for a while; new flows go to another connector. */
  #draining(kept: KeptSession, connector: ConnectorId): void {
    kept.drains();
    this.#order.ended(connector);
    if (this.#state.state !== 'up' || this.#state.kept !== kept) return;
    this.#setAside(kept, connector, 'draining');
  }

  /** As the controller says of its connectors: of one that was drained new flows go elsewhere, and to one taken back again. */
  #followDrained(): void {
    for (const id of this.#order.follow(this.#options.connectors())) this.#aside.makeRoom(id);
    if (this.#state.state === 'up' && this.#order.isDrained(this.#state.connector))
      this.#draining(this.#state.kept, this.#state.connector);
  }

  /** New flows need not wait for a connector that may be gone, where there is another. */
  #stranded(kept: KeptSession, connector: ConnectorId): void {
    if (this.#state.state !== 'up' || this.#state.kept !== kept) return;
    const others = this.#options.connectors().some(({ id }) => id !== connector && !this.#aside.has(id));
    if (!others) return;
    this.#setAside(kept, connector, 'connector-lost');
    // What is open may go on when it comes back; what it has not answered need not wait for that.
    kept.session.resetUnanswered('connector-lost');
  }

  #setAside(kept: KeptSession, connector: ConnectorId, code: CodeName): void {
    this.#aside.add(connector, kept);
    this.#order.lost();
    this.#state = { state: 'idle', fault: new Fault(code) };
    this.#aside.tidy();
    this.poke();
  }

  /** A connector that the controller names no longer does not come back: its flows end now, not when waiting is over. */
  #leaveRemoved(): void {
    const named = new Set(this.#options.connectors().map(({ id }) => id));
    const up = this.#state.state === 'up' ? [[this.#state.connector, this.#state.kept] as const] : [];
    for (const [connector, { session }] of [...up, ...this.#aside.lingering()])
      if (!named.has(connector)) session.close('connector-lost');
  }

  #failed(fault: Fault): void {
    this.#state = { state: 'idle', fault };
    this.#rounds += 1;
    // Nothing will change until the controller is back: whoever waits is told now.
    if (fault.code === 'out-of-contact') for (const settle of this.#waiting) settle(fault);
    const longest = this.#waiting.size > 0 ? wantedDelayMs : longestDelayMs;
    const ceiling = Math.min(longest, firstDelayMs * 2 ** Math.min(this.#rounds, 10));
    const fraction = this.#options.random(4).readUInt32BE() / 2 ** 32;
    this.#cancelRetry = this.#options.clock.after(ceiling / 2 + (ceiling / 2) * fraction, () => {
      void this.#dial();
    });
  }

  /** A connector with a session that lingers is asked for that one alone, and one that is drained for nothing. */
  #inOrder(): ConnectorPeer[] {
    return this.#order.of(this.#options.connectors().filter(({ id }) => !this.#aside.has(id)));
  }

  #lastFault(): Fault {
    return (this.#state.state === 'idle' ? this.#state.fault : undefined) ?? new Fault('no-peer');
  }
}
