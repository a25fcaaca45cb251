/**
 * Knows whether the code that runs now is the inside of a transaction. A query beside it would not see what the
 * transaction has written, and would wait for it where there is one connection: a bug, which throws.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const inside = new AsyncLocalStorage<true>();

/** Runs `body`, the inside of a transaction, so that a query beside the transaction throws. */
export function markTransaction<T>(body: () => Promise<T>): Promise<T> {
  return inside.run(true, body);
}

/** For drivers, when a connection is asked for. Throws inside a transaction. */
export function refuseBesideTransaction(): void {
  if (inside.getStore() === true) {
    throw new Error('a query beside the running transaction: use the store that the transaction was given');
  }
}
