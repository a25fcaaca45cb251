/**
 * How many flows a person may have open at this connector, over all their devices and sessions together, so that nobody
 * takes what the others need. Service accounts have no such bound: one of them stands for many machines. What the
 * organisation may have open in all is its operator's to say, and counts everybody's: at all of its connectors together, of
 * which this one is told its share.
 */

/** Flows of one person at a time, those that are being dialled among them. */
const flowsPerPerson = 1_000;

export class FlowQuota {
  readonly #limit: number;
  /** Only those who have a flow open stand here. */
  readonly #open = new Map<string, number>();
  #flows = 0;
  /** What the controller last gave this connector of the organisation's limit. */
  #share = Number.POSITIVE_INFINITY;
  #wants = false;

  constructor(limit: number = flowsPerPerson) {
    this.#limit = limit;
  }

  /** Counts one more flow of `subject`; the returned function takes it away, once. Undefined: they have enough. */
  take(subject: string): (() => void) | undefined {
    const isPerson = subject.startsWith('usr_');
    const open = this.#open.get(subject) ?? 0;
    if (isPerson && open >= this.#limit) return undefined;
    if (isPerson) this.#open.set(subject, open + 1);
    this.#flows += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#flows -= 1;
      if (!isPerson) return;
      const rest = (this.#open.get(subject) ?? 1) - 1;
      if (rest === 0) this.#open.delete(subject);
      else this.#open.set(subject, rest);
    };
  }

  /** So many flows may be open here from now on; null: as many as the organisation may have. */
  share(flows: number | null): void {
    this.#share = flows ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the organisation may have no more here. `most`: what it may have at all of its connectors; null: no limit. */
  isFull(most: number | null): boolean {
    if (this.#flows < Math.min(most ?? Number.POSITIVE_INFINITY, this.#share)) return false;
    this.#wants = true;
    return true;
  }

  /** Whether one was refused for want of a share since that was told. */
  get wants(): boolean {
    return this.#wants;
  }

  /** The controller has heard what is open and wanted. */
  isTold(): void {
    this.#wants = false;
  }

  /** How many flows there are, service accounts' too. */
  get flows(): number {
    return this.#flows;
  }

  /** How many people have a flow open. */
  get people(): number {
    return this.#open.size;
  }
}
