/**
 * The window of one stream that is received: what its peer may send, and what it is given again as the application
 * reads (WIRE A8). It is as large as its reader is fast, and no larger: credit cannot be taken back, so a window that grew
 * for a reader that stops is memory that is held for it. Used by the stream; knows counts and a clock, not bytes.
 */
import type { GrowthBudget } from './growth-budget.ts';

/** What the windows of a session have in common. */
export interface WindowSource {
  readonly initialWindow: number;
  nowMs(): number;
  /** In how long a reader should take half a window: two round trips, or the queues of a short path; undefined: unknown. */
  periodMs(): number | undefined;
  /** What windows grow out of at once, while nobody knows yet whether their readers stay fast. */
  readonly quick: GrowthBudget;
  /** What those of readers grow out of that have been fast for a while. */
  readonly steady: GrowthBudget;
}

/** A window grows up to this. */
const largestWindow = 16 * 1_024 * 1_024;
/** A reader's speed is judged over at least this; in less it is that of a burst. */
const quickMs = 15;
/** Who has been fast for so long does not only fill the buffers of a system in front of a slow application. */
const steadyMs = 1_000;
/** A window grows by so many times itself at once, and shrinks when it is so many times what is wanted. */
const stepRatio = 3;
const shrinkRatio = 4;
/** Of what is left of a budget, one step takes at most this share: the first to grow leave something to later ones. */
const shareAtOnce = 1 / 4;

export class ReceiveWindow {
  readonly #source: WindowSource;
  #window: number;
  /** Of it, what came out of each budget. */
  #quick = 0;
  #steady = 0;
  #credit: number;
  /** Bytes read for which credit was given or withheld. */
  #returned = 0;
  #quickFrom = 0;
  #quickAtMs: number;
  #steadyFrom = 0;
  #steadyAtMs: number;

  constructor(source: WindowSource) {
    this.#source = source;
    this.#window = source.initialWindow;
    this.#credit = source.initialWindow;
    this.#quickAtMs = source.nowMs();
    this.#steadyAtMs = this.#quickAtMs;
  }

  /** What the peer may still send. */
  get credit(): number {
    return this.#credit;
  }

  /** Takes bytes that arrived off the credit. False, and nothing has changed: the peer overran it. */
  receive(bytes: number): boolean {
    if (bytes > this.#credit) return false;
    this.#credit -= bytes;
    return true;
  }

  /** @param read bytes that the application has read so far. Returns the credit to give the peer now; 0: none yet. */
  refill(read: number): number {
    const due = read - this.#returned;
    if (due < this.#window / 2) return 0;
    const credit = due + this.#resize(read, due);
    this.#returned = read;
    this.#credit += credit;
    return credit;
  }

  /** The stream is gone: gives back what the window had grown by. */
  close(): void {
    this.#shrink(largestWindow);
  }

  /** Makes the window fit its reader's speed; returns by how much it changed, which is at least `-due`. */
  #resize(read: number, due: number): number {
    const periodMs = this.#source.periodMs();
    if (periodMs === undefined) return 0;
    const nowMs = this.#source.nowMs();
    const before = this.#window;
    const wantedFor = (bytes: number, elapsedMs: number): number =>
      Math.min((2 * bytes * periodMs) / elapsedMs, largestWindow);
    if (nowMs - this.#steadyAtMs >= steadyMs) {
      this.#settle(wantedFor(read - this.#steadyFrom, nowMs - this.#steadyAtMs));
      this.#steadyFrom = read;
      this.#steadyAtMs = nowMs;
    }
    if (nowMs - this.#quickAtMs >= quickMs) {
      const wanted = wantedFor(read - this.#quickFrom, nowMs - this.#quickAtMs);
      if (wanted < this.#window / shrinkRatio) this.#shrink(Math.min(due, this.#window / 2));
      else if (wanted > this.#window) this.#lend(wanted);
      this.#quickFrom = read;
      this.#quickAtMs = nowMs;
    }
    return this.#window - before;
  }

  #lend(wanted: number): void {
    const { quick } = this.#source;
    const step = Math.min(wanted - this.#window, stepRatio * this.#window, quick.left * shareAtOnce);
    const more = quick.take(step);
    this.#quick += more;
    this.#window += more;
  }

  /** What it was lent becomes its own, and it grows further, as far as it has read at this speed for a while. */
  #settle(wanted: number): void {
    const { initialWindow, steady, quick } = this.#source;
    const lacks = wanted - initialWindow - this.#steady;
    const more = steady.take(Math.min(lacks, steady.left * shareAtOnce));
    const back = Math.min(more, this.#quick);
    this.#steady += more;
    this.#quick -= back;
    quick.give(back);
    this.#window += more - back;
  }

  /** By at most `bytes`, down to what it began with: what is read by so much is not given to the peer again. */
  #shrink(bytes: number): void {
    const { quick, steady } = this.#source;
    const lent = Math.min(Math.floor(bytes), this.#quick);
    const own = Math.min(Math.floor(bytes) - lent, this.#steady);
    this.#quick -= lent;
    this.#steady -= own;
    this.#window -= lent + own;
    quick.give(lent);
    steady.give(own);
  }
}
