/**
 * What a setting was given as beside the command line, by a variable or else by a file of options, and the value that comes of it:
 * by the parser of its option, as from a flag.
 */
import { CommanderError, type Option } from 'commander';
import { exits } from '../protocol/errors.ts';
import type { Entry, Place } from './config-file.ts';
import { CommandError } from './output.ts';
import type { Setting } from './settings.ts';

export interface Given {
  /** Undefined where there is only a variable. */
  readonly option: Option | undefined;
  /** One, unless the option may be repeated. */
  readonly texts: readonly string[];
  readonly origin: Origin;
}

export type Origin = { readonly variable: string } | { readonly place: Place };

/** Undefined where neither gives it. A variable that is empty gives nothing, as compose files leave them. */
export function givenSetting(
  { ways }: Setting,
  env: NodeJS.ProcessEnv,
  section: ReadonlyMap<string, Entry>,
): Given | undefined {
  for (const { variable, option } of ways) {
    const text = env[variable] ?? '';
    if (text === '') continue;
    const texts = option !== undefined && isRepeated(option) ? text.split(',') : [text];
    return { option, texts, origin: { variable } };
  }
  for (const { option } of ways) {
    const entry = option === undefined ? undefined : section.get(option.attributeName());
    if (entry !== undefined) return { option, texts: entry.texts, origin: { place: entry.place } };
  }
  return undefined;
}

/** Whether the option may be given several times, and its parser adds to a list. */
export function isRepeated(option: Option): boolean {
  return Array.isArray(option.defaultValue);
}

/**
 * The value for `option`. Throws a CommandError that names the variable or place, and says no more of the text than the option's
 * parser does.
 */
export function valueOf(option: Option, { texts, origin }: Given): unknown {
  const refused = (message: string): CommandError =>
    new CommandError(
      exits.usage,
      'variable' in origin
        ? `${origin.variable} cannot be used: ${message}`
        : `${placeText(origin.place)} ${option.attributeName()}: ${message}`,
    );
  if (!option.required && !option.optional) {
    const word = words.get(texts.join(',').trim().toLowerCase());
    if (word === undefined) throw refused('give true or false.');
    return word;
  }
  const { parseArg } = option;
  const parse = (text: string, before: unknown): unknown => {
    try {
      return parseArg === undefined ? text : parseArg(text, before);
    } catch (error) {
      if (error instanceof CommanderError || error instanceof CommandError) throw refused(error.message);
      throw error;
    }
  };
  const initial: unknown = option.defaultValue;
  if (!isRepeated(option)) return parse(texts.join(','), initial);
  return texts.reduce((list, text) => parse(text.trim(), list), initial);
}

/** `FILE:LINE:COLUMN`, as editors find it. */
export function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

const words: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);
