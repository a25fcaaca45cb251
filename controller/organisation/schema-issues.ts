/**
 * What a value breaks of a schema, as places and sentences a person can act on; for documents and for the bodies of API
 * requests. A union reports the branch that was meant, found by the value's kind.
 */
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import type { DocumentIssue } from '../../protocol/problem.ts';
import { nearestName } from './nearest-name.ts';

// TypeBox stops at eight errors unless told; a person wants to mend a whole file at once.
Settings.Set({ maxErrors: 500 });

const compiled = new WeakMap<TSchema, Validator>();

type Path = (string | number)[];

/** Everything in `value` that `schema` does not allow, in the order of the schema; empty when it is valid. */
export function schemaIssues(schema: TSchema, value: unknown): DocumentIssue[] {
  const check = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, check);
  if (check.Check(value)) return [];
  return issuesOf(check.Errors(value), schema, value);
}

/** The same from errors that TypeBox already found. */
export function issuesOf(
  errors: readonly TLocalizedValidationError[],
  schema: unknown,
  value: unknown,
): DocumentIssue[] {
  const issues: DocumentIssue[] = [];
  for (const error of meantBranches(errors)) {
    const path = pathOf(error.instancePath, value);
    const at = valueAt(value, path);
    if (error.keyword === 'additionalProperties') continue;
    if (error.keyword === 'required') {
      for (const name of error.params.requiredProperties)
        issues.push({ path, message: `${name} is missing` });
      continue;
    }
    issues.push({ path, message: sentence(error, at, schema, path) });
  }
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const key = JSON.stringify(issue);
    return !seen.has(key) && seen.add(key);
  });
}

/** Drops errors of union branches that the value plainly did not mean: those that fail at the union's own place. */
function meantBranches(errors: readonly TLocalizedValidationError[]): TLocalizedValidationError[] {
  const unmeant = new Set<string>();
  for (const { keyword, schemaPath, instancePath } of errors) {
    const branch = /^(.*\/anyOf\/\d+)$/.exec(schemaPath)?.[1];
    if (branch !== undefined && (keyword === 'type' || keyword === 'const')) {
      unmeant.add(`${branch} ${instancePath}`);
    }
  }
  const kept = errors.filter(({ schemaPath, instancePath }) => {
    for (const entry of unmeant) {
      const [branch = '', place = ''] = entry.split(' ');
      if (schemaPath.startsWith(branch) && instancePath.startsWith(place)) return false;
    }
    return true;
  });
  // A union is reported as such only when no branch was meant.
  return kept.filter(
    (error) =>
      error.keyword !== 'anyOf' ||
      !kept.some((other) => other !== error && other.schemaPath.startsWith(`${error.schemaPath}/anyOf/`)),
  );
}

function sentence(error: TLocalizedValidationError, at: unknown, schema: unknown, path: Path): string {
  switch (error.keyword) {
    case 'boolean':
      return `unknown key "${String(path.at(-1))}"${closest(String(path.at(-1)), knownKeys(schema, error.schemaPath))}`;
    case 'type':
      return `must be ${kindWords[String(error.params.type)] ?? String(error.params.type)}`;
    case 'pattern':
      return patternSentence(String(error.params.pattern), at);
    case 'format':
      return `${quoted(at)} is no instant; write it like 2027-12-31T00:00:00Z`;
    case 'minItems':
    case 'minProperties':
      return 'must not be empty; leave the key out instead';
    case 'anyOf':
    case 'const':
      if (error.keyword === 'const' && error.params.allowedValue === true)
        return `${quoted(at)} is not possible here; write true, or leave the key out`;
      return `${quoted(at)} is not possible here${choices(schema, error.schemaPath)}`;
    default:
      return error.message;
  }
}

const kindWords: Record<string, string> = {
  array: 'a list',
  object: 'a mapping of keys',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function patternSentence(pattern: string, at: unknown): string {
  if (pattern.includes('[smhd]')) return `${quoted(at)} is no duration; write 90s, 15m, 12h or 7d`;
  if (pattern.includes('[a-z0-9._-]')) {
    return `${quoted(at)} is no name here; use up to 63 lower-case letters, digits, ".", "_" and "-"`;
  }
  if (pattern.includes('https?')) return `${quoted(at)} is no web address; it begins with https://`;
  if (pattern.includes(':[0-5]')) return `${quoted(at)} are no hours; write them like "09:00-18:00"`;
  if (pattern.startsWith('^[0-9]{4}-'))
    return `${quoted(at)} is no instant; write it like 2026-11-20T10:00+01:00`;
  if (pattern === '^[A-Z]{2}$') return `${quoted(at)} is no country; write two capital letters such as DE`;
  // What breaks this may still be a secret, so it is not shown.
  if (pattern.startsWith('^[!-~]{16,')) return 'a secret has 16 to 1024 characters that print, and no blanks';
  if (pattern.startsWith('^[!-~]')) return 'a token has up to 1024 characters that print, and no blanks';
  if (pattern.startsWith('^/'))
    return `${quoted(at)} is no whole path; it begins with / and is at most 256 characters long`;
  if (pattern.startsWith('^[A-Za-z]:'))
    return `${quoted(at)} is no whole path; write it like C:\\Program Files\\Acme`;
  if (pattern.startsWith('^[A-Za-z0-9._+-]['))
    return `${quoted(at)} is no name of a program; write it without its folder`;
  if (pattern.startsWith('^[0-9]+')) return `${quoted(at)} is no version; write it like "6.1"`;
  return `${quoted(at)} does not have the form ${pattern}`;
}

/** The literals of the union at `schemaPath`, as words. */
function choices(schema: unknown, schemaPath: string): string {
  const at = schemaAt(schema, schemaPath.replace(/\/anyOf\/\d+$/, ''));
  const literals = (at?.anyOf ?? []).flatMap((branch) =>
    typeof branch.const === 'string' ? [branch.const] : [],
  );
  return literals.length > 0 ? `; write ${literals.join(' or ')}` : '';
}

function knownKeys(schema: unknown, schemaPath: string): string[] {
  return Object.keys(schemaAt(schema, schemaPath.replace(/\/additionalProperties$/, ''))?.properties ?? {});
}

interface SchemaNode {
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly properties?: Record<string, unknown>;
}

function schemaAt(schema: unknown, schemaPath: string): SchemaNode | undefined {
  let at = schema as Record<string, unknown> | undefined;
  for (const part of schemaPath.split('/').slice(1)) at = at?.[part] as Record<string, unknown> | undefined;
  return at;
}

/** ` (did you mean "zones"?)` when a known key is one or two letters away. */
function closest(given: string, known: readonly string[]): string {
  if (known.length === 0) return '; write it in lower-case letters, as the system itself does';
  const near = nearestName(given, known);
  return near === undefined ? `; known here are ${known.join(', ')}` : `; did you mean "${near}"?`;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return `"${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`;
}

/** A JSON pointer as keys and indices. */
function pathOf(pointer: string, value: unknown): Path {
  const path: Path = [];
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(key) : key);
    at = (at as Record<string, unknown> | undefined)?.[key];
  }
  return path;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) at = (at as Record<string | number, unknown> | undefined)?.[key];
  return at;
}
