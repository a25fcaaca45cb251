/**
 * Which route a session should run over: measures the ways there are, end to end and by the same means, and moves when
 * another is clearly better. A session without flows is left where it is, and nothing is asked while nothing is open. How
 * a session moves is kept-session.ts.
 */
import type { Clock, Random } from '../../protocol/clock.ts';
import { Fault, toFault, type CodeName } from '../../protocol/errors.ts';
import type { ProvenPath } from '../../protocol/link/proven-path.ts';
import type { Session } from '../../protocol/link/session.ts';
import { firstOf } from './first-of.ts';
import { routeName, type Route } from './route.ts';

/** What this needs of a session that is kept. */
export interface Movable {
  readonly session: Pick<Session, 'rttMs' | 'streams' | 'hasPath' | 'isOver'>;
  readonly route: Route;
  prove(route: Route): Promise<ProvenPath>;
  moveTo(route: Route, path: ProvenPath): Promise<void>;
}

export interface RouteChoiceOptions {
  readonly kept: Movable;
  /** Where its connector can be met now. */
  routes(): readonly Route[];
  readonly clock: Clock;
  readonly random: Random;
}

/** What the last look at a route found. */
export type RouteState = {
  readonly route: Route;
  /** When, by the clock. */
  readonly atMs: number;
} & ({ readonly rttMs: number } | { readonly fault: CodeName; readonly failures: number });

/** A route that was measured is measured again after this at the earliest, while flows are open. */
const freshMs = 600_000;
/** One that led nowhere, or broke, is tried again after this, doubled with each failure. */
const firstRetryMs = 30_000;
const longestRetryMs = 1_800_000;
/** While flows are open, it is looked this often whether the route in use has become slow; that asks nobody. */
const watchMs = 5_000;
/** A route that became slow makes all be measured anew, at most this often. */
const degradedMs = 30_000;
const degradedFactor = 2;
const degradedByMs = 50;
/** After a move it stays this long; doubled, up to half an hour, when it goes back to where it came from. */
const firstStayMs = 60_000;
const longestStayMs = 1_800_000;
/** A route that is about to end is left at once; another way is waited for this long before the next is tried beside it. */
const staggerMs = 500;
/** So long after a flow began, at most, its session looks around: not all clients at one instant. */
const jitterMs = 2_000;

