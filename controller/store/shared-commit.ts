/**
 * One commit for what several nodes write at the same time, since each commit waits for the disk: after a restart thousands say hello
 * within seconds. Whatever it is given is all written, or, where it fails, alone is not.
 */
import { isUnderGuard } from './change-guard.ts';
import { Gathered } from './gathered.ts';
import { refuseBesideTransaction } from './inside-transaction.ts';
import type { ScopedStore } from './scoped-store.ts';

/**
 * So many share one at most. On a server each of their statements is a round trip, and for so long the transactions of other
 * controllers wait.
 */
const together = 32;

/** Reads and writes by `tx` alone and does nothing else, since it may be rolled back and run once more. */
type Work<T> = (tx: ScopedStore) => Promise<T>;

export class SharedCommit {
  readonly #store: Pick<ScopedStore, 'transaction'>;
  readonly #gathered: Gathered<Work<unknown>, unknown>;

  /** @param store of one organisation, outside transactions */
  constructor(store: Pick<ScopedStore, 'transaction'>) {
    this.#store = store;
    this.#gathered = new Gathered({
      most: together,
      answer: (works) =>
        store.transaction(async (tx) => {
          const results: unknown[] = [];
          for (const work of works) results.push(await work(tx));
          return results;
        }),
    });
  }

  /**
   * Runs `work` in a transaction, perhaps after others in the same one, and resolves with its result when that has committed.
   * Where one of them throws, or the database ends the transaction of all, each runs again in one of its own. Throws inside a
   * transaction.
   */
  async run<T>(work: Work<T>): Promise<T> {
    refuseBesideTransaction();
    // What hangs on a caller's right is asked about it alone.
    if (isUnderGuard()) return this.#store.transaction(work);
    return (await this.#gathered.ask(work)) as T;
  }
}
