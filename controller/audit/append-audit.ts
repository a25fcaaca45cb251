/** One entry of the audit log and how it becomes a row. Inside a transaction it commits with the change it describes. */
import { noteChange } from '../store/change-guard.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

export interface AuditEntry {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** An id, `token tok_…`, an e-mail address of a failed sign-in, or `controller`. */
  readonly who: string;
  /** `area.action`, e.g. `session.begin`, `flow.open`. */
  readonly what: string;
  readonly resource?: string;
  readonly result: 'done' | 'allowed' | 'refused' | 'failed';
  /** Names of reasons or codes. */
  readonly reasons?: readonly string[];
  readonly cause?: string;
  readonly detail?: object;
}

/** SQLite takes a bounded number of values in one statement. */
const rowsPerStatement = 1_000;

/** Appends entries in this store's current transaction, or, up to a thousand, in one of their own. */
export async function appendAudit(store: ScopedStore, entries: readonly AuditEntry[]): Promise<void> {
  for (let at = 0; at < entries.length; at += rowsPerStatement) {
    await store.insert('audit', entries.slice(at, at + rowsPerStatement).map(rowOf)).execute();
    noteChange();
  }
}

function rowOf(entry: AuditEntry) {
  return {
    at_ms: entry.atMs,
    who: entry.who,
    what: entry.what,
    resource: entry.resource ?? null,
    result: entry.result,
    reasons: JSON.stringify(entry.reasons ?? []),
    cause: entry.cause ?? null,
    detail: JSON.stringify(entry.detail ?? {}),
  };
}
