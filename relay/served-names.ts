/**
 * Who serves which public hostname, by the patterns of their tickets: a stranger's hello costs a look-up for each label of the
 * name it says, however many nodes are attached. Kept beside the nodes by whoever attaches them.
 */
import type { Name } from '../protocol/names.ts';

export class ServedNames<T> {
  readonly #byPattern = new Map<string, Set<T>>();
  readonly #patternsOf = new Map<T, readonly string[]>();

  /** From now on `node` serves these and nothing else: exact names, and `*.` with a suffix. */
  set(node: T, patterns: readonly string[]): void {
    this.delete(node);
    if (patterns.length === 0) return;
    this.#patternsOf.set(node, patterns);
    for (const pattern of patterns) {
      const nodes = this.#byPattern.get(pattern) ?? new Set();
      this.#byPattern.set(pattern, nodes.add(node));
    }
  }

  /** Nothing happens where it serves none. */
  delete(node: T): void {
    for (const pattern of this.#patternsOf.get(node) ?? []) {
      const nodes = this.#byPattern.get(pattern);
      nodes?.delete(node);
      if (nodes?.size === 0) this.#byPattern.delete(pattern);
    }
    this.#patternsOf.delete(node);
  }

  /** Patterns that are kept, which is none where nobody serves anything. */
  get size(): number {
    return this.#byPattern.size;
  }

  /** Those `fit` serve `name` by the most exact pattern that any of them has; in any order. */
  find(name: Name, fit: (node: T) => boolean): T[] {
    for (let pattern: string | undefined = name; pattern !== undefined; pattern = wider(pattern)) {
      const nodes = this.#byPattern.get(pattern);
      const found = nodes === undefined ? [] : [...nodes].filter(fit);
      if (found.length > 0) return found;
    }
    return [];
  }
}

/** The pattern above: `*.b.c` of `a.b.c`, then `*.c`; undefined where there is none. */
function wider(pattern: string): string | undefined {
  const dot = pattern.indexOf('.', pattern.startsWith('*.') ? 2 : 0);
  return dot < 0 ? undefined : `*${pattern.slice(dot)}`;
}
