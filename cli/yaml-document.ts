/**
 * `postern.yaml` as a file: parsed with places kept, secrets and authorities resolved where it lies, and what is wrong
 * said as `FILE:LINE:COL message`.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { DocumentIssue } from '../protocol/problem.ts';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

type Path = DocumentIssue['path'];

/** Stands for a secret where none is needed; has the form of any. */
const unneededSecret = 'a-secret-that-is-not-needed-here';

export interface YamlDocument {
  /** The file as JSON, secrets resolved; unchecked. */
  readonly value: unknown;
  /** One line of text for each issue of the document, in the order of the file. */
  places(this: void, issues: readonly DocumentIssue[]): string[];
}

/** What is wrong with the file, one line each; printed instead of a sentence. */
export class YamlIssues extends CommandError {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(exits.usage, lines.join('\n'));
    this.name = 'YamlIssues';
    this.lines = lines;
  }
}

/**
 * Reads and resolves the file. Throws `YamlIssues`, or a sentence when it cannot be read.
 *
 * @param env undefined where secrets are not needed: what names one stands for a text then
 */
export function readYamlDocument(file: string, env: NodeJS.ProcessEnv | undefined): YamlDocument {
  const text = readFile(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const name = basename(file);
  const at = (offset: number, message: string): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col} ${message}`;
  };
  const syntax = [...document.errors, ...document.warnings].map((error) => at(error.pos[0], error.message));
  if (syntax.length > 0) throw new YamlIssues(syntax);
  if (document.contents === null)
    throw new YamlIssues([at(0, 'the file is empty; see docs/postern-yaml.md')]);
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  const places = (found: readonly DocumentIssue[]): string[] =>
    found
      .map(({ path, message }) => ({ offset: offsetOf(document, path, message), message }))
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, message }) => at(offset, message));
  const folder = dirname(resolve(file));
  const issues = [
    ...resolveProviders(value, folder, env),
    ...resolveSources(value, folder, env),
    ...resolveWebhooks(value, folder, env),
    ...resolveOrigins(value, folder),
  ];
  if (issues.length > 0) throw new YamlIssues(places(issues));
  return { value, places };
}

function readFile(file: string): string {
  try {
    return file === '-' ? readFileSync(0, 'utf8') : readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(exits.usage, `${file} cannot be read (${codeOf(error)}); give -f FILE`);
  }
}

/** Puts secrets and authorities in the place of what names them; returns what cannot be resolved. */
function resolveProviders(
  value: unknown,
  folder: string,
  env: NodeJS.ProcessEnv | undefined,
): DocumentIssue[] {
  const providers = (value as { identityProviders?: unknown } | null)?.identityProviders;
  const issues: DocumentIssue[] = [];
  for (const [index, provider] of (Array.isArray(providers) ? providers : []).entries()) {
    if (typeof provider !== 'object' || provider === null) continue;
    const entry = provider as Record<string, unknown>;
    const path: Path = ['identityProviders', index];
    const secret = resolveSecret(entry['clientSecret'], folder, env);
    if (secret.issue !== undefined) issues.push({ path: [...path, 'clientSecret'], message: secret.issue });
    else if (secret.text !== undefined) entry['clientSecret'] = secret.text;
    if (typeof entry['ca'] !== 'string' || isInline(entry['ca'])) continue;
    const authority = readBeside(folder, entry['ca'], false);
    if (authority.issue !== undefined) issues.push({ path: [...path, 'ca'], message: authority.issue });
    else entry['ca'] = authority.text;
  }
  return issues;
}

/** The same for the sources of verdicts: the secret of a webhook, the token and the authority of one that is asked. */
function resolveSources(value: unknown, folder: string, env: NodeJS.ProcessEnv | undefined): DocumentIssue[] {
  const sources = (value as { postureSources?: unknown } | null)?.postureSources;
  const issues: DocumentIssue[] = [];
  for (const [index, source] of (Array.isArray(sources) ? sources : []).entries()) {
    for (const [way, key] of [
      ['webhook', 'secret'],
      ['poll', 'token'],
      ['poll', 'ca'],
    ] as const) {
      const entry = (source as Record<string, unknown> | null)?.[way] as Record<string, unknown> | null;
      const given = typeof entry === 'object' ? entry?.[key] : undefined;
      if (key === 'ca' && typeof given === 'string' && isInline(given)) continue;
      const { issue, text } =
        key === 'ca' && typeof given === 'string'
          ? readBeside(folder, given, false)
          : resolveSecret(given, folder, env);
      if (issue !== undefined) issues.push({ path: ['postureSources', index, way, key], message: issue });
      else if (text !== undefined && entry !== null) entry[key] = text;
    }
  }
  return issues;
}

/** The same for webhooks: what their requests are signed with, and their authority. */
function resolveWebhooks(
  value: unknown,
  folder: string,
  env: NodeJS.ProcessEnv | undefined,
): DocumentIssue[] {
  const webhooks = (value as { webhooks?: unknown } | null)?.webhooks;
  const issues: DocumentIssue[] = [];
  for (const [index, webhook] of (Array.isArray(webhooks) ? webhooks : []).entries()) {
    if (typeof webhook !== 'object' || webhook === null) continue;
    const entry = webhook as Record<string, unknown>;
    const secret = resolveSecret(entry['secret'], folder, env);
    if (secret.issue !== undefined)
      issues.push({ path: ['webhooks', index, 'secret'], message: secret.issue });
    else if (secret.text !== undefined) entry['secret'] = secret.text;
    if (typeof entry['ca'] !== 'string' || isInline(entry['ca'])) continue;
    const authority = readBeside(folder, entry['ca'], false);
    if (authority.issue !== undefined)
      issues.push({ path: ['webhooks', index, 'ca'], message: authority.issue });
    else entry['ca'] = authority.text;
  }
  return issues;
}

/** Puts the authorities of origins in the place of the files that hold them. */
function resolveOrigins(value: unknown, folder: string): DocumentIssue[] {
  const resources = (value as { resources?: unknown } | null)?.resources;
  const issues: DocumentIssue[] = [];
  for (const [index, resource] of (Array.isArray(resources) ? resources : []).entries()) {
    const web = (resource as Record<string, unknown> | null)?.['web'] as Record<string, unknown> | null;
    const given = typeof web === 'object' ? web?.['originCa'] : undefined;
    if (typeof given !== 'string' || isInline(given) || web === null) continue;
    const { issue, text } = readBeside(folder, given, false);
    if (issue !== undefined) issues.push({ path: ['resources', index, 'web', 'originCa'], message: issue });
    else web['originCa'] = text;
  }
  return issues;
}

/** A certificate that stands in the file itself. */
function isInline(ca: string): boolean {
  return ca.trimStart().startsWith('-----BEGIN ');
}

interface Resolved {
  readonly text?: string;
  readonly issue?: string;
}

function resolveSecret(value: unknown, folder: string, env: NodeJS.ProcessEnv | undefined): Resolved {
  if (typeof value !== 'object' || value === null) return {};
  const source = value as { env?: unknown; file?: unknown };
  const keys = Object.keys(source);
  const isNamed = keys.length === 1 && (typeof source.env === 'string' || typeof source.file === 'string');
  if (isNamed && env === undefined) return { text: unneededSecret };
  if (isNamed && typeof source.env === 'string') {
    const text = env?.[source.env];
    return text === undefined || text === ''
      ? { issue: `the variable ${source.env} is not set; set it where apply runs` }
      : { text };
  }
  if (isNamed && typeof source.file === 'string') return readBeside(folder, source.file, true);
  return { issue: 'write a text, { env: NAME } or { file: PATH }' };
}

/** Paths are relative to the file that names them. */
function readBeside(folder: string, path: string, isTrimmed: boolean): Resolved {
  try {
    const text = readFileSync(resolve(folder, path), 'utf8');
    return { text: isTrimmed ? text.trim() : text };
  } catch (error) {
    return { issue: `${path} cannot be read (${codeOf(error)}); give a file that this user may read` };
  }
}

/** Where an issue stands: its value, the key where the key itself is wrong, or the nearest thing around it. */
function offsetOf(document: Document, path: Path, message: string): number {
  const parent = document.getIn(path.slice(0, -1), true);
  if (message.startsWith('unknown key') && isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    if (isNode(pair?.key)) return startOf(pair.key);
  }
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return startOf(node);
  }
  return isNode(document.contents) ? startOf(document.contents) : 0;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
