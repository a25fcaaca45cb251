/** Follows the end of the audit log: each entry once and in order, through a controller that is away for a while. */
import type { Clock } from '../protocol/clock.ts';
import { exits } from '../protocol/errors.ts';
import type { AuditRow } from '../protocol/inventory.ts';
import { pageSize, type AuditPage, type AuditQuery } from './audit-pages.ts';
import { ApiProblem } from './admin-call.ts';
import { CommandError } from './output.ts';

export interface LogTailOptions {
  /** Asks the controller. */
  page(this: void, query: AuditQuery): Promise<AuditPage>;
  readonly filters: AuditQuery;
  /** How many of the entries that are there already come first; 0 … 1,000. */
  readonly first: number;
  show(this: void, entry: AuditRow): void;
  /** Once for each time that the controller cannot be asked, and when it can again. */
  away(this: void, error: CommandError): void;
  back(this: void): void;
  readonly clock: Clock;
}

/** The end is looked at as often as dashboards' is. */
const lookEveryMs = 1_000;
const longestMs = 15_000;

export class LogTail {
  readonly #options: LogTailOptions;
  /** Up to which entry everything was seen. */
  #cursor: number | undefined;
  #isStopped = false;
  #wake: () => void = () => undefined;

  constructor(options: LogTailOptions) {
    this.#options = options;
  }

  /** Goes on until it is stopped. Rejects with what the controller refuses, and with whatever prevents the first answer. */
  async run(): Promise<void> {
    const { away, back } = this.#options;
    let failures = 0;
    while (!this.#isStopped) {
      try {
        await this.#look();
        if (failures > 0) back();
        failures = 0;
      } catch (error) {
        if (!(error instanceof CommandError) || this.#cursor === undefined || !isPassing(error)) throw error;
        if (failures === 0) away(error);
        failures += 1;
      }
      await this.#pause(Math.min(longestMs, lookEveryMs * 2 ** Math.min(failures, 10)));
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Where the log ends is asked first: up to there nothing can come any more, whatever the filters leave out. */
  async #look(): Promise<void> {
    const { page, filters, first } = this.#options;
    const { next: end } = await page({ last: 1 });
    if (this.#cursor === undefined) {
      const { entries } =
        first === 0 ? { entries: [] } : await page({ ...filters, last: first, before: end + 1 });
      this.#cursor = end;
      return this.#show(entries);
    }
    if (end <= this.#cursor) return;
    for (let isMore = true; isMore && !this.#isStopped;) {
      const { entries } = await page({ ...filters, after: this.#cursor, limit: pageSize });
      this.#show(entries);
      isMore = entries.length === pageSize;
    }
    this.#cursor = Math.max(this.#cursor, end);
  }

  #show(entries: readonly AuditRow[]): void {
    for (const entry of entries) {
      if (this.#isStopped) return;
      this.#cursor = Math.max(this.#cursor ?? 0, entry.seq);
      this.#options.show(entry);
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** A controller that is away or busy comes back; one that refuses goes on refusing. */
function isPassing(error: CommandError): boolean {
  if (error instanceof ApiProblem) return error.problem.status >= 500 || error.problem.status === 429;
  return error.exit === exits.controllerUnreachable || error.exit === exits.unexpected;
}
