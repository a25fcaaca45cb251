/**
 * A patch of a snapshot as the JSON that is sent. What it changes in a collection is the same object for all devices that
 * knew the same and now know the same (`diffSnapshots`), so that a change for thousands is made text once.
 */
import type { FromControllerOf } from '../../protocol/control.ts';
import { isCollection } from '../../protocol/snapshot-patch.ts';

/** By what is set in a collection, for as long as a node's picture still has it. Nobody changes either. */
const written = new WeakMap<object, Buffer>();

/** The JSON in parts, in their order; those that are shared belong to nobody. */
export function writtenPatch({ set, ...head }: FromControllerOf<'patch'>): Buffer[] {
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"set":{`)];
  let comma = '';
  for (const [field, value] of Object.entries(set)) {
    if (value === undefined) continue;
    parts.push(Buffer.from(`${comma}${JSON.stringify(field)}:`), jsonOf(field, value));
    comma = ',';
  }
  parts.push(Buffer.from('}}'));
  return parts;
}

function jsonOf(field: string, value: unknown): Buffer {
  // What a node alone is told would stay in memory for as long as its picture does.
  if (!isCollection(field) || typeof value !== 'object' || value === null)
    return Buffer.from(JSON.stringify(value));
  const json = written.get(value) ?? Buffer.from(JSON.stringify(value));
  written.set(value, json);
  return json;
}
