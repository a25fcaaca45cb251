/**
 * A client's kept session and its connector, joined by routes in memory that take their time, break, fall silent and come
 * back as a test says. The carriers, the sessions and the choice among them are the real ones.
 */
import { KeptSession } from '../../client/tunnel/kept-session.ts';
import { routeName, type Route } from '../../client/tunnel/route.ts';
import { systemRandom } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { newAgreementKey } from '../../protocol/keys.ts';
import type { Carrier, CarrierEvents } from '../../protocol/link/carrier.ts';
import { HandshakeBudget } from '../../protocol/link/handshake-budget.ts';
import { acceptSession, dialSession, SessionTable } from '../../protocol/link/open-session.ts';
import type { Session } from '../../protocol/link/session.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import { memoryCarriers, type MemoryPair } from './memory-carrier.ts';
import { settle } from './settle.ts';
import { VirtualClock } from './virtual-clock.ts';

const networkId = newId('net', systemRandom(16));
const client = newAgreementKey();
const connector = newAgreementKey();

/** One route: all carriers over it share its delay and its fate. */
export class MemoryRoute {
  readonly route: Route;
  /** One way. */
  delayMs: number;
  isThere = true;
  /** Carriers that were asked for. */
  dialled = 0;
  readonly #clock: VirtualClock;
  #pairs: MemoryPair[] = [];
  #isFrozen = false;

  constructor(clock: VirtualClock, route: Route, delayMs: number) {
    this.#clock = clock;
    this.route = route;
    this.delayMs = delayMs;
  }

  /** Undefined when it is not there. */
  open(accept: (carrier: Carrier) => void): Carrier | undefined {
    this.dialled += 1;
    if (!this.isThere) return undefined;
    const pair = memoryCarriers();
    this.#pairs.push(pair);
    if (this.#isFrozen) hold(pair);
    accept(pair.right);
    return new SlowCarrier(pair.left, this.#clock, this);
  }

  /** Everything on it ends at once. */
  cut(): void {
    for (const pair of this.#pairs) pair.cut(new Fault('unreachable'));
    this.#pairs = [];
  }

  /** Nothing passes any more, and nobody is told. */
  freeze(): void {
    this.#isFrozen = true;
    for (const pair of this.#pairs) hold(pair);
  }

  /** What was held passes now, however late. */
  thaw(): void {
    this.#isFrozen = false;
    for (const { toLeft, toRight } of this.#pairs) {
      toLeft.release();
      toRight.release();
    }
  }
}

function hold({ toLeft, toRight }: MemoryPair): void {
  toLeft.hold();
  toRight.hold();
}

/** Adds the route's delay in both directions; order is kept. */
class SlowCarrier implements Carrier {
  readonly headroom = 0;
  readonly #inner: Carrier;
  readonly #clock: VirtualClock;
  readonly #route: MemoryRoute;
  #isClosed = false;

  constructor(inner: Carrier, clock: VirtualClock, route: MemoryRoute) {
    this.#inner = inner;
    this.#clock = clock;
    this.#route = route;
  }

  start(events: CarrierEvents): void {
    this.#inner.start({
      data: (bytes) => {
        const own = Buffer.from(bytes);
        this.#later(() => void (this.#isClosed || events.data(own)));
      },
      drain: () => events.drain(),
      closed: (fault) => this.#later(() => this.#ended(events, fault)),
    });
  }

  #ended(events: CarrierEvents, fault: Fault | undefined): void {
    this.#isClosed = true;
    events.closed(fault);
  }

  write(bytes: Buffer): boolean {
    this.#later(() => void this.#inner.write(bytes));
    return true;
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  close(fault?: Fault): void {
    this.#isClosed = true;
    this.#later(() => this.#inner.close(fault));
  }

  #later(run: () => void): void {
    if (this.#route.delayMs === 0) run();
    else this.#clock.after(this.#route.delayMs, run);
  }
}

export class Reached {
  readonly clock = new VirtualClock();
  readonly ways: MemoryRoute[];
  /** Streams that the connector accepted, in the order of their opening. */
  readonly streams: MuxStream[] = [];
  readonly stranded: (Fault | undefined)[] = [];
  kept!: KeptSession;
  /** The connector's side. */
  far!: Session;
  readonly #table = new SessionTable();
  readonly #budget: HandshakeBudget;

  constructor(routes: readonly (readonly [Route, number])[]) {
    this.ways = routes.map(([route, delayMs]) => new MemoryRoute(this.clock, route, delayMs));
    this.#budget = new HandshakeBudget(this.clock);
  }

  /** Opens the session over the first route. */
  async begin(): Promise<this> {
    const [first] = this.ways as [MemoryRoute];
    const held: { kept?: KeptSession } = {};
    const dialling = dialSession({
      ...this.#common,
      carrier: first.open((carrier) => this.#accept(carrier)) as Carrier,
      own: client,
      peer: connector.publicKey,
      grants: [],
      handle: () => ({ lost: () => held.kept?.lost() }),
    });
    const session = await this.during(dialling);
    this.kept = new KeptSession(
      {
        session,
        route: first.route,
        routes: () => this.ways.filter(({ isThere }) => isThere).map(({ route }) => route),
        carrier: async (route) => this.way(route).open((carrier) => this.#accept(carrier)),
        isWanted: () => false,
        lost: () => undefined,
        resumed: () => undefined,
        stranded: (fault) => this.stranded.push(fault),
        clock: this.clock,
        random: systemRandom,
      },
      [],
    );
    held.kept = this.kept;
    return this;
  }

  way(route: Route): MemoryRoute {
    const found = this.ways.find((way) => routeName(way.route) === routeName(route));
    if (found === undefined) throw new Error(`no route ${routeName(route)}`);
    return found;
  }

  /** Time passes, in small steps, with all that follows from each. */
  async pass(ms: number, stepMs = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await settle(1);
    }
  }

  /** Lets time pass until the promise settles. */
  async during<T>(promise: Promise<T>): Promise<T> {
    const progress = { isSettled: false };
    const settled = (): void => {
      progress.isSettled = true;
    };
    void promise.then(settled, settled);
    for (let step = 0; !progress.isSettled && step < 20_000; step++) await this.pass(5);
    return promise;
  }

  get #common() {
    return { networkId, clock: this.clock, random: systemRandom, kem: false };
  }

  #accept(carrier: Carrier): void {
    acceptSession({
      ...this.#common,
      carrier,
      own: connector,
      budget: this.#budget,
      source: 'dev_test',
      sessions: this.#table,
      handle: (session) => {
        this.far = session;
        return {
          stream: (stream) => {
            stream.accept();
            this.streams.push(stream);
          },
        };
      },
    }).catch(() => undefined);
  }
}
