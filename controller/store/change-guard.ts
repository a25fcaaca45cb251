/**
 * Who changes something must still be allowed to when the change is written: a request that began under a right which
 * was then taken away writes nothing. The API puts a guard around each request that changes something; every transaction
 * below it asks first, until one has written an audit entry, which is the change itself.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ScopedStore } from './scoped-store.ts';

interface Guard {
  /** Rejects when the right is gone; asked inside the transaction. */
  readonly check: (tx: ScopedStore) => Promise<void>;
  isWritten: boolean;
}

const guards = new AsyncLocalStorage<Guard>();

/** Runs `body` and whatever it starts under the guard. */
export function underGuard<T>(check: (tx: ScopedStore) => Promise<void>, body: () => T): T {
  return guards.run({ check, isWritten: false }, body);
}

/** Whether what runs now is a request that a guard stands around. */
export function isUnderGuard(): boolean {
  return guards.getStore() !== undefined;
}

/** At the beginning of a transaction. Rejects when the caller of the request lost the right meanwhile. */
export async function askGuard(tx: ScopedStore): Promise<void> {
  const guard = guards.getStore();
  if (guard !== undefined && !guard.isWritten) await guard.check(tx);
}

/** The change is in the transaction: what follows from it is no longer the caller's doing. */
export function noteChange(): void {
  const guard = guards.getStore();
  if (guard !== undefined) guard.isWritten = true;
}
