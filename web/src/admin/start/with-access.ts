/**
 * The document with something new to protect, and the policy that opens it where that is wanted. The first steps write without
 * a review, so they only ever add: what is there already stays as it is.
 */
import type { ResourceDocument } from '../../../../protocol/organisation-document.ts';
import { withEntry, type ShownDocument } from '../document/shown-document.ts';

/** What is wrong with this name for a new resource; undefined where nothing is. */
export function takenText({ resources = [] }: ShownDocument, name: string): string | undefined {
  return resources.some((each) => each.name === name)
    ? `There is a resource called ${name} already. Choose another name, or change that one under Resources.`
    : undefined;
}

/** Throws an Error that says so where a resource of that name is there already. */
export function withAccess(
  document: ShownDocument,
  entry: ResourceDocument,
  everyone: boolean,
): ShownDocument {
  const taken = takenText(document, entry.name);
  if (taken !== undefined) throw new Error(taken);
  const next = withEntry(document, 'resources', undefined, entry);
  if (!everyone) return next;
  const policy = {
    name: freeName(`everyone-${entry.name}`, document.policies ?? []),
    allow: 'everyone' as const,
    to: { resources: [entry.name] },
  };
  return withEntry(next, 'policies', undefined, policy);
}

const longest = 63;

/** The name, with a number where it is taken. */
function freeName(wanted: string, taken: readonly { readonly name: string }[]): string {
  for (let number = 1; ; number++) {
    const end = number === 1 ? '' : `-${number}`;
    const name = wanted.slice(0, longest - end.length) + end;
    if (!taken.some((each) => each.name === name)) return name;
  }
}
