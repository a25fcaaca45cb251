/**
 * How many flows a person may have open at this connector, over all their devices and sessions together, so that nobody
 * takes what the others need. Service accounts have no such bound: one of them stands for many machines. What the
 * organisation may have open in all is its operator's to say, and counts everybody's.
 */

/** Flows of one person at a time, those that are being dialled among them. */
const flowsPerPerson = 1_000;

export class FlowQuota {
  readonly #limit: number;
  /** Only those who have a flow open stand here. */
  readonly #open = new Map<string, number>();
  #flows = 0;

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

  /** How many flows there are, service accounts' too. */
  get flows(): number {
    return this.#flows;
  }

  /** How many people have a flow open. */
  get people(): number {
    return this.#open.size;
  }
}
