/**
 * When this device reports: as a channel opens, when the controller asks for something else, after a sleep, when a watched
 * file changes a fact, and each minute while a profile needs it to be fresh. Gathers one report at a time.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { Posture } from '../../protocol/control.ts';
import type { PostureFacts, PostureWanted } from '../../protocol/posture-facts.ts';
import { collectFacts, nothingWanted } from './collect.ts';
import type { SystemCollectors } from './collector.ts';
import type { Machine } from './machine.ts';

/** From one report to the next: with the time that gathering takes it is within a minute. */
const everyMs = 55_000;
/** Programs write a file in several steps; they are let finish. */
const settleMs = 250;

export interface ReporterOptions {
  /** False when there is no channel; the next report comes anyway. */
  readonly send: (message: Posture) => boolean;
  /** What the controller asks for, by the last snapshot; undefined when it has not said. */
  readonly wanted: () => PostureWanted | undefined;
  /** Undefined on a system that has no name in the protocol: then nothing is reported. */
  readonly system: SystemCollectors | undefined;
  readonly machine: Machine;
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
}

/** The last report and when it was gathered (epoch ms). */
export interface LastReport {
  readonly atMs: number;
  readonly facts: PostureFacts;
}

export class PostureReporter {
  readonly #options: ReporterOptions;
  #state: 'stopped' | 'idle' | 'gathering' | 'gathering-again' = 'stopped';
  #seq = 0;
  #last: LastReport | undefined;
  /** What the last report was gathered for, or the one that is being gathered. */
  #asked = '';
  /** What is watched is what this asks for. */
  #watchedFor: string | undefined;
  #cancelTick: () => void = () => undefined;
  #cancelSettling: () => void = () => undefined;
  #unwatch: (() => void)[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** What was gathered last; undefined before the first. */
  get last(): LastReport | undefined {
    return this.#last;
  }

  /** Reports now and from now on; again when a channel opens anew. */
  start(): void {
    this.#cancelTick();
    if (this.#state === 'stopped') this.#state = 'idle';
    this.#report(true);
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTick();
    this.#cancelSettling();
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    this.#watchedFor = undefined;
  }

  /** The controller may ask for something else now. */
  follow(): void {
    if (this.#state !== 'stopped' && this.#askedNow() !== this.#asked) this.#report(true);
  }

  /** The machine slept: what was told before says nothing of now. */
  woke(): void {
    if (this.#state !== 'stopped') this.#report(true);
  }

  #askedNow(): string {
    const { checks, processes, files } = this.#options.wanted() ?? nothingWanted;
    return JSON.stringify([checks.map(({ check }) => check), processes, files]);
  }

  #tick(): void {
    this.#cancelTick();
    this.#cancelTick = this.#options.clock.after(everyMs, () => {
      const wanted = this.#options.wanted();
      // An organisation without profiles needs to be told once; an older controller does not say.
      if (wanted === undefined || wanted.checks.length > 0) this.#report(true);
      else this.#tick();
    });
  }

  /** @param always whether to send what is the same as before, to keep it fresh */
  #report(always: boolean): void {
    const { system } = this.#options;
    if (always) this.#tick();
    if (this.#state === 'gathering') this.#state = 'gathering-again';
    if (this.#state !== 'idle' || system === undefined) return;
    this.#state = 'gathering';
    void this.#gather(system, always);
  }

  async #gather(system: SystemCollectors, always: boolean): Promise<void> {
    const { machine, wallClock, send } = this.#options;
    for (let must = always; this.#isGathering(); must = true) {
      this.#state = 'gathering';
      const wanted = this.#options.wanted() ?? nothingWanted;
      const asked = this.#askedNow();
      this.#asked = asked;
      const facts = await collectFacts(system, machine, wanted);
      if (!this.#isGathering()) return;
      if (asked !== this.#watchedFor) await this.#watch(system, wanted, asked);
      const isNew = JSON.stringify(facts) !== JSON.stringify(this.#last?.facts);
      this.#last = { atMs: wallClock(), facts };
      if (must || isNew) {
        send({ t: 'posture', seq: this.#seq, at: Math.floor(wallClock() / 1_000), facts });
        this.#seq += 1;
      }
      if (this.#state === 'gathering') this.#state = 'idle';
    }
  }

  #isGathering(): boolean {
    return this.#state === 'gathering' || this.#state === 'gathering-again';
  }

  async #watch(system: SystemCollectors, wanted: PostureWanted, asked: string): Promise<void> {
    const paths = new Set(await system.watched(this.#options.machine, wanted));
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    if (!this.#isGathering()) return;
    this.#watchedFor = asked;
    for (const path of paths) this.#unwatch.push(this.#options.machine.watch(path, () => this.#changed()));
  }

  #changed(): void {
    this.#cancelSettling();
    this.#cancelSettling = this.#options.clock.after(settleMs, () => this.#report(false));
  }
}