export class RouteChoice {
  readonly #options: RouteChoiceOptions;
  readonly #known = new Map<string, RouteState>();
  #current: Route;
  /** What the route in use took when it was measured last. */
  #baseMs: number | undefined;
  #comparedAtMs = Number.NEGATIVE_INFINITY;
  #isComparing = false;
  #isLeaving = false;
  #left: string | undefined;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #stayMs = firstStayMs;
  #cancelWatch: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(options: RouteChoiceOptions) {
    this.#options = options;
    this.#current = options.kept.route;
  }

  /** What is known of each route there is, other than that a session runs over it. */
  known(): readonly RouteState[] {
    return this.#options.routes().flatMap((route) => this.#known.get(routeName(route)) ?? []);
  }

  /** The session runs, perhaps over another route than before, or there are other routes: direct ones are tried at once. */
  changed(): void {
    const { route } = this.#options.kept;
    if (routeName(route) !== routeName(this.#current)) {
      // It left by itself: that one broke.
      this.#failed(this.#current, 'connector-lost');
      this.#current = route;
      this.#baseMs = undefined;
    }
    this.#forget();
    if (this.#mustLeave()) return void this.#leave();
    const direct = this.#due().filter(({ kind }) => kind === 'direct');
    if (route.kind === 'relay' && direct.length > 0) void this.#compare(direct);
    if (this.#options.kept.session.streams > 0) this.used();
  }

  /** Somebody asks how it is: what failed is tried again at once, and a move waits for nothing. */
  lookAgain(): void {
    for (const [name, state] of this.#known) if ('fault' in state) this.#known.delete(name);
    this.#movedAtMs = Number.NEGATIVE_INFINITY;
    void this.#compare(this.#others());
  }

  /** A flow begins on the session. */
  used(): void {
    const { clock, random } = this.#options;
    if (this.#cancelWatch === undefined) this.#watch();
    if (this.#isComparing || this.#due().length === 0) return;
    const fraction = random(4).readUInt32BE() / 2 ** 32;
    this.#cancelLook ??= clock.after(jitterMs * fraction, () => {
      this.#cancelLook = undefined;
      void this.#compare(this.#due());
    });
  }

  /** The session is over. */
  stop(): void {
    this.#cancelWatch?.();
    this.#cancelLook?.();
  }

  /** The route in use is there no more, though it still works: its relay is about to end. */
  #mustLeave(): boolean {
    const { kept } = this.#options;
    const isThere = this.#options.routes().some((route) => routeName(route) === routeName(kept.route));
    return !isThere && kept.session.hasPath;
  }

  /** Moves to the first route that answers; where none does, the session is left to what becomes of the present one. */
  async #leave(): Promise<void> {
    const { kept, clock } = this.#options;
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const found = await firstOf({
      ways: this.#options.routes(),
      attempt: (route) => kept.prove(route),
      discard: (path) => path.close(),
      staggerMs,
      clock,
    });
    if (found !== undefined && !(found instanceof Fault)) {
      if (this.#mustLeave()) await this.#moveTo(found.way, found.result);
      else found.result.close();
    }
    this.#isLeaving = false;
  }

  /** What is known of routes that are there no more, once it would count for nothing. */
  #forget(): void {
    const there = new Set(this.#options.routes().map(routeName));
    for (const [name, { route }] of this.#known)
      if (!there.has(name) && !this.#isAvoided(route)) this.#known.delete(name);
  }

  #watch(): void {
    this.#cancelWatch = this.#options.clock.after(watchMs, () => {
      this.#cancelWatch = undefined;
      if (this.#options.kept.session.streams === 0) return;
      this.#watch();
      if (this.#isDegraded()) void this.#compare(this.#others().filter((route) => !this.#isAvoided(route)));
      else this.used();
    });
  }

  #isDegraded(): boolean {
    const rttMs = this.#options.kept.session.rttMs;
    if (rttMs === undefined || this.#baseMs === undefined) return false;
    if (this.#options.clock.nowMs() - this.#comparedAtMs < degradedMs) return false;
    return rttMs > this.#baseMs * degradedFactor && rttMs > this.#baseMs + degradedByMs;
  }

  #others(): Route[] {
    const current = routeName(this.#options.kept.route);
    return this.#options.routes().filter((route) => routeName(route) !== current);
  }

  /** Others that have not been measured yet, or not for long. */
  #due(): Route[] {
    const nowMs = this.#options.clock.nowMs();
    return this.#others().filter((route) => {
      const state = this.#known.get(routeName(route));
      if (state === undefined) return true;
      return 'fault' in state ? !this.#isAvoided(route) : nowMs - state.atMs >= freshMs;
    });
  }

  /** Whether it failed so lately that it is not tried again yet. */
  #isAvoided(route: Route): boolean {
    const state = this.#known.get(routeName(route));
    if (state === undefined || !('fault' in state)) return false;
    const retryMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(state.failures - 1, 10));
    return this.#options.clock.nowMs() - state.atMs < retryMs;
  }

  /** Measures these beside the one in use, all at once and alike, and moves to the best where it is worth it. */
  async #compare(others: readonly Route[]): Promise<void> {
    const { kept, clock } = this.#options;
    if (this.#isComparing || others.length === 0 || !kept.session.hasPath) return;
    this.#isComparing = true;
    this.#comparedAtMs = clock.nowMs();
    const from = kept.route;
    const [own, ...rest] = await Promise.all([from, ...others].map((route) => this.#measure(route)));
    this.#baseMs = own ?? kept.session.rttMs;
    const best = others
      .map((route, index) => ({ route, rttMs: rest[index] }))
      .filter(({ route, rttMs }) => isBetter(from, own ?? kept.session.rttMs, route, rttMs))
      .toSorted((one, other) => rank(one.route, one.rttMs) - rank(other.route, other.rttMs))[0]?.route;
    const stays = clock.nowMs() - this.#movedAtMs < this.#stayMs;
    if (best !== undefined && !stays && kept.session.hasPath && kept.route === from) await this.#move(best);
    this.#isComparing = false;
  }

  async #measure(route: Route): Promise<number | undefined> {
    try {
      const path = await this.#options.kept.prove(route);
      path.close();
      this.#known.set(routeName(route), { route, atMs: this.#options.clock.nowMs(), rttMs: path.rttMs });
      return path.rttMs;
    } catch (error) {
      if (!this.#options.kept.session.isOver) this.#failed(route, toFault(error).code);
      return undefined;
    }
  }

  async #move(to: Route): Promise<void> {
    try {
      await this.#moveTo(to, await this.#options.kept.prove(to));
    } catch (error) {
      this.#failed(to, toFault(error).code);
    }
  }

  async #moveTo(to: Route, path: ProvenPath): Promise<void> {
    const { kept, clock } = this.#options;
    const from = this.#current;
    const name = routeName(to);
    try {
      // From here on it is no loss that the session runs over another.
      this.#current = to;
      await kept.moveTo(to, path);
    } catch (error) {
      this.#current = from;
      this.#failed(to, toFault(error).code);
      return;
    }
    this.#stayMs = this.#left === name ? Math.min(longestStayMs, this.#stayMs * 2) : firstStayMs;
    this.#left = routeName(from);
    this.#movedAtMs = clock.nowMs();
    const state = this.#known.get(name);
    this.#baseMs = state !== undefined && 'rttMs' in state ? state.rttMs : undefined;
  }

  #failed(route: Route, fault: CodeName): void {
    const name = routeName(route);
    const before = this.#known.get(name);
    const failures = before !== undefined && 'fault' in before ? before.failures + 1 : 1;
    this.#known.set(name, { route, atMs: this.#options.clock.nowMs(), fault, failures });
  }
}

/**
 * Whether it is worth moving: between two of a kind by a quarter and 5 ms; to a direct one unless it is clearly slower,
 * since it spares the relay; away from a direct one only for half and 20 ms.
 */
export function isBetter(
  from: Route,
  fromMs: number | undefined,
  to: Route,
  toMs: number | undefined,
): boolean {
  if (toMs === undefined) return false;
  if (fromMs === undefined) return true;
  if (from.kind === to.kind) return toMs < fromMs * 0.75 && fromMs - toMs >= 5;
  if (to.kind === 'direct') return toMs <= fromMs * 1.25 + 5;
  return toMs < fromMs * 0.5 && fromMs - toMs >= 20;
}

/** A direct one goes before every relay that it is not clearly slower than. */
function rank(route: Route, rttMs = Number.POSITIVE_INFINITY): number {
  return route.kind === 'direct' ? (rttMs - 5) / 1.25 : rttMs;
}
