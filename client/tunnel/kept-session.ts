/**
 * One session and the routes it runs over: when its carrier dies it continues on another, over whichever route leads to
 * its connector, until the session itself is over; while its carrier works it moves where it is told to. New grants go out
 * on it. Who uses it, and which route would be better, is not its business.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import { Fault, toFault } from '../../protocol/errors.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import type { ProvenPath } from '../../protocol/link/proven-path.ts';
import type { Session } from '../../protocol/link/session.ts';
import { firstOf } from './first-of.ts';
import { RouteChoice } from './route-choice.ts';
import { routeName, type Route } from './route.ts';

export interface KeptSessionOptions {
  readonly session: Session;
  /** The one it was opened over. */
  readonly route: Route;
  /** Where its connector can be met now, the surest first. */
  routes(): readonly Route[];
  /** Undefined, or rejects, while there is none. */
  carrier(route: Route): Promise<Carrier | undefined>;
  /** Whether flows wait for it: then no try is put off for long. */
  isWanted(): boolean;
  /** Its carrier died: the way to others may be gone with it. */
  lost(): void;
  /** It runs again, or over another route. */
  resumed(): void;
  /** No route led to its connector in a whole round; it goes on trying. */
  stranded(fault: Fault | undefined): void;
  readonly clock: Clock;
  readonly random: Random;
}

/** After a whole round without success; doubled with each, with jitter. */
const firstDelayMs = 50;
const longestDelayMs = 1_000;
const wantedDelayMs = 60;
/** How long one route is waited for before the next is tried beside it. */
const staggerMs = 500;
/** A path that lasted less is one more failure: whoever cuts it at once is not obeyed at once. */
const steadyMs = 5_000;

export class KeptSession {
  readonly session: Session;
  readonly choice: RouteChoice;
  readonly #options: KeptSessionOptions;
  #route: Route;
  #sentGrants: ReadonlySet<string>;
  #upSinceMs: number;
  #failures = 0;
  #isTrying = false;
  /** Ends the round that is under way. */
  #abort = new AbortController();
  #isDraining = false;
  #cancelRetry: () => void = () => undefined;

  /** @param sentGrants those that went out with the handshake */
  constructor(options: KeptSessionOptions, sentGrants: readonly string[]) {
    this.#options = options;
    this.session = options.session;
    this.#route = options.route;
    this.#sentGrants = new Set(sentGrants);
    this.#upSinceMs = options.clock.nowMs();
    const { clock, random } = options;
    this.choice = new RouteChoice({ kept: this, routes: () => options.routes(), clock, random });
    void this.session.closed.then(() => {
      this.#cancelRetry();
      this.choice.stop();
    });
  }

  /** The one it runs over, or ran over last. */
  get route(): Route {
    return this.#route;
  }

  /** Its connector takes no new flows on it any more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  drains(): void {
    this.#isDraining = true;
  }

  /** Its carrier died. */
  lost(): void {
    this.#options.lost();
    const livedMs = this.#options.clock.nowMs() - this.#upSinceMs;
    if (livedMs >= steadyMs) this.#failures = 0;
    if (this.#failures === 0) void this.#try();
    else this.#retryLater();
  }

  /** There is a route that was not there before: worth a try at once. */
  poke(): void {
    if (this.session.hasPath) this.choice.changed();
    else void this.#try();
  }

  /** A relay is attached anew: whoever waits for an answer over another begins again with it. */
  found(): void {
    this.#abort.abort();
    this.poke();
  }

  /** Sends what it has not sent yet. */
  sendGrants(grants: readonly string[]): void {
    for (const grant of grants) if (!this.#sentGrants.has(grant)) this.session.sendGrant(grant);
    this.#sentGrants = new Set(grants);
  }

  /**
   * Another way to the connector, proven beside the one in use, which goes on. Rejects with the Fault of what prevents it.
   * Whoever gets it moves to it at once or closes it.
   */
  async prove(route: Route): Promise<ProvenPath> {
    const carrier = await this.#options.carrier(route);
    if (carrier === undefined) throw new Fault('no-peer');
    return this.session.prove(carrier);
  }

  /**
   * Continues on a path that was proven over this route, unseen by whoever uses the session. Where that fails, it goes on
   * over the one it had; rejects with the Fault then, the path being closed.
   */
  async moveTo(route: Route, path: ProvenPath): Promise<void> {
    await this.session.moveTo(path);
    this.#runsOver(route);
  }

  async #try(): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    this.#cancelRetry();
    const outcome = await this.#round();
    this.#isTrying = false;
    if (outcome === 'over') return;
    this.#failures += 1;
    // It may have been lost again while we were told.
    if (outcome === 'resumed') return this.session.hasPath ? undefined : this.#retryLater();
    this.#retryLater();
    this.#options.stranded(outcome.fault);
  }

  /** The route that lost it is the last to be asked: it may only look alive. */
  async #round(): Promise<'resumed' | 'over' | { readonly fault: Fault | undefined }> {
    const { clock } = this.#options;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const lost = routeName(this.#route);
    const routes = this.#options.routes();
    let left = [
      ...routes.filter((route) => routeName(route) !== lost),
      ...routes.filter((route) => routeName(route) === lost),
    ];
    let fault: Fault | undefined;
    while (left.length > 0) {
      const found = await firstOf({
        ways: left,
        attempt: (route) => this.prove(route),
        discard: (path) => path.close(),
        staggerMs,
        clock,
        signal,
      });
      if (this.#isOver) return 'over';
      if (signal.aborted && found === undefined) return this.#round();
      if (found === undefined || found instanceof Fault) return { fault: found };
      fault = await this.moveTo(found.way, found.result).then(() => undefined, toFault);
      if (this.#isOver) return 'over';
      if (fault === undefined) return 'resumed';
      left = left.filter((route) => route !== found.way);
    }
    return this.#isOver ? 'over' : { fault };
  }

  #runsOver(route: Route): void {
    this.#route = route;
    this.#upSinceMs = this.#options.clock.nowMs();
    this.choice.changed();
    this.#options.resumed();
  }

  get #isOver(): boolean {
    return this.session.isOver;
  }

  #retryLater(): void {
    const { clock, random } = this.#options;
    const longest = this.#options.isWanted() ? wantedDelayMs : longestDelayMs;
    const ceiling = Math.min(longest, firstDelayMs * 2 ** Math.min(this.#failures, 10));
    const fraction = random(4).readUInt32BE() / 2 ** 32;
    this.#cancelRetry();
    this.#cancelRetry = clock.after(ceiling / 2 + (ceiling / 2) * fraction, () => this.poke());
  }
}
