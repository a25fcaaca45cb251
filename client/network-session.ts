/**
 * Keeps one session to a connector of one network, through whichever relay both are attached to, and moves to another
 * connector or relay when it is lost. Flows ask for it; how they are decided is not its business.
 */
import type { Clock, Random } from '../protocol/clock.ts';
import { Fault, toFault } from '../protocol/errors.ts';
import type { ConnectorId, NetworkId } from '../protocol/ids.ts';
import { decodeKey, type AgreementKey } from '../protocol/keys.ts';
import type { Carrier } from '../protocol/link/carrier.ts';
import { dialSession, type Session } from '../protocol/link/session.ts';

/** A connector of the network and the relays where it can be met. */
export interface ConnectorPeer {
  readonly id: ConnectorId;
  /** Its node key, base64url. */
  readonly nk: string;
  readonly relays: readonly string[];
}

export interface NetworkSessionOptions {
  readonly network: NetworkId;
  readonly own: AgreementKey;
  connectors(): readonly ConnectorPeer[];
  grants(): readonly string[];
  /** A circuit to the connector through that relay; undefined while the relay is not attached. */
  circuit(relay: string, connector: ConnectorId): Carrier | undefined;
  /** Why no relay lets this device attach, where every one of them refused for a reason that a person should hear. */
  refusal(): Fault | undefined;
  onNote(note: unknown): void;
  readonly clock: Clock;
  readonly random: Random;
}

export type NetworkSessionState =
  | { readonly state: 'idle'; readonly fault?: Fault }
  | { readonly state: 'dialling' }
  | { readonly state: 'up'; readonly session: Session; readonly connector: string; readonly relay: string };

/** After a whole round without success; doubled with each, with jitter. A flow that waits is not kept waiting for it. */
const firstDelayMs = 50;
const longestDelayMs = 2_000;
const wantedDelayMs = 60;
/** How long a flow waits for a session. */
const patienceMs = 10_000;
/** How long the connector has to end the flows of a right that is gone, since only it can say why. */
const partingMs = 1_000;

export class NetworkSession {
  readonly #options: NetworkSessionOptions;
  #state: NetworkSessionState = { state: 'idle' };
  #sentGrants: ReadonlySet<string> = new Set();
  #waiting = new Set<(result: Session | Fault) => void>();
  #cancelRetry: () => void = () => undefined;
  #rounds = 0;
  /** The connector that worked last is tried first. */
  #preferred: string | undefined;
  #stopped = false;
  /** Waits for its connector to end its flows. */
  #parting: Session | undefined;

  constructor(options: NetworkSessionOptions) {
    this.#options = options;
    this.poke();
  }

  get state(): NetworkSessionState {
    return this.#state;
  }

  /** The session, waited for while one may still come. Rejects with the Fault of the last attempt. */
  whenUp(): Promise<Session> {
    if (this.#state.state === 'up') return Promise.resolve(this.#state.session);
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
    if (this.#state.state === 'up') return this.#sendNewGrants(this.#state.session);
    if (this.#state.state === 'dialling') return;
    this.#rounds = 0;
    this.#cancelRetry();
    void this.#dial();
  }

  /**
   * Nothing of this network may be used any more: the connector ends the open flows and says why. After a second none is
   * left, and `parted` is called.
   */
  retire(parted: () => void): void {
    const session = this.#leave();
    this.#parting = session;
    this.#cancelRetry = this.#options.clock.after(partingMs, () => {
      session?.close('revoked');
      parted();
    });
  }

  /**
   * Another session takes its place: nobody gets this one any more, and what is open on it goes on for as long as `forMs`.
   * Then `over` is called.
   */
  drain(forMs: number, over: () => void): void {
    const session = this.#leave();
    this.#parting = session;
    let cancel: () => void = () => undefined;
    const end = (): void => {
      cancel();
      this.#cancelRetry = () => undefined;
      session?.close('cancelled');
      over();
    };
    if (session === undefined) return end();
    cancel = this.#options.clock.after(forMs, end);
    this.#cancelRetry = cancel;
    void session.closed.then(end);
  }

  /** Ends the session and every flow of it. */
  stop(): void {
    this.#leave()?.close('cancelled');
  }

  /** From here on nobody gets a session; the one that was up is the caller's to end. */
  #leave(): Session | undefined {
    const session = this.#state.state === 'up' ? this.#state.session : this.#parting;
    this.#stopped = true;
    this.#cancelRetry();
    this.#state = { state: 'idle' };
    for (const settle of this.#waiting) settle(new Fault('cancelled'));
    return session;
  }

  async #dial(): Promise<void> {
    this.#state = { state: 'dialling' };
    let fault: Fault | undefined;
    for (const connector of this.#inOrder()) {
      for (const relay of connector.relays) {
        const carrier = this.#circuit(relay, connector.id);
        if (carrier === undefined) continue;
        const opened = await this.#open(carrier, connector);
        if (this.#stopped) return opened instanceof Fault ? undefined : opened.close('cancelled');
        if (!(opened instanceof Fault)) return this.#up(opened, connector, relay);
        fault = opened;
      }
    }
    this.#failed(fault ?? this.#options.refusal() ?? new Fault('no-peer'));
    return undefined;
  }

  #circuit(relay: string, connector: ConnectorId): Carrier | undefined {
    try {
      return this.#options.circuit(relay, connector);
    } catch {
      // The relay was lost between being asked and asking.
      return undefined;
    }
  }

  async #open(carrier: Carrier, connector: ConnectorPeer): Promise<Session | Fault> {
    const { network, own, clock, random } = this.#options;
    const peer = decodeKey(connector.nk);
    if (peer === undefined) return new Fault('protocol');
    const grants = [...this.#options.grants()];
    this.#sentGrants = new Set(grants);
    try {
      return await dialSession({
        carrier,
        own,
        peer,
        networkId: network,
        grants,
        // Streams towards a client are refused: nothing opens one to it.
        handle: () => ({ note: (note) => this.#options.onNote(note) }),
        clock,
        random,
      });
    } catch (error) {
      return toFault(error);
    }
  }

  #up(session: Session, connector: ConnectorPeer, relay: string): void {
    this.#state = { state: 'up', session, connector: connector.id, relay };
    this.#preferred = connector.id;
    this.#rounds = 0;
    void this.#watch(session);
    this.#sendNewGrants(session);
    for (const settle of this.#waiting) settle(session);
  }

  async #watch(session: Session): Promise<void> {
    const fault = await session.closed;
    if (this.#stopped || this.#state.state !== 'up' || this.#state.session !== session) return;
    // A connector that drains is the last to be asked again.
    if (fault.code === 'draining') this.#preferred = undefined;
    this.#state = { state: 'idle', fault };
    this.poke();
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

  #sendNewGrants(session: Session): void {
    const grants = this.#options.grants();
    for (const grant of grants) if (!this.#sentGrants.has(grant)) session.sendGrant(grant);
    this.#sentGrants = new Set(grants);
  }

  #inOrder(): ConnectorPeer[] {
    const connectors = this.#options.connectors();
    return [
      ...connectors.filter(({ id }) => id === this.#preferred),
      ...connectors.filter(({ id }) => id !== this.#preferred),
    ];
  }

  #lastFault(): Fault {
    return (this.#state.state === 'idle' ? this.#state.fault : undefined) ?? new Fault('no-peer');
  }
}
