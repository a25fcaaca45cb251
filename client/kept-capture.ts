/**
 * Whether names are captured now: begins once somebody needs them and again after it failed, tells the system of changes
 * one after the other, and gives everything back once, also what was only beginning. What capturing is `NameCapture` knows.
 */
import type { NameCapture } from './name-capture.ts';
import type { Undone } from './system/journal.ts';

/** What is asked of a capture here. */
export type Captured = Pick<NameCapture, 'update' | 'stop'>;

type State<C> =
  | { readonly state: 'off' }
  | { readonly state: 'starting'; readonly capture: Promise<C> }
  | { readonly state: 'on'; readonly capture: C }
  /** For good; `capture` answers for what is still open until `undone`. */
  | { readonly state: 'ended'; readonly capture: C | undefined; readonly undone: Promise<Undone> };

export class KeptCapture<C extends Captured> {
  /** Undefined: names are not captured. */
  readonly #begin: (() => Promise<C>) | undefined;
  #state: State<C> = { state: 'off' };
  /** Settles when the system has been told of the last change. */
  #telling: Promise<void> = Promise.resolve();

  constructor(begin: (() => Promise<C>) | undefined) {
    this.#begin = begin;
  }

  /** The capture that stands, until everything is given back. */
  get current(): C | undefined {
    return this.#state.state === 'on' || this.#state.state === 'ended' ? this.#state.capture : undefined;
  }

  /** Whether names are captured as far as that was asked for. */
  get isComplete(): boolean {
    return this.#begin === undefined || this.current !== undefined;
  }

  /** Whether it begins just now: the system is being told, and need not know yet. */
  get isBeginning(): boolean {
    return this.#state.state === 'starting';
  }

  /**
   * Settles once names are captured; whoever asks while it begins waits for the same. Rejects with the Fault of what
   * prevents it, and then the system is as it was and the next call tries again. Does nothing once it has ended.
   */
  async start(): Promise<void> {
    const before = this.#state;
    if (this.#begin === undefined || before.state === 'on' || before.state === 'ended') return;
    if (before.state === 'starting') return void (await before.capture);
    const starting = { state: 'starting', capture: this.#begin() } as const;
    this.#state = starting;
    try {
      const capture = await starting.capture;
      if (this.#isNow(starting)) this.#state = { state: 'on', capture };
    } catch (error) {
      if (this.#isNow(starting)) this.#state = { state: 'off' };
      throw error;
    }
  }

  /** Tells the system what holds now, after whatever it is being told. Rejects with the Fault of what prevents it. */
  update(): Promise<void> {
    // One after the other: what the system is told last is what holds.
    const told = this.#telling.then(async () => {
      if (this.#state.state === 'on') await this.#state.capture.update();
    });
    this.#telling = told.catch(() => undefined);
    return told;
  }

  /** Gives everything back, for good: also what was only beginning, and after what was being told. Once. */
  stop(): Promise<Undone> {
    const before = this.#state;
    if (before.state === 'ended') return before.undone;
    const capture = before.state === 'on' ? before.capture : undefined;
    const undone = this.#end(before);
    this.#state = { state: 'ended', capture, undone };
    const over = (): void => void (this.#state = { state: 'ended', capture: undefined, undone });
    undone.then(over, over);
    return undone;
  }

  async #end(before: State<C>): Promise<Undone> {
    await this.#telling;
    // One that did not begin has left nothing.
    const begun =
      before.state === 'starting'
        ? await before.capture.catch(() => undefined)
        : before.state === 'on'
          ? before.capture
          : undefined;
    return (await begun?.stop()) ?? { resolvConf: 'untouched' };
  }

  #isNow(state: State<C>): boolean {
    return this.#state === state;
  }
}
