/**
 * Patches of snapshots (WIRE A4): the controller diffs what a node last got against what it should have, the node
 * applies the result. Collections keyed by id change entry by entry, everything else as a whole.
 */
import type { Snapshot } from './snapshot.ts';

const collections = new Set(['networks', 'relays', 'resources', 'peers', 'passes']);

export type Patch = Record<string, unknown>;

/** Whether every entry of every collection stands under its own id, so that none is there twice. */
export function hasEachOnce(snapshot: Snapshot): boolean {
  return Object.entries(snapshot).every(
    ([field, value]) =>
      !collections.has(field) ||
      Object.entries(entriesOf(value)).every(([id, entry]) => entriesOf(entry)['id'] === id),
  );
}

/** The patch that turns `before` into `after`; undefined when they are equal. */
export function diffSnapshots(before: Snapshot, after: Snapshot): Patch | undefined {
  const set: Patch = {};
  for (const [field, next] of Object.entries(after)) {
    const last = (before as Record<string, unknown>)[field];
    if (!collections.has(field)) {
      if (!isSame(last, next)) set[field] = next;
      continue;
    }
    const changed = diffCollections(entriesOf(last), entriesOf(next));
    if (changed !== undefined) set[field] = changed;
  }
  return Object.keys(set).length > 0 ? set : undefined;
}

/** A new snapshot with the patch applied; the given one is not changed. */
export function applyPatch<S extends Snapshot>(before: S, set: Patch): S {
  const after: Record<string, unknown> = { ...before };
  for (const [field, change] of Object.entries(set)) {
    if (!Object.hasOwn(before, field)) continue;
    after[field] = collections.has(field) ? applyEntries(entriesOf(after[field]), entriesOf(change)) : change;
  }
  return after as unknown as S;
}

/** By the collections before and after, which are the same objects for nodes that are told the same. */
const differences = new WeakMap<object, WeakMap<object, Record<string, unknown> | 'none'>>();

function diffCollections(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> | undefined {
  if (before === after) return undefined;
  const known = differences.get(before) ?? new WeakMap<object, Record<string, unknown> | 'none'>();
  differences.set(before, known);
  const difference = known.get(after) ?? diffEntries(before, after) ?? 'none';
  known.set(after, difference);
  return difference === 'none' ? undefined : difference;
}

function diffEntries(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const changed: Record<string, unknown> = {};
  let count = 0;
  for (const id in after) {
    if (isSame(before[id], after[id])) continue;
    changed[id] = after[id];
    count += 1;
  }
  for (const id in before) {
    if (Object.hasOwn(after, id)) continue;
    changed[id] = null;
    count += 1;
  }
  return count > 0 ? changed : undefined;
}

/** Whether two values are the same JSON, the order of keys aside. Looked at for every entry of every node: no text is made. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let at = 0; at < a.length; at += 1) if (!isSame(a[at], b[at])) return false;
    return true;
  }
  const other = b as Record<string, unknown>;
  let keys = 0;
  for (const key in a) {
    if (!Object.hasOwn(other, key) || !isSame((a as Record<string, unknown>)[key], other[key])) return false;
    keys += 1;
  }
  for (const _ in other) keys -= 1;
  return keys === 0;
}

function applyEntries(
  before: Record<string, unknown>,
  change: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, entry]) => entry !== null));
}

function entriesOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
