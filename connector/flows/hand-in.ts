/**
 * Hands the records of flows to the controller, whose log commits once for each message: gathered for a moment, one batch
 * under way at a time, the next as soon as the controller has that one.
 */
import type { Clock } from '../../protocol/clock.ts';
import type { Receipts } from '../../protocol/control.ts';
import type { FlowLog } from './flow-log.ts';

/** How long records are gathered before they go. */
const gatherMs = 100;
/** How often it looks whether the controller has every record. */
const finishCheckMs = 20;

export interface HandInOptions {
  readonly flows: FlowLog;
  /** False while there is no contact with the controller. */
  send(this: void, message: Receipts): boolean;
  readonly clock: Clock;
}

export class HandIn {
  readonly #options: HandInOptions;
  #isUnderWay = false;
  #cancelGathering: (() => void) | undefined;

  constructor(options: HandInOptions) {
    this.#options = options;
    options.flows.onRecord = () => {
      if (!this.#isUnderWay) this.#cancelGathering ??= options.clock.after(gatherMs, () => this.#send());
    };
  }

  /** The controller is reached anew: what it did not confirm goes again. */
  restart(): void {
    this.#isUnderWay = false;
    this.#send();
  }

  /** The controller has everything up to and including `seq`; its answer to a batch, or to none. */
  received(seq: number): void {
    this.#options.flows.received(seq);
    this.restart();
  }

  /**
   * Waits until the controller has every record, for as long as it can be reached.
   * @param waitMs the longest that this takes
   */
  async finish(waitMs: number, isReached: () => boolean): Promise<void> {
    const { flows, clock } = this.#options;
    const untilMs = clock.nowMs() + waitMs;
    while (!flows.isEmpty && clock.nowMs() < untilMs && isReached()) {
      this.#send();
      await new Promise<void>((resolve) => clock.after(finishCheckMs, resolve));
    }
  }

  /** Sends nothing by itself any more. */
  stop(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
  }

  #send(): void {
    this.stop();
    if (this.#isUnderWay) return;
    const { flows, send } = this.#options;
    if (flows.isEmpty) return;
    // None at all asks what it has: numbers that it knows from before this log was lost must not be used again.
    const list = flows.isPlaced ? flows.batch() : [];
    this.#isUnderWay = send({ t: 'receipts', list });
  }
}
