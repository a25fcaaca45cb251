/**
 * Reads what a source file imports, types included, without running or resolving it. Used by the layer test; it is no
 * parser: it reads the forms this repository's formatter leaves (static imports start a line), and comments are read as
 * code, so that it errs by reporting.
 */
import { posix } from 'node:path';

/** One import: another file of the repository by its path from the root, or a package or `node:` module by name. */
export type Import =
  | { kind: 'file'; path: string; typeOnly: boolean }
  | { kind: 'package'; name: string; typeOnly: boolean }
  | { kind: 'node'; name: string; typeOnly: boolean }
  /** An `import()` or `require()` whose target is not written down. */
  | { kind: 'computed' };

const statement = /^(import|export)\b(\s+type\b)?[^'"`;]*?\bfrom\s*['"]([^'"\n]+)['"]/gm;
const bare = /^import\s*['"]([^'"\n]+)['"]/gm;
const call = /(\btypeof\s+)?\b(?:import|require)\s*\(\s*(?:['"]([^'"\n]+)['"]|[^'"\s)])/g;

/** The imports of `source`, the text of the file at `path` (from the root, with slashes). */
export function importsOf(path: string, source: string): Import[] {
  const found: Import[] = [];
  for (const match of source.matchAll(statement))
    found.push(asImport(path, match[3] ?? '', match[2] !== undefined));
  for (const match of source.matchAll(bare)) found.push(asImport(path, match[1] ?? '', false));
  for (const match of source.matchAll(call))
    found.push(
      match[2] === undefined ? { kind: 'computed' } : asImport(path, match[2], match[1] !== undefined),
    );
  return found;
}

function asImport(from: string, target: string, typeOnly: boolean): Import {
  if (target.startsWith('node:')) return { kind: 'node', name: target, typeOnly };
  if (target.startsWith('.'))
    return { kind: 'file', path: posix.normalize(posix.join(posix.dirname(from), target)), typeOnly };
  const parts = target.split('/');
  return { kind: 'package', name: parts.slice(0, target.startsWith('@') ? 2 : 1).join('/'), typeOnly };
}
