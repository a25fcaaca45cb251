/**
 * Patches of snapshots (WIRE A4): the controller diffs what a node last got against what it should have, the node
 * applies the result. Collections keyed by id change entry by entry, everything else as a whole.
 */
import type { Snapshot } from './control.ts';

const collections = new Set(['networks', 'relays', 'resources', 'peers']);

export type Patch = Record<string, unknown>;

/** The patch that turns `before` into `after`; undefined when they are equal. */
export function diffSnapshots(before: Snapshot, after: Snapshot): Patch | undefined {
  const set: Patch = {};
  for (const [field, next] of Object.entries(after)) {
    const last = (before as Record<string, unknown>)[field];
    if (JSON.stringify(last) === JSON.stringify(next)) continue;
    set[field] = collections.has(field) ? diffEntries(entriesOf(last), entriesOf(next)) : next;
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

function diffEntries(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> {
  const changed = Object.entries(after).filter(
    ([id, entry]) => JSON.stringify(before[id]) !== JSON.stringify(entry),
  );
  const gone = Object.keys(before).filter((id) => !Object.hasOwn(after, id));
  return Object.fromEntries([...changed, ...gone.map((id) => [id, null] as const)]);
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
