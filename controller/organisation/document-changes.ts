/**
 * What differs between two documents, entry by entry, for the answers of apply and plan, for the audit log and for the
 * history. Entries are told apart by their name; the order of keys says nothing.
 */
import { entryKinds } from '../../protocol/entry-kinds.ts';
import type { ApplyResult, DocumentChange } from '../../protocol/document-revisions.ts';
import type { StoredDocument } from './organisation-state.ts';

/** What one entry of each key is called, or the key itself where it is no list. A key that is missing does not compile. */
const kinds = entryKinds satisfies Readonly<Record<Exclude<keyof StoredDocument, 'organisation'>, string>>;
/** What `kind` of a change can be. */
export type EntryKind = (typeof kinds)[keyof typeof kinds];
type Key = keyof typeof kinds;

/** @param secrets names of entries whose secret differs, which no document shows */
export function documentChanges(
  before: StoredDocument,
  after: StoredDocument,
  secrets: Readonly<Partial<Record<Key, ReadonlySet<string>>>> = {},
): DocumentChange[] {
  const changes: DocumentChange[] = [];
  for (const [key, kind] of Object.entries(kinds) as [Key, string][]) {
    const old = entriesOf(before, key);
    const now = entriesOf(after, key);
    for (const [name, value] of now) {
      const last = old.get(name);
      const hasNewSecret = secrets[key]?.has(name) === true;
      if (last === undefined) changes.push({ action: 'created', kind, name, after: value });
      else if (hasNewSecret || canonicalJson(last) !== canonicalJson(value))
        changes.push({ action: 'changed', kind, name, before: last, after: value });
    }
    for (const [name, value] of old)
      if (!now.has(name)) changes.push({ action: 'removed', kind, name, before: value });
  }
  return changes;
}

/** A change without its values. */
export function withoutValues({ action, kind, name }: DocumentChange): ApplyResult['changes'][number] {
  return { action, kind, name };
}

/** JSON with the keys of every object in one order: equal for values that say the same. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** The entries of a key by name; what is no list is one entry. */
function entriesOf(document: StoredDocument, key: Key): Map<string, unknown> {
  const value: unknown = document[key];
  if (value === undefined) return new Map();
  if (!Array.isArray(value)) return new Map([[key, value]]);
  return new Map((value as unknown[]).map((entry) => [nameOf(entry), entry]));
}

function nameOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  const { name, ...rest } = entry as Record<string, unknown>;
  return typeof name === 'string' ? name : testName(rest);
}

/** Tests have no name: they are what they say. */
function testName(test: Record<string, unknown>): string {
  return Object.entries(test)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${[value].flat().join(', ')}`)
    .join('; ');
}
