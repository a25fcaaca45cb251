/**
 * A file of options, YAML or JSON: a section for each program that runs for long, and in it the options by their names in
 * camelCase. Read with places kept, so that whatever is wrong is said as `FILE:LINE:COLUMN message`. Values stay texts here; the
 * options' own parsers judge them.
 */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Option } from 'commander';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type YAMLMap,
} from 'yaml';
import { nearestName } from '../controller/organisation/nearest-name.ts';
import { exits } from '../protocol/errors.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';
import type { Setting } from './settings.ts';

/** The programs whose options may stand in a file. */
export const configuredPrograms = ['controller', 'relay', 'connector', 'up'] as const;

export type ConfiguredProgram = (typeof configuredPrograms)[number];

/** Line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Entry {
  /** One, unless a list stands there. */
  readonly texts: readonly string[];
  readonly place: Place;
}

export interface ConfigFile {
  /** Sections that stand in it, as far as this version knows them. */
  readonly programs: readonly ConfiguredProgram[];
  /**
   * What stands in one section, by the options' names in camelCase; empty where there is no such section. Throws a CommandError
   * with a line for each thing that is wrong.
   */
  section(this: void, program: ConfiguredProgram, settings: readonly Setting[]): ReadonlyMap<string, Entry>;
  /** Whether everybody on this machine may read it. */
  readonly isOpen: boolean;
}

/** Throws a CommandError for a file that cannot be read, is no YAML, or has other sections than programs. */
export function readConfigFile(file: string): ConfigFile {
  const text = readInputFile(file, 'give --config a file that this user may read');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const issues = new Issues(placeAt);
  for (const error of [...document.errors, ...document.warnings]) issues.add(error.pos[0], error.message);
  issues.throwAny();
  const sections = new Map<ConfiguredProgram, YAMLMap | undefined>();
  for (const { name, offset, value } of pairsOf(document, document.contents, issues, 'the file')) {
    const program = configuredPrograms.find((each) => each === name);
    if (program === undefined) issues.addUnknown(offset, name, configuredPrograms);
    else if (isMap(value)) sections.set(program, value);
    else if (isScalar(value) && value.value === null) sections.set(program, undefined);
    else issues.add(offset, `${name} must hold options, such as: ${name}: { metrics: 127.0.0.1:9464 }`);
  }
  issues.throwAny();
  return {
    programs: [...sections.keys()],
    isOpen: process.platform !== 'win32' && (statSync(file).mode & 0o004) !== 0,
    section: (program, settings) => {
      const section = sections.get(program);
      return section === undefined ? new Map() : entriesOf(document, section, program, settings, placeAt);
    },
  };
}

/** What stands in the section. Throws a CommandError with a line for each thing that is wrong. */
function entriesOf(
  document: Document,
  section: YAMLMap,
  program: ConfiguredProgram,
  settings: readonly Setting[],
  placeAt: (offset: number) => Place,
): Map<string, Entry> {
  const issues = new Issues(placeAt);
  const entries = new Map<string, Entry>();
  const options = new Map(
    settings.flatMap(optionsOf).map((option) => [option.attributeName(), option] as const),
  );
  for (const { name, offset, value } of pairsOf(document, section, issues, program)) {
    const option = options.get(name);
    if (option === undefined) {
      issues.addUnknown(offset, name, [...options.keys()]);
      continue;
    }
    const texts = textsOf(document, value);
    const place = placeAt(startOf(value, offset));
    if (texts === undefined)
      issues.add(offset, `${name} must be a text, a number, true or false, or a list of texts`);
    else if (texts.length === 0) issues.add(offset, `${name} has no value; give it one, or leave it out`);
    else entries.set(name, { texts: besideFile(option, texts, place.file), place });
  }
  for (const setting of settings) {
    const [first, second] = optionsOf(setting)
      .map((option) => option.attributeName())
      .filter((name) => entries.has(name));
    const place = entries.get(second ?? '')?.place;
    if (place !== undefined) issues.addAt(place, `${first} stands there already; give one of the two`);
  }
  issues.throwAny();
  return entries;
}

function optionsOf({ ways }: Setting): Option[] {
  return ways.flatMap(({ option }) => (option === undefined ? [] : [option]));
}

/** What is wrong, in the order in which it was found. */
class Issues {
  readonly #lines: string[] = [];
  readonly #placeAt: (offset: number) => Place;

  constructor(placeAt: (offset: number) => Place) {
    this.#placeAt = placeAt;
  }

  add(offset: number, message: string): void {
    this.addAt(this.#placeAt(offset), message);
  }

  addAt({ file, line, column }: Place, message: string): void {
    this.#lines.push(`${file}:${line}:${column} ${message}`);
  }

  addUnknown(offset: number, name: string, known: readonly string[]): void {
    // As on the command line is near enough to be meant.
    const near = nearestName(name.replaceAll(/[-_]/g, ''), known);
    const remedy = near === undefined ? `known here are ${known.join(', ')}` : `did you mean "${near}"?`;
    this.add(offset, `unknown key "${name}"; ${remedy}`);
  }

  throwAny(): void {
    if (this.#lines.length > 0) throw new CommandError(exits.usage, this.#lines.join('\n'));
  }
}

interface Pair {
  readonly name: string;
  /** Of the key. */
  readonly offset: number;
  /** Aliases resolved. */
  readonly value: unknown;
}

function pairsOf(document: Document, node: unknown, issues: Issues, what: string): Pair[] {
  if (!isMap(node)) {
    issues.add(startOf(node, 0), `${what} must be keys and values; begin with a section such as relay:`);
    return [];
  }
  return node.items.map(({ key, value }) => ({
    name: isScalar(key) ? String(key.value) : '',
    offset: startOf(key, 0),
    value: isAlias(value) ? value.resolve(document) : value,
  }));
}

/** Undefined where it is neither a text nor a list of texts; empty where nothing stands. */
function textsOf(document: Document, node: unknown): string[] | undefined {
  if (isAlias(node)) return textsOf(document, node.resolve(document));
  if (isSeq(node)) {
    const texts = node.items.map((item) => (isSeq(item) ? undefined : textsOf(document, item)?.[0]));
    return texts.every((text) => text !== undefined) ? texts : undefined;
  }
  if (!isScalar(node)) return node === null || node === undefined ? [] : undefined;
  const { value, source } = node;
  if (value === null || value === '') return [];
  // A number as it was written: 0755 is no 755 to an option.
  return [typeof value === 'string' ? value : (source ?? JSON.stringify(value))];
}

/** Files and folders are found from where the file lies, as in `postern.yaml`; `-` is standard input. */
function besideFile({ flags }: Option, texts: readonly string[], file: string): readonly string[] {
  if (!/<(?:file|folder)>$/.test(flags)) return texts;
  return texts.map((text) => (text === '-' ? text : resolve(dirname(file), text)));
}

function startOf(node: unknown, otherwise: number): number {
  return isScalar(node) || isMap(node) || isSeq(node) ? (node.range?.[0] ?? otherwise) : otherwise;
}
